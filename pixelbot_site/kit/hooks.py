"""Hooks: calls to packages on the floors above, which a module must not import.

A hook is declared in the module that calls it; modules of the same floor or of a floor above register listeners. Their
app's `ready` must import them, or the listeners are missing; `tests/house/test_hooks.py` checks that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar

from django.core.exceptions import ImproperlyConfigured

from pixelbot_site.kit.registry import Registry

P = ParamSpec("P")
T = TypeVar("T")

hooks: Registry[Hook[..., Any]] = Registry("hook")


class Hook(Generic[P, T]):
    """A named list of listeners with one signature: `Hook[[Viewer], None]("viewer_forgotten", __name__, "…")`.

    `caller` is the dotted name of the module that declares and calls it. Raises ImproperlyConfigured for a
    name that another hook has.
    """

    def __init__(self, name: str, caller: str, description: str) -> None:
        self.name = name
        self.caller = caller
        self.description = description
        self._listeners: list[Callable[P, T]] = []
        hooks.add(name, self, caller)

    def __repr__(self) -> str:
        return f"<Hook {self.name}>"

    @property
    def listeners(self) -> tuple[Callable[P, T], ...]:
        """Return the registered functions, in the order in which they are called."""
        return tuple(self._listeners)

    def register(self, listener: Callable[P, T]) -> Callable[P, T]:
        """Add a listener and return it, as a decorator. Raise ImproperlyConfigured where it is registered already."""
        if listener in self._listeners:
            raise ImproperlyConfigured(f"{listener!r} is registered twice for the hook “{self.name}”.")
        self._listeners.append(listener)
        return listener

    def call(self, *args: P.args, **kwargs: P.kwargs) -> list[T]:
        """Call each listener in order of registration, and return their results. An exception of one is not caught."""
        return [listener(*args, **kwargs) for listener in self._listeners]

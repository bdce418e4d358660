"""Registries of named things, filled by importing every module of a folder."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Generic, TypeVar

from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")


class Registry(Generic[T]):
    """Things of one kind by name. `kind` is the noun that its error messages use."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._things: dict[str, T] = {}
        self._places: dict[str, str] = {}

    def add(self, name: str, thing: T, place: str) -> None:
        """Register `thing`; `place` is the dotted name of the module that claims `name`.

        Raises ImproperlyConfigured, naming both modules, when `name` is already taken.
        """
        if name in self._things:
            raise ImproperlyConfigured(
                f"The {self.kind} “{name}” is claimed twice: by {self._places[name]} and by {place}. "
                "Rename one of them."
            )
        self._things[name] = thing
        self._places[name] = place

    def get(self, name: str) -> T | None:
        """Return the thing with that name, or None."""
        return self._things.get(name)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._things))

    def items(self) -> list[tuple[str, T]]:
        """Return every name with its thing, ordered by name."""
        return [(name, self._things[name]) for name in self]

    def values(self) -> list[T]:
        """Return each thing once, ordered by its first name."""
        return list(dict.fromkeys(self._things[name] for name in self))


def scan(package: ModuleType) -> None:
    """Import every module of `package`, ordered by name, so that their decorators register what they decorate."""
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        importlib.import_module(f"{package.__name__}.{module.name}")

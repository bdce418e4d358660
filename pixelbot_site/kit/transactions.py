"""What is done once a transaction has committed."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, transaction

P = ParamSpec("P")
T = TypeVar("T")

TRIES = 3


def again_after_deadlock(step: Callable[P, T]) -> Callable[P, T]:
    """Do `step`, which is a transaction of its own, once more when the database broke it off: of two that wait for each
    other, a server ends one. Inside of a greater transaction it is that one's affair.
    """

    @wraps(step)
    def tried(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(TRIES - 1):
            try:
                return step(*args, **kwargs)
            except OperationalError:
                if transaction.get_connection().in_atomic_block:
                    raise
        return step(*args, **kwargs)

    return tried


def after_commit(step: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
    """Call `step` after the commit, at once without a transaction. What it raises is logged and harms nobody.

    Django's own `robust` does that for functions only: of a `functools.partial` that raises it asks for a name that
    there is not, and raises itself.
    """

    def call() -> None:
        step(*args, **kwargs)

    transaction.on_commit(call, robust=True)

"""What is done once a transaction has committed."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec

from django.db import transaction

P = ParamSpec("P")


def after_commit(step: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
    """Call `step` after the commit, at once without a transaction. What it raises is logged and harms nobody.

    Django's own `robust` does that for functions only: of a `functools.partial` that raises it asks for a name that
    there is not, and raises itself.
    """

    def call() -> None:
        step(*args, **kwargs)

    transaction.on_commit(call, robust=True)

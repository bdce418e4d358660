"""Taking turns with other transactions, retrying one after a deadlock, and calls after its commit."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection, transaction

from pixelbot_site.kit import origin

P = ParamSpec("P")
T = TypeVar("T")

MAX_TRIES = 3
# The number of the lock that `take_turn` takes: no other program may use it in the same database.
TURN = 0x70697865


def take_turn() -> None:
    """Wait until no other transaction has the turn, and keep it until the end of this one.

    For those that lock rows of several people one after another, in an order that nobody can know before. Take it
    before any other lock. SQLite gives turns to all that write.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TURN])


def again_after_deadlock(step: Callable[P, T]) -> Callable[P, T]:
    """Retry `step`, which runs one whole transaction, when the database broke it off; call it at most MAX_TRIES times.

    Inside an outer transaction the error is raised at once: the outer one is lost, too, and must be retried itself.
    """

    @wraps(step)
    def retried(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(MAX_TRIES - 1):
            try:
                return step(*args, **kwargs)
            # PostgreSQL ends one of two transactions that wait for each other. SQLite has one writer, so no deadlocks.
            except OperationalError:
                if transaction.get_connection().in_atomic_block:
                    raise
        return step(*args, **kwargs)

    return retried


@contextmanager
def contained(log: logging.Logger, doing: str, *args: object) -> Iterator[None]:
    """Run the block in a savepoint. What it raises is logged as "… failed" and undone with what the block did.

    For parts of a transaction that must not break the rest. Errors of the database's connection are raised: the whole
    transaction is lost then.
    """
    try:
        with transaction.atomic():
            yield
    except (OperationalError, InterfaceError):
        raise
    except Exception:  # by contract: whatever the part does wrong, the transaction goes on
        log.exception(f"{doing} failed", *args)


def after_commit(step: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
    """Call `step` after the commit, or at once without a transaction. An exception is logged and not raised."""

    # A function of our own: for a `functools.partial` that raises, Django's log line asks for its `__qualname__`,
    # which a partial has not, and so raises itself.
    event = origin.current()  # by then, the batch may be at work for another one

    def call() -> None:
        with origin.of(event):
            step(*args, **kwargs)

    transaction.on_commit(call, robust=True)

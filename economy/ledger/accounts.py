"""What every writer of points and XP needs: bounds of amounts, rows, and locks on viewers' accounts.

The row of a viewer's points stands for all that they own: whoever changes points, XP or items holds it first. Against
deadlocks, PostgreSQL's locks are taken in one order: the turn (`take_turn`) of those who change several viewers one
after another, then rows of the queue, then accounts of viewers who are not merged, by id, then those of merged ones,
then XP. SQLite has one writer at a time, who needs no locks.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection, transaction

from economy.models import Points, Viewer
from economy.models.heirs import heirs_of
from pixelbot_site.kit import bulk
from pixelbot_site.kit.transactions import take_turn

# The most that a viewer can have, so that sums over millions of viewers fit 64 bits.
MAX_BALANCE = 10**12
# The most that can be taken at once: a balance from before MAX_BALANCE may be above it, and can always be lowered.
MAX_TAKEN = 2**62
# The greatest integer of a BigIntegerField.
MAX_INTEGER = 2**63 - 1


def require_amount(amount: object, *, least: int = 1, most: int = MAX_BALANCE) -> None:
    """Raise ValueError, with the number, for what is no whole number from `least` to `most`."""
    if isinstance(amount, bool) or not isinstance(amount, int) or not least <= amount <= most:
        raise ValueError(f"an amount must be a whole number from {least} to {most}, not {amount!r}")


def require_change(delta: object) -> None:
    """Raise ValueError, with the number, for what is no change: zero, True, more than may be given or taken."""
    if isinstance(delta, int) and delta < 0:
        require_amount(-delta, most=MAX_TAKEN)
    else:
        require_amount(delta)


class Row(NamedTuple):
    """A row to write: `delta` for a viewer who has `after` then. `undoes_id` (points) is the row it takes back."""

    viewer_id: int
    delta: int
    after: int
    source: str
    reference: str
    created_at: datetime
    reason: str = ""
    event: str = ""
    by: str = ""
    undoes_id: int | None = None


class Balance(NamedTuple):
    """A viewer's balance before and after a set of rows."""

    viewer_id: int
    before: int
    after: int


def balances(rows: Sequence[Row]) -> list[Balance]:
    """Return the balances of the viewers in `rows`, by ascending id. Each viewer's rows are in their order."""
    before: dict[int, int] = {}
    after: dict[int, int] = {}
    for row in rows:
        if row.viewer_id not in before:
            before[row.viewer_id] = row.after - row.delta
        after[row.viewer_id] = row.after
    return [Balance(pk, before[pk], after[pk]) for pk in sorted(after)]


def change_each(sql: str, values: Sequence[Sequence[int]]) -> None:
    """Execute `sql`, which changes one balance, with each of `values`.

    Raises RuntimeError where it changed fewer: then the caller computed with balances that it did not hold.
    """
    changed = bulk.update_each(sql, values)
    if changed != len(values):
        raise RuntimeError(f"{len(values)} balances should have changed, {changed} did: they were not held")


class _Merged(Exception):
    pass


def lock(*viewer_ids: int) -> None:
    """Lock these accounts, by ascending id, until the end of the transaction."""
    if connection.vendor == "postgresql":
        bulk.rows_with(Points, "viewer_id", viewer_ids, "viewer_id", lock=True)


def hold(*viewers: Viewer) -> dict[int, Viewer]:
    """Lock the accounts of these viewers, or of whom they were merged into; returns whose they are, by the given ids.

    Nobody is merged or split again as long as their account is held. Call it inside a transaction.
    """
    if len(viewers) > 1:
        take_turn()  # somebody who has it may hold one of them already, and want another next
    given = {viewer.pk: viewer for viewer in viewers}
    if connection.vendor != "postgresql":
        return _owners(given)
    expected = set(given)
    while True:
        try:
            with transaction.atomic():  # rolled back, it lets go of the locks
                lock(*expected)
                owners = _owners(given)  # read after the lock: a merge may have been committed while we waited for it
                if {owner.pk for owner in owners.values()} != expected:
                    raise _Merged
                return owners
        except _Merged:
            expected = {owner.pk for owner in _owners(given).values()}


def hold_one(viewer: Viewer) -> Viewer:
    """Do the same for one viewer; returns whose account it is."""
    return hold(viewer)[viewer.pk]


def _owners(given: dict[int, Viewer]) -> dict[int, Viewer]:
    return {pk: given.get(heir.pk, heir) for pk, heir in heirs_of(given).items()}

"""Locks viewers' accounts, and finds whose account it is after merges.

The row of a viewer's points stands for all that they own: whoever changes points, XP or items holds it first. Against
deadlocks, PostgreSQL's locks are taken in one order: the turn (`take_turn`) of those who change several viewers one
after another, then rows of the queue, then accounts of viewers who are not merged, by id, then those of merged ones,
then XP. SQLite has one writer at a time, who needs no locks.
"""

from __future__ import annotations

from django.db import connection, transaction

from economy.models import Points, Viewer
from economy.models.heirs import heirs_of
from pixelbot_site.kit import bulk
from pixelbot_site.kit.transactions import take_turn


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

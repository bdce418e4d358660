"""Makes balances and notes what a file says: viewers and rows in a few statements, in pieces beside other work."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from economy.ledger import accounts, points, xp
from economy.ledger.accounts import Row
from economy.ledger.currencies import POINTS_LEDGER, XP_LEDGER
from economy.models import TransactionKind, Viewer, viewer_key
from economy.viewers import people
from pixelbot_site.kit import pieces
from pixelbot_site.kit.transactions import again_after_deadlock, take_turn

log = logging.getLogger("points")

# Viewers that one transaction writes.
PIECE = 500


@dataclass(frozen=True, slots=True)
class WantedBalances:
    """What a viewer shall have, who is created where nobody has the name. None leaves an amount as it is, and blank
    notes or tags leave those that are there.
    """

    username: str
    points: int | None
    xp: int | None
    notes: str = ""
    tags: str = ""


def write(wanted: Sequence[WantedBalances], *, source: str, reference: str, by: str = "") -> None:
    """Write a ledger row for each difference. No viewer is in `wanted` twice. Waits after each piece.

    Rewards of the levels that come of it count as given: they were, where the numbers come from.
    """
    for start in range(0, len(wanted), PIECE):
        began, piece = time.monotonic(), wanted[start : start + PIECE]
        _write_piece(piece, source=source, reference=reference, by=by)
        log.info("set the balances of %d of %d viewers (%s)", start + len(piece), len(wanted), source)
        if start + PIECE < len(wanted):
            pieces.pause(began)


@again_after_deadlock
def _write_piece(piece: Sequence[WantedBalances], *, source: str, reference: str, by: str) -> None:
    now = timezone.now()

    def rows(amounts: Mapping[int, int | None], held: Mapping[int, int]) -> list[Row]:
        return [
            Row(pk, amount - held[pk], amount, source, f"{reference}:{pk}", now, by=by)
            for pk, amount in amounts.items()
            if amount is not None and amount != held[pk]
        ]

    with transaction.atomic():
        take_turn()  # nobody is merged meanwhile
        viewers = _viewers([row.username for row in piece])
        ids = [viewers[viewer_key(row.username)].pk for row in piece]
        accounts.lock(*ids)
        held = XP_LEDGER.held(ids), POINTS_LEDGER.held(ids)
        experience = rows(dict(zip(ids, (row.xp for row in piece), strict=True)), held[0])
        xp.write_rows(experience, curve=xp.current_curve(), rewarded=True)
        money = rows(dict(zip(ids, (row.points for row in piece), strict=True)), held[1])
        points.write_rows(money, kind=TransactionKind.ADJUST)
        _write_words(piece, viewers)


def _write_words(piece: Sequence[WantedBalances], viewers: Mapping[str, Viewer]) -> None:
    for name in ("notes", "tags"):
        told = {viewers[viewer_key(row.username)]: words for row in piece if (words := getattr(row, name))}
        for viewer, words in told.items():
            setattr(viewer, name, words)
        Viewer.objects.bulk_update(told, [name])


def _viewers(usernames: Sequence[str]) -> dict[str, Viewer]:
    """Return the viewers by the keys of these names; those who are not known are created."""
    known = people.with_keys({viewer_key(username) for username in usernames})
    new = [username for username in usernames if viewer_key(username) not in known]
    return known | people.seen(new, now=timezone.now())

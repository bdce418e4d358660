"""Many spends given back at once, as when what was bought has waited too long."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime

from economy.ledger import points
from economy.ledger.accounts import MAX_BALANCE, Row
from economy.models import Points, Transaction, TransactionKind
from economy.models.heirs import heirs_of
from pixelbot_site.kit import bulk
from pixelbot_site.kit.plural import counted
from pixelbot_site.kit.transactions import after_commit

log = logging.getLogger("points")


def refund_many(spent: Mapping[int, str], *, now: datetime, wait: bool) -> set[int]:
    """Give back what these spends took (their ids, with the reason), in a few statements; return those given back now.

    The others are for `refund`: given back before, of a viewer who was merged, or more than a balance may be. Without
    `wait`, accounts that another transaction holds are left out, too. Call it inside a transaction, with `wait` in one
    that has the turn.
    """
    wanted = ("id", "viewer_id", "kind", "delta", "source", "event")
    spends = bulk.rows_with(Transaction, "id", spent, *wanted)
    ids = {row[1] for row in spends}
    held = dict(bulk.rows_with(Points, "viewer_id", ids, "viewer_id", "balance", lock=True, skip_locked=not wait))
    heirs = heirs_of(held)  # read after the lock: nobody who is held is merged any more
    undone = bulk.among(Transaction, "undoes_id", spent)
    rows = []
    for pk, viewer_id, kind, delta, source, event in spends:
        is_own = viewer_id in held and heirs[viewer_id].pk == viewer_id
        if kind != TransactionKind.SPEND or pk in undone or not is_own or held[viewer_id] - delta > MAX_BALANCE:
            continue
        held[viewer_id] -= delta
        reference = f"{TransactionKind.REFUND}:{pk}"
        rows.append(Row(viewer_id, -delta, held[viewer_id], source, reference, now, spent[pk], event, undoes_id=pk))
    points.write_rows(rows, kind=TransactionKind.REFUND)
    after_commit(_log_refunds, len(rows))
    return {row.undoes_id for row in rows if row.undoes_id is not None}


def _log_refunds(count: int) -> None:
    if count:
        log.info("refunded %s", counted(count, "payment"))

"""A piece of a batch: the few statements that change its viewers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from economy.ledger.accounts import Row
from economy.ledger.currencies import ledger_of
from economy.models import Batch, TransactionKind

SOURCE = "batch"


@dataclass(frozen=True, slots=True)
class Preview:
    """What a batch would do: viewers it is about, the sum of its changes, viewers with too little."""

    viewers: int
    changed: int
    too_little: int


class Extent(NamedTuple):
    """How many viewers a batch is about, and the last id that it reads: a viewer's, or a ledger row's."""

    total: int
    last: int


@dataclass(frozen=True, slots=True)
class Piece:
    """What came of a piece: viewers looked at and changed, what was minted, how many levels went up. `cursor`: the
    last id that was looked at.
    """

    viewers: int
    success: int
    changed: int
    level_ups: int
    cursor: int


class Change(NamedTuple):
    """A change by `delta` for a viewer who has `before`. `undoes_id` is the points row that it takes back."""

    viewer_id: int
    delta: int
    before: int
    undoes_id: int | None = None


def reference(batch_id: int, viewer_id: int | str = "") -> str:
    """Return the reference of a viewer's row; without a viewer, what those of all the batch's rows begin with."""
    return f"{SOURCE}:{batch_id}:{viewer_id}"


def write(batch: Batch, changes: Sequence[Change], *, kind: TransactionKind, now: datetime) -> int:
    """Write `changes` to the batch's ledger; returns how many viewers went up a level.

    Call it inside a transaction that holds these balances.
    """
    rows = [
        Row(
            change.viewer_id,
            change.delta,
            change.before + change.delta,
            SOURCE,
            reference(batch.pk, change.viewer_id),
            now,
            reason=batch.reason,
            by=batch.by,
            undoes_id=change.undoes_id,
        )
        for change in changes
    ]
    return ledger_of(batch.currency).write(rows, kind=kind)

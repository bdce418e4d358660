"""Long work on many rows in pieces, so that nobody waits long for the database's one writer."""

from __future__ import annotations

import time
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

# Seconds between two pieces, for others that wait to write: SQLite's waiting writers look every 0.1 s.
GAP = 0.1
# Rows that one transaction deletes.
PIECE = 1000


def pause(began: float) -> None:
    """Wait after a piece that began at `began` (`time.monotonic()`): GAP, or as long as the piece took.

    On a busy machine a waiting writer misses a short gap, and waits for another piece.
    """
    time.sleep(max(GAP, time.monotonic() - began))


def delete(rows: QuerySet[Any], *, most: int | None = None) -> int:
    """Delete `rows`, `most` of them at most, in transactions of PIECE with pauses between; returns how many.

    Whatever refers to a row and goes with it is not counted.
    """
    deleted, began = 0, 0.0
    while most is None or deleted < most:
        ids = list(rows.values_list("pk", flat=True)[:PIECE])
        if not ids:
            break
        if deleted:
            pause(began)
        began = time.monotonic()
        with transaction.atomic():
            rows.filter(pk__in=ids).delete()  # those that are still among `rows`
        deleted += len(ids)
    return deleted

"""Leaderboards for chat, the API and streams' figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db.models import Exists, F, OuterRef, Sum

from economy.ledger.currencies import Ledger
from economy.viewers import people


class Place(NamedTuple):
    """A place on a leaderboard."""

    viewer_id: int
    username: str
    amount: int


def richest(ledger: Ledger, *, limit: int) -> list[Place]:
    """Return the viewers who have most now, the first first; nobody who has nothing."""
    ranked = people.ranked().annotate(amount=F(ledger.of_viewer)).filter(amount__gt=0)
    # By nothing but the amount: then the index answers, and the database need not sort all viewers.
    best = ranked.order_by("-amount").values_list("pk", "username", "amount")
    return [Place(viewer_id, username, amount) for viewer_id, username, amount in best[:limit]]


def top_earners(
    ledger: Ledger, *, since: datetime, until: datetime, limit: int, only: Sequence[Exists] = ()
) -> list[Place]:
    """Return the viewers who earned most from `since` to `until` (both included), the first first.

    `only`: conditions of the ledger's rows.
    """
    # Not `viewer__in`: SQLite would go through all viewers' rows, and not through those of the time alone.
    is_ranked = Exists(people.ranked().filter(pk=OuterRef("viewer_id")))
    rows = ledger.rows.objects.filter(ledger.minted, is_ranked, *only, created_at__range=(since, until))
    sums = rows.order_by().values("viewer_id", "viewer__username").annotate(earned=Sum("delta"))
    best = sums.order_by("-earned", "viewer__username").values_list("viewer_id", "viewer__username", "earned")
    return [Place(viewer_id, username, earned) for viewer_id, username, earned in best[:limit]]

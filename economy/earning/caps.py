"""Daily caps: how much one source gives one viewer in a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from django.utils import timezone

from economy.ledger.points import Grant
from economy.ledger.xp import XPGrant
from economy.models import DailyTotal
from pixelbot_site.kit import pieces

Capped = TypeVar("Capped", Grant, XPGrant)


def within(grants: Sequence[Capped], currency: str, most: Mapping[str, int], *, now: datetime) -> list[Capped]:
    """`grants`, in their order, cut down to what today's caps (source → amount) leave, and counted.

    A day is the streamer's (TIME_ZONE). Call it in a transaction that holds the viewers' rows.
    """
    day = timezone.localdate(now)

    def key(grant: Capped) -> str:
        return f"{day:%Y%m%d}:{currency}:{grant.source}:{grant.viewer.pk}"

    keys = {key(grant) for grant in grants if grant.source in most}
    if not keys:
        return list(grants)
    before = dict(DailyTotal.objects.filter(pk__in=keys).values_list("pk", "amount"))
    totals = dict(before)
    kept = []
    for grant in grants:
        amount = grant.amount
        if grant.source in most:
            so_far = totals.get(key(grant), 0)
            amount = min(amount, max(most[grant.source] - so_far, 0))
            totals[key(grant)] = so_far + amount
        if amount:
            kept.append(grant if amount == grant.amount else replace(grant, amount=amount))
    DailyTotal.objects.bulk_create(
        [
            DailyTotal(key=key, amount=amount, day=day)
            for key, amount in sorted(totals.items())
            if amount != before.get(key)
        ],
        update_conflicts=True,
        unique_fields=["key"],
        update_fields=["amount"],
    )
    return kept


def sweep(*, now: datetime) -> int:
    """Delete the totals of days that are over; returns how many."""
    return pieces.delete(DailyTotal.objects.filter(day__lt=timezone.localdate(now)))

"""The budget of requests and tokens: counted before anything is asked, so that no number of workers passes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from effects.models import AIUsage
from effects.outside.replies.options import DAY, STREAM, Limit
from effects.overlays import facts
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Failed, Refused
from pixelbot_site.kit.phrases import Said

ENOUGH = {
    DAY: phrases.refusal("reply.enough_today", "the AI has said enough for today"),
    STREAM: phrases.refusal("reply.enough_stream", "the AI has said enough for this stream"),
}

KEPT = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Taken:
    """What was put aside for one request, and in which rows."""

    rows: tuple[int, ...]
    tokens: int


@dataclass(frozen=True, slots=True)
class Used:
    """What was used since a span began, of its limit."""

    span: str
    began: datetime
    requests: int
    tokens: int
    limit: Limit


def used(limits: Mapping[str, Limit]) -> list[Used]:
    """Return what was used of the present day and, unless there was none yet, of the newest stream."""
    found = []
    for span, began in _spans().items():
        row = AIUsage.objects.filter(span=span, began=began).first() or AIUsage()
        found.append(Used(span, began, row.requests, row.tokens, limits[span]))
    return found


def require_left(limits: Mapping[str, Limit], tokens: int) -> None:
    """Raise Refused where a request of so many tokens would pass a limit."""
    for one in used(limits):
        if one.requests >= one.limit.requests or one.tokens + tokens > one.limit.tokens:
            raise Refused(_enough(one.span))


def take(limits: Mapping[str, Limit], tokens: int) -> Taken:
    """Count a request, and put aside the most tokens that it can use. Raise Failed where that would pass a limit."""
    AIUsage.objects.filter(began__lt=timezone.now() - KEPT).delete()
    with transaction.atomic():  # of all spans or of none; always in the same order
        return Taken(tuple(_take(span, began, limits[span], tokens) for span, began in _spans().items()), tokens)


def _take(span: str, began: datetime, limit: Limit, tokens: int) -> int:
    AIUsage.objects.bulk_create([AIUsage(span=span, began=began)], ignore_conflicts=True)
    row = AIUsage.objects.filter(span=span, began=began)
    # One conditional statement: of two who ask at once, one finds what the other has taken.
    free = row.filter(requests__lt=limit.requests, tokens__lte=limit.tokens - tokens)
    if not free.update(requests=F("requests") + 1, tokens=F("tokens") + tokens):
        raise Failed(_enough(span))
    return row.values_list("pk", flat=True).get()


def settle(taken: Taken, tokens: int) -> None:
    """Put what a request did use in the place of what was put aside for it."""
    AIUsage.objects.filter(pk__in=taken.rows).update(tokens=F("tokens") + (tokens - taken.tokens))


def _enough(span: str) -> Said:
    return ENOUGH[span]()


def _spans() -> dict[str, datetime]:
    """Return when the present day began, and the newest stream, which counts until the next one begins."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    stream = facts.stream_began()
    return {DAY: today} if stream is None else {DAY: today, STREAM: stream}

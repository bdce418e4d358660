"""When the channel was live, and what happened meanwhile."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from economy.ledger.currencies import POINTS_LEDGER
from economy.models import Transaction, TransactionKind, Viewer, viewer_key
from economy.viewers import forgetting, leaderboard, merging, presence
from joystick.models import InboundEvent, Install, Stream
from redeems import purchase

log = logging.getLogger("joystick")

SAME_START = timedelta(minutes=2)
"""Two starts so close together are one, told twice."""
TOP = 5


def last_channel() -> str:
    """Return the id of the channel last heard from, "" before the first."""
    installs = Install.objects.filter(last_event_at__isnull=False).order_by("-last_event_at")
    return installs.values_list("channel_id", flat=True).first() or ""


def current(channel_id: str = "") -> Stream | None:
    """The stream that is on, of this channel or of any."""
    streams = Stream.objects.filter(ended_at__isnull=True)
    return (streams.filter(channel_id=channel_id) if channel_id else streams).first()


@purchase.live_since.register
def live_since() -> datetime | None:
    """When the stream that is on began; None while the channel is not live."""
    stream = current()
    return stream.started_at if stream else None


def begin(channel_id: str, at: datetime) -> Stream:
    """The channel went live. A stream that is still open ended unnoticed, and is closed where it was last heard of."""
    open_one = current(channel_id)
    if open_one is not None:
        if at - open_one.started_at < SAME_START:
            return open_one
        _close(open_one, _last_heard(open_one, before=at))
    log.info("the stream began")
    return Stream.objects.create(channel_id=channel_id, started_at=at)


def end(channel_id: str, at: datetime) -> Stream | None:
    """The channel is not live any more. An end from before the open stream's start is an old one, and ignored."""
    open_one = current(channel_id)
    if open_one is None or at < open_one.started_at:
        return None
    _close(open_one, at)
    presence.clear()
    return open_one


def set_live(channel_id: str, *, live: bool, since: datetime | None = None) -> None:
    """Open or close the stream as the platform says it is now, after a time in which we heard nothing."""
    open_one = current(channel_id)
    if live and open_one is None:
        begin(channel_id, since or timezone.now())
    elif live and open_one is not None and since is not None and since - open_one.started_at >= SAME_START:
        begin(channel_id, since)  # that one ended and another began while we were away
    elif not live and open_one is not None:
        end(channel_id, max(_last_heard(open_one, before=timezone.now()), open_one.started_at))


def figures(stream: Stream) -> dict[str, Any]:
    """Events, tokens, new viewers, points minted and spent, and who earned most, between start and end (or now)."""
    span = (stream.started_at, stream.ended_at or timezone.now())
    events = InboundEvent.objects.filter(received_at__range=span)
    rows = Transaction.objects.filter(created_at__range=span)
    top = leaderboard.top_earners(POINTS_LEDGER, since=span[0], until=span[1], limit=TOP)
    return {
        "events": events.count(),
        "tokens": _sum(events, "tokens"),
        "new_viewers": Viewer.objects.filter(first_seen_at__range=span).count(),
        "points_minted": _sum(rows.filter(POINTS_LEDGER.minted), "delta"),
        "points_spent": -_sum(rows.filter(kind__in=[TransactionKind.SPEND, TransactionKind.REFUND]), "delta"),
        "top_viewers": [[place.username, place.amount] for place in top],
    }


@forgetting.viewer_forgotten.register
def forget(viewer: Viewer) -> None:
    """Take what the viewer wrote and did out of the feed, whose rows stay, and their name out of streams' figures."""
    events_of(viewer.key).update(username="", text="", raw="", error="")
    _call(viewer.key, forgetting.called(viewer))


@merging.viewer_renamed.register
def rename(old: str, name: str) -> None:
    """Their events go by the new name, and so do the figures."""
    events_of(old).update(username=name)
    _call(old, name)


def events_of(key: str) -> QuerySet[InboundEvent]:
    """Of whom that key names: SQLite's own comparison in any case knows ASCII only."""
    names = InboundEvent.objects.order_by().values_list("username", flat=True).distinct()
    return InboundEvent.objects.filter(username__in=[name for name in names.iterator() if viewer_key(name) == key])


def _call(old: str, name: str) -> None:
    for stream in Stream.objects.exclude(ended_at=None):
        top = stream.figures.get("top_viewers", [])
        named = [[name if viewer_key(who) == old else who, earned] for who, earned in top]
        if named != top:
            stream.figures["top_viewers"] = named
            stream.save(update_fields=["figures"])


def _sum(rows: Any, field: str) -> int:
    return int(rows.aggregate(total=Coalesce(Sum(field), 0))["total"])


def _close(stream: Stream, at: datetime) -> None:
    stream.ended_at = at
    stream.figures = figures(stream)
    stream.save(update_fields=["ended_at", "figures"])
    log.info("the stream ended: %(events)d events, %(tokens)d tokens, %(new_viewers)d new viewers", stream.figures)


def _last_heard(stream: Stream, *, before: datetime) -> datetime:
    events = InboundEvent.objects.filter(received_at__range=(stream.started_at, before))
    return events.aggregate(last=Max("received_at"))["last"] or stream.started_at

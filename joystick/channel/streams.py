"""Opens and closes streams, and counts what happened during each."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from economy.ledger.currencies import POINTS_LEDGER
from economy.models import Transaction, TransactionKind, Viewer, viewer_key
from economy.viewers import forgetting, leaderboard, merging, people, presence
from joystick.account.own_name import own_key
from joystick.channel import installs
from joystick.models import InboundEvent, Install, Stream
from pixelbot_site.kit import present_channel
from redeems import purchase

log = logging.getLogger("joystick")

# Two starts closer together than this are one: the event came twice, or the REST API gives another second.
SAME_START = timedelta(minutes=2)
# The events by which a viewer is active: coming in and going are not among them.
ACTIVE = (
    "new_message",
    "tipped",
    "wheel_spin_claimed",
    "followed",
    "subscribed",
    "resubscribed",
    "gifted_subscriptions",
    "stream_dropped_in",
)
# Viewers in a stream's figures.
MAX_TOP_VIEWERS = 5


def last_channel() -> str:
    """Return the id of the channel last heard from, "" before the first."""
    installs = Install.objects.filter(last_event_at__isnull=False).order_by("-last_event_at")
    return installs.values_list("channel_id", flat=True).first() or ""


def current(channel_id: str = "") -> Stream | None:
    """Return the stream that is on, of this channel, or of the present one; None while there is none."""
    streams = Stream.objects.filter(ended_at__isnull=True)
    return streams.filter(Q(channel_id=channel_id) if channel_id else present_channel.is_here()).first()


@purchase.live_since.register
def live_since() -> datetime | None:
    """Return when the stream that is on began; None while the channel is not live."""
    stream = current()
    return stream.started_at if stream else None


def keep_title(channel_id: str, title: str) -> None:
    """Keep what Joystick said the title of the stream that is on is."""
    Stream.objects.filter(channel_id=channel_id, ended_at__isnull=True).update(title=title[:200])


def begin(channel_id: str, at: datetime) -> Stream:
    """Open a stream. One that is still open is the same, or ended unnoticed: then it ends with its last event."""
    open_stream = current(channel_id)
    if open_stream is not None:
        if at - open_stream.started_at < SAME_START:
            return open_stream
        _close(open_stream, _last_heard(open_stream, before=at))
    log.info("the stream began")
    return Stream.objects.create(channel_id=channel_id, started_at=at)


def end(channel_id: str, at: datetime) -> Stream | None:
    """Close the open stream and return it; None where none is open.

    An end from before its start belongs to an earlier stream, and is ignored.
    """
    open_stream = current(channel_id)
    if open_stream is None or at < open_stream.started_at:
        return None
    _close(open_stream, at)
    if not Stream.objects.filter(ended_at__isnull=True).exists():  # else who is here may be in another channel
        presence.clear()
    return open_stream


def set_live(channel_id: str, *, live: bool, since: datetime | None = None) -> None:
    """Open or close the stream after a time without events; `live` and `since` are what the platform says now."""
    open_stream = current(channel_id)
    if live and open_stream is None:
        begin(channel_id, since or timezone.now())
    elif live and open_stream is not None and since is not None and since - open_stream.started_at >= SAME_START:
        begin(channel_id, since)  # the open one ended, and another began, while no events came
    elif not live and open_stream is not None:
        end(channel_id, _last_heard(open_stream, before=timezone.now()))


def is_active() -> Q:
    """Return the condition that an event shows an active viewer: no bot, this one included, and not the streamer."""
    return Q(kind__in=ACTIVE) & people.is_audience("viewer_key") & ~Q(viewer_key=own_key())


def figures(stream: Stream, *, is_one_of_several: bool | None = None) -> dict[str, Any]:
    """Count what happened on its channel between the stream's start and its end (or now).

    The keys are events, tokens, active_viewers, new_viewers, points_minted, points_spent (less what was refunded), and
    top_viewers: [username, points earned] of those who earned most. `is_one_of_several`: whether the bot is on other
    channels, too, where the caller knows.
    """
    span = (stream.started_at, stream.ended_at or timezone.now())
    with present_channel.within(stream.channel_id):
        events = InboundEvent.objects.filter(present_channel.is_here(), received_at__range=span)
    rows = Transaction.objects.filter(created_at__range=span)
    seen = Viewer.objects.filter(first_seen_at__range=span)
    only: tuple[Exists, ...] = ()
    if is_one_of_several is None:
        is_one_of_several = bool(installs.others(installs.known(), now=timezone.now()))
    if stream.channel_id and is_one_of_several:
        # What no event of this channel led to is not of this stream.
        only = (Exists(events.filter(uid=OuterRef("event"))),)
        rows = rows.filter(*only)
        seen = seen.filter(Exists(events.filter(viewer_key=OuterRef("key"))))
    of_events = events.aggregate(
        count=Count("id"),
        tokens=Coalesce(Sum("tokens"), 0),
        active=Count("viewer_key", distinct=True, filter=is_active()),
    )
    of_points = rows.aggregate(
        minted=Coalesce(Sum("delta", filter=POINTS_LEDGER.minted), 0),
        spent=Coalesce(Sum("delta", filter=Q(kind__in=[TransactionKind.SPEND, TransactionKind.REFUND])), 0),
    )
    top = leaderboard.top_earners(POINTS_LEDGER, since=span[0], until=span[1], limit=MAX_TOP_VIEWERS, only=only)
    return {
        "events": of_events["count"],
        "tokens": of_events["tokens"],
        "active_viewers": of_events["active"],
        "new_viewers": seen.count(),
        "points_minted": of_points["minted"],
        "points_spent": -of_points["spent"],
        "top_viewers": [[place.username, place.amount] for place in top],
    }


@forgetting.viewer_forgotten.register
def forget(viewer: Viewer) -> None:
    """Replace the viewer's name in streams' figures."""
    _rename_in_figures(viewer.key, forgetting.called(viewer))


@merging.viewer_renamed.register
def rename(viewer: Viewer, old_key: str) -> None:
    """Put the viewer's new name into streams' figures."""
    _rename_in_figures(old_key, viewer.username)


def _rename_in_figures(old: str, name: str) -> None:
    for stream in Stream.objects.exclude(ended_at=None):
        top = stream.figures.get("top_viewers", [])
        renamed = [[name if viewer_key(username) == old else username, earned] for username, earned in top]
        if renamed != top:
            stream.figures["top_viewers"] = renamed
            stream.save(update_fields=["figures"])


def _close(stream: Stream, at: datetime) -> None:
    stream.ended_at = at
    stream.figures = figures(stream)
    stream.save(update_fields=["ended_at", "figures"])
    log.info("the stream ended: %(events)d events, %(tokens)d tokens, %(new_viewers)d new viewers", stream.figures)


def _last_heard(stream: Stream, *, before: datetime) -> datetime:
    """Return when the stream's last event came; its start where none came."""
    with present_channel.within(stream.channel_id):
        events = InboundEvent.objects.filter(present_channel.is_here(), received_at__range=(stream.started_at, before))
    return events.aggregate(last=Max("received_at"))["last"] or stream.started_at

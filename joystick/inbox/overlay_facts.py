"""What the overlays' widgets are told of the stored events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import compress
from typing import Any

from django.db.models import Count, Max, Sum

from economy.viewers import people
from effects.overlays import facts
from effects.overlays.facts import Fact, Tipper
from joystick.models import FilterAction, InboundEvent, InboundState, ModeratedLine, Stream
from joystick.protocol.events import ChatMessage, Event
from joystick.protocol.frames import ReceivedFrame, read_frame
from pixelbot_site.kit import present_channel

# What an event of the overlays has besides, where its kind has it.
AMOUNTS = ("tokens", "count", "viewers", "number", "prize", "item", "title", "added", "current", "seconds")
MOMENTS = ("ends_at", "expires_at")
BADGES = ("streamer", "moderator", "subscriber")
# Kinds whose tokens are the viewer's.
TIPS = ("tipped", "wheel_spin_claimed")


def more_of(event: Event) -> dict[str, Any]:
    """Return what an event has besides its kind, its name and its text, as JSON values."""
    if isinstance(event, ChatMessage):  # which has none of the others: most events are lines
        return _more_of_line(event)
    found = {name: getattr(event, name, None) for name in AMOUNTS}
    found |= {name: _iso(getattr(event, name, None)) for name in MOMENTS}
    return {name: value for name, value in found.items() if value not in (None, "")}


def _more_of_line(line: ChatMessage) -> dict[str, Any]:
    is_one = (line.is_streamer, line.is_moderator, line.is_subscriber)
    found: dict[str, Any] = {"badges": list(compress(BADGES, is_one)), "bot": line.is_bot}
    if line.is_highlighted:
        found["highlight"] = True
    if line.color:
        found["color"] = line.color
    if line.emotes:
        found["emotes"] = [{"code": emote.code, "url": emote.url} for emote in line.emotes]
    return found


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


@facts.event_mark.register
def mark() -> int:
    """Return the newest event's id."""
    return InboundEvent.objects.aggregate(last=Max("id"))["last"] or 0


@facts.latest_facts.register
def latest(kinds: Sequence[str], limit: int, since: datetime | None) -> list[Fact]:
    """Return the newest public events of these kinds, newest first."""
    rows: list[InboundEvent] = []
    for kind in kinds:  # one by one: the index on the kind has each in the order of its ids
        own = InboundEvent.objects.filter(present_channel.is_here(), kind=kind, state=InboundState.HANDLED)
        handled = own.order_by("-id")
        rows += (handled.filter(received_at__gte=since) if since else handled)[:limit]
    rows.sort(key=lambda row: -row.pk)
    rows = _without_taken_out(rows[:limit]) if "new_message" in kinds else rows[:limit]
    return [fact for row in rows if (fact := _fact(row)) is not None]


def _without_taken_out(rows: Sequence[InboundEvent]) -> list[InboundEvent]:
    """Leave out deleted lines, and those of muted viewers up to the line for which they were muted."""
    if not rows:
        return []
    acted = ModeratedLine.objects.filter(at__gte=rows[-1].received_at, dry_run=False).exclude(action=FilterAction.WARN)
    gone = dict(acted.order_by("pk").values_list("event", "action"))
    muted = [uid for uid, action in gone.items() if action == FilterAction.MUTE]
    until = dict(InboundEvent.objects.filter(uid__in=muted).order_by("pk").values_list("viewer_key", "pk"))
    return [row for row in rows if row.uid not in gone and row.pk > until.get(row.viewer_key, 0)]


def _fact(row: InboundEvent) -> Fact | None:
    """Return the row as a fact; None for what was whispered."""
    read = read_frame(row.raw) if row.raw else None
    event = read.event if isinstance(read, ReceivedFrame) else None
    if isinstance(event, ChatMessage) and not event.is_public:
        return None
    more = more_of(event) if event else {}
    return Fact(row.uid, row.kind, row.username, row.text, row.tokens or 0, row.received_at, more)


@facts.counted_facts.register
def counted(kind: str, since: datetime | None) -> tuple[int, int]:
    """Return how many events of the kind there were, and their tokens."""
    rows = InboundEvent.objects.filter(present_channel.is_here(), kind=kind, state=InboundState.HANDLED)
    rows = rows.filter(received_at__gte=since) if since else rows
    found = rows.aggregate(count=Count("id"), tokens=Sum("tokens"))
    return found["count"], found["tokens"] or 0


@facts.top_tippers.register
def top_tippers(since: datetime | None, limit: int) -> list[Tipper]:
    """Return who gave most tokens, by tips and wheel spins."""
    rows = InboundEvent.objects.filter(people.is_audience("viewer_key"), kind__in=TIPS, tokens__gt=0)
    rows = rows.filter(present_channel.is_here())
    rows = rows.filter(received_at__gte=since) if since else rows
    sums = rows.order_by().values("viewer_key").annotate(given=Sum("tokens"), name=Max("username"))
    return [Tipper(row["name"], row["given"]) for row in sums.order_by("-given", "viewer_key")[:limit]]


@facts.stream_since.register
def stream_since() -> datetime | None:
    """Return when the stream that is on, or else the last one, began."""
    own = Stream.objects.filter(present_channel.is_here())
    return own.order_by("-started_at").values_list("started_at", flat=True).first()

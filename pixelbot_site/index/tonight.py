"""What goes on tonight: figures, lanes, the newest events with what came of them, and what did not happen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.db.models import Count, Q, Sum
from django.utils import timezone
from django.utils.text import capfirst

from economy.settings_table import PointsSettings
from effects.models import DROPPED, QueueItem, State
from effects.queue.lanes import IN_ORDER, LaneStatus
from joystick.channel import streams
from joystick.inbox import results
from joystick.inbox.results import Came
from joystick.models import InboundEvent, InboundState, Stream
from pixelbot_site.index.lamps import Moment
from pixelbot_site.kit import present_channel
from pixelbot_site.kit.plural import counted
from pixelbot_site.kit.timed_cache import TimedCache

# Events that the feed shows.
MAX_LINES = 25
# They come every few seconds, and nobody reads them.
NOT_SHOWN = ("viewer_count_updated",)
CAME_OR_WENT = {"enter_stream": "came in", "leave_stream": "left"}
MAX_WAITING = 12
MAX_FAILURES = 6
FAILED_WITHIN = timedelta(hours=12)

# By the stream; they are sums over the whole of it.
stream_figures = TimedCache[dict[str, Any]](seconds=5)


@dataclass(frozen=True, slots=True)
class FeedLine:
    """One event, what came of it, and why it could not be handled, where it could not."""

    event: InboundEvent
    text: str
    came: Came
    error: str

    @property
    def is_failed(self) -> bool:
        """Whether it could not be handled."""
        return self.event.state != InboundState.HANDLED


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of the stream that is on; without one, of the last one."""

    stream: Stream | None
    here: int
    events_per_minute: int
    of_stream: dict[str, Any]

    @property
    def is_live(self) -> bool:
        """Whether the stream is on."""
        return self.stream is not None and self.stream.ended_at is None


def figures(moment: Moment) -> Figures:
    """Return tonight's figures. Those of the stream are some seconds old."""
    stream = moment.stream or Stream.objects.filter(present_channel.is_here()).order_by("-started_at").first()
    of_stream: dict[str, Any] = {}
    if stream is not None and stream.ended_at is not None:
        of_stream = stream.figures
    elif stream is not None:
        several = sum(install.is_in_use for install in moment.installs) > 1
        count = partial(streams.figures, stream, is_one_of_several=several)
        of_stream = stream_figures.get(count, key=stream.pk)
    return Figures(stream, moment.here.count, _events_per_minute(moment), of_stream)


def _events_per_minute(moment: Moment) -> int:
    if not present_channel.present():
        return moment.health.events_per_minute
    own = InboundEvent.objects.filter(present_channel.is_here())
    return own.filter(received_at__gte=moment.now - timedelta(minutes=1)).count()


def feed() -> list[FeedLine]:
    """Return the newest events, the newest first, each with what came of it."""
    own = InboundEvent.objects.filter(present_channel.is_here())
    events = list(own.exclude(kind__in=NOT_SHOWN).defer("raw").order_by("-id")[:MAX_LINES])
    came = results.of_newest(events)
    return [FeedLine(event, _text(event), came.get(event.uid, results.NOTHING), _error(event)) for event in events]


def failures(moment: Moment) -> list[QueueItem]:
    """Return the newest items that did not happen, the newest first."""
    own = QueueItem.objects.filter(present_channel.is_here(nullable=True))
    rows = own.filter(finished_at__gte=moment.now - FAILED_WITHIN, state__in=DROPPED, tried_by="")
    return list(rows.exclude(error="").select_related("viewer").order_by("-finished_at")[:MAX_FAILURES])


@dataclass(frozen=True, slots=True)
class Queue:
    """The lanes, the items that wait for approval, the oldest first, and those that wait for their turn."""

    lanes: list[LaneStatus]
    for_approval: list[QueueItem]
    waiting: list[QueueItem]
    is_stopped: bool


def queue(moment: Moment) -> Queue:
    """Return what plays and what waits."""
    own = QueueItem.objects.filter(present_channel.is_here(nullable=True))
    rows = own.filter(state__in=[State.WAITING, State.PENDING]).select_related("viewer", "purchase")
    found = list(rows.order_by("-state", *IN_ORDER)[:MAX_WAITING])
    for_approval = [item for item in found if item.state == State.WAITING]
    waiting = [item for item in found if item.state == State.PENDING]
    return Queue(moment.lanes, for_approval, waiting, any(lane.is_paused for lane in moment.lanes))


def tippers(stream: Stream) -> list[tuple[str, int, int]]:
    """Return (name, tokens, number of tips) of everybody who tipped during a stream, the most first."""
    until = stream.ended_at or timezone.now()
    with present_channel.within(stream.channel_id):
        own = InboundEvent.objects.filter(present_channel.is_here())
    tips = own.filter(received_at__range=(stream.started_at, until), tokens__gt=0)
    sums = tips.order_by().values("username").annotate(sum=Sum("tokens"), tips=Count("id", filter=Q(tokens__gt=0)))
    return list(sums.order_by("-sum", "username").values_list("username", "sum", "tips"))


def _text(event: InboundEvent) -> str:
    if event.kind == "new_message":
        return event.text
    if event.kind in CAME_OR_WENT:
        return CAME_OR_WENT[event.kind]
    return event.text if event.text and event.text != event.username else event.kind.replace("_", " ")


def _error(event: InboundEvent) -> str:
    if event.state == InboundState.HANDLED:
        return ""
    return event.error.strip().rpartition("\n")[2] or event.get_state_display()


def summary(found: Figures) -> list[tuple[str, str]]:
    """Return tonight's figures as (name, value)."""
    of_stream, points = found.of_stream, capfirst(PointsSettings.current().points_name_plural)
    return [
        ("Viewers here, in all channels" if present_channel.present() else "Viewers here", str(found.here)),
        ("Events in the last minute", str(found.events_per_minute)),
        ("Tips", counted(int(of_stream.get("tokens", 0)), "token")),
        (f"{points} given", str(of_stream.get("points_minted", 0))),
        (f"{points} spent", str(of_stream.get("points_spent", 0))),
        ("New viewers", str(of_stream.get("new_viewers", 0))),
    ]

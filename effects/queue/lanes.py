"""What waits in each lane: its status, the items of viewers and of the bot, and a viewer's place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, F, Min, Q, QuerySet
from django.db.models.functions import Coalesce

from economy.models import Viewer
from effects.models import QUEUED, Lane, QueueItem, State
from effects.overlays import screens
from effects.registry import INSTANT, EffectKind, first_lane, lanes
from pixelbot_site.kit import present_channel


def all_lanes() -> list[str]:
    """Return the names of all lanes of all screens."""
    return [*lanes(), *(screens.lane_on(lane, screen) for screen in screens.own() for lane in lanes())]


def lanes_here() -> list[str]:
    """Return the lanes of the present channel's screen; without a channel, those of all."""
    return [screens.lane_here(lane) for lane in lanes()] if present_channel.present() else all_lanes()


def bought(name: str) -> int:
    """Return how many items that viewers bought wait in that lane of the present channel's screen, or for their time;
    without the running one.
    """
    lane = screens.lane_here(name)
    # Without the ORM, which takes ten times as long to write this: each purchase asks.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT COUNT(*) FROM effects_queueitem "
            "WHERE lane = %s AND state IN (%s, %s) AND purchase_id IS NOT NULL), "
            "(SELECT COUNT(*) FROM effects_queueitem WHERE state = %s AND due_at IS NOT NULL)",
            [lane, *QUEUED, State.PENDING],
        )
        waiting, later = map(int, cursor.fetchone())
    return waiting + (sum(item.purchase_id is not None for item in due_later(lane)) if later else 0)


def is_due(now: datetime) -> Q:
    """Return the condition for items that are not meant to wait any longer."""
    return Q(due_at__isnull=True) | Q(due_at__lte=now)


def due_later(lane: str) -> list[QueueItem]:
    """Return the items that wait for their time, and will then need `lane` first."""
    rows = QueueItem.objects.select_related("viewer").filter(state=State.PENDING, due_at__isnull=False)
    rows = rows.filter(present_channel.is_here(nullable=True))
    return [item for item in rows if _lane_then(item) == lane]


def _lane_then(item: QueueItem) -> str:
    with present_channel.within(item.channel_id or ""):
        return screens.lane_here(first_lane(item.payload))


def to_drop_for(item: QueueItem, kind: EffectKind[Any], *, most: int) -> QueueItem | None:
    """Return which of the bot's own items must go for a new one, where `most` of them wait already, else None.

    It is the oldest of the same sort (`EffectKind.sort`), or where none of it waits, the oldest of another.
    """
    if not kind.sort({}):
        return None
    sort = kind.sort(item.payload)
    rows = list(QueueItem.objects.filter(lane=item.lane, kind=item.kind, state=State.PENDING, is_own=True))
    if len(rows) < most:
        return None

    def rank(row: QueueItem) -> tuple[bool, bool, int]:
        other = kind.sort(row.payload)
        return (other != sort, other == "tip", row.pk)  # a tip is the last to go: somebody paid for it

    return min(rows, key=rank)


# By priority; what viewers bought or won before what the bot does by itself; by arrival.
IN_ORDER = (F("priority").desc(), F("is_own").asc(nulls_first=True), F("id").asc())


def next_of(pending: QuerySet[QueueItem]) -> QueueItem | None:
    """Return which of the waiting items of one lane goes next.

    One of the bot's own goes before viewers' that came after it, unless one of those that wait has had to let one of
    the bot's own go first already: nobody waits for more than one of them, and none of them waits for ever.
    """
    first = pending.order_by(*IN_ORDER).first()
    if first is None or first.is_own:
        return first
    own = pending.filter(is_own=True, priority=first.priority, pk__lt=first.pk).order_by("pk").first()
    if own is None:
        return first
    waiting = pending.exclude(is_own=True).order_by().aggregate(since=Min(Coalesce("approved_at", "created_at")))
    if waiting["since"] is None:  # somebody else took it since it was read
        return own
    running = QueueItem.objects.filter(lane=first.lane, state=State.RUNNING, is_own=True)
    # By its index, that of `finished_at`: with more conditions, SQLite would look through the lane's history.
    ended = QueueItem.objects.filter(finished_at__gt=waiting["since"]).order_by()
    rows = ended.values_list("lane", "is_own", "started_at")
    has_waited = any(lane == first.lane and is_own and began for lane, is_own, began in rows)
    return first if has_waited or running.exists() else own


def place(viewer: Viewer) -> tuple[int, int | None]:
    """Return (how many items wait in the lanes of the present channel's screen, the place of this viewer's first item
    in its lane from 1, or None).
    """
    pending = QueueItem.objects.filter(state=State.PENDING).exclude(lane=INSTANT)
    if screens.own():
        pending = pending.filter(screens.is_of(screens.here()))
    mine = pending.filter(viewer=viewer).order_by(*IN_ORDER).first()
    if mine is None:
        return pending.count(), None
    same = Q(id__lte=mine.pk) & ~Q(is_own=True) if not mine.is_own else Q(id__lte=mine.pk) | ~Q(is_own=True)
    up_to_mine = Q(priority__gt=mine.priority) | (Q(priority=mine.priority) & same)
    return pending.count(), pending.filter(up_to_mine, lane=mine.lane).count()


@dataclass(frozen=True, slots=True)
class LaneStatus:
    """The status of a lane.

    `paused_by` is "" when the lane is not paused or nobody was named. `waiting` counts items, including those that wait
    for approval.
    """

    name: str
    is_paused: bool
    paused_by: str
    waiting: int
    running: QueueItem | None
    oldest: datetime | None  # when the item that has waited longest came; None where nothing may begin
    channel: str = ""  # the name of the channel whose overlays it is for, where these have lanes of their own

    @property
    def label(self) -> str:
        """Return its name for people."""
        name, _ = screens.parted(self.name)
        return f"{name} ({self.channel})" if self.channel else name


def statuses() -> list[LaneStatus]:
    """Return the status of every lane that the present channel has, in three queries."""
    counts = (
        QueueItem.objects.filter(state__in=QUEUED)
        .order_by()
        .values("lane")
        .annotate(count=Count("id"), oldest=Min("created_at", filter=Q(state=State.PENDING)))
    )
    waiting = {row["lane"]: row for row in counts}
    running = {item.lane: item for item in QueueItem.objects.filter(state=State.RUNNING)}
    pauses = paused()
    names = dict(screens.channels()) if screens.own() else {}
    return [
        LaneStatus(
            lane,
            is_paused=lane in pauses,
            paused_by=pauses.get(lane, ""),
            waiting=waiting[lane]["count"] if lane in waiting else 0,
            running=running.get(lane),
            oldest=waiting[lane]["oldest"] if lane in waiting else None,
            channel=names.get(screens.parted(lane)[1], screens.parted(lane)[1]),
        )
        for lane in lanes_here()
    ]


def paused() -> dict[str, str]:
    """Return who paused each paused lane, by the lane's name."""
    return dict(Lane.objects.filter(paused_at__isnull=False).values_list("name", "paused_by"))


def paused_here() -> list[str]:
    """Return the names of the paused lanes that the present channel has, as its chat calls them."""
    here = lanes_here()
    return [screens.parted(lane)[0] for lane in paused() if lane in here]

"""API endpoints of the queue, the wheel and sounds."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from ninja import Router, Schema
from ninja.errors import HttpError
from pydantic import StringConstraints

from effects import wheel
from effects.models import Deed, QueueItem, Sound, State
from effects.queue import control, lanes
from pixelbot_site.kit.api import ApiRequest, Id, Page, PageIn, Scope, answers, needs, page

router = Router(tags=["queue"])

LaneName = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]


class DeedOut(Schema):
    """What a member of staff did with an item."""

    by: str
    what: str
    at: datetime


class ItemOut(Schema):
    """One effect in a lane. `event`: the uid of the event that set it off; null: none did."""

    id: int
    kind: str
    lane: str
    title: str
    redeem: str
    state: State
    priority: int
    attempts: int
    viewer_id: int | None
    event: str | None
    by: str
    error: str
    deeds: list[DeedOut]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @staticmethod
    def resolve_error(item: QueueItem) -> str:
        """Return in one line why it did not happen."""
        return item.reason

    @staticmethod
    def resolve_deeds(item: QueueItem) -> list[Deed]:
        """Return the item's deeds, the oldest first."""
        return list(item.deeds.all())


class LaneOut(Schema):
    """A lane: how many items wait in it, which one runs, and who paused it."""

    name: str
    paused: bool
    paused_by: str
    waiting: int
    running_id: int | None


class Count(Schema):
    """How many items (or lanes) were changed."""

    ok: bool = True
    items: int


class PrizeOut(Schema):
    """A prize that can be won now, and its chance from 0 to 1."""

    name: str
    chance: float


class SoundOut(Schema):
    """A sound. `cost` is in points; null: what the redeem costs."""

    id: int
    name: str
    aliases: str
    seconds: float
    cost: int | None
    enabled: bool


@router.get("/queue", response=answers(Page[ItemOut]), auth=needs(Scope.READ, permission="effects.view_queueitem"))
def list_queue(request: ApiRequest, wanted: PageIn, state: State | None = None) -> dict[str, Any]:
    """List queue items, the newest first."""
    items = QueueItem.objects.select_related("purchase").prefetch_related("deeds")
    return page(request, items.filter(state=state) if state else items, wanted)


@router.post("/queue/panic", response=answers(Count), auth=needs(Scope.QUEUE))
def panic(request: ApiRequest) -> Count:
    """Stop all sound and pictures now, pause every lane, and give back the points of what waited."""
    return Count(items=control.panic(by=request.auth.name))


@router.post("/queue/calm", response=answers(Count), auth=needs(Scope.QUEUE))
def calm(request: ApiRequest) -> Count:
    """Go on with the lanes that the panic paused."""
    return Count(items=len(control.calm(by=request.auth.name)))


@router.post("/queue/{item_id}/cancel", response=answers(ItemOut), auth=needs(Scope.QUEUE))
def cancel(request: ApiRequest, item_id: Id) -> QueueItem:
    """Cancel an item that waits or runs; its points go back. 409 for one that has ended."""
    item = _item_or_404(item_id)
    return _changed_or_409(item, control.cancel(item, by=request.auth.name))


@router.post("/queue/{item_id}/approve", response=answers(ItemOut), auth=needs(Scope.QUEUE))
def approve(request: ApiRequest, item_id: Id) -> QueueItem:
    """Approve an item that waits for approval. 409 for any other."""
    item = _item_or_404(item_id)
    return _changed_or_409(item, control.approve(item, by=request.auth.name))


@router.post("/queue/{item_id}/reject", response=answers(ItemOut), auth=needs(Scope.QUEUE))
def reject(request: ApiRequest, item_id: Id) -> QueueItem:
    """Reject an item that waits for approval; its points go back. 409 for any other."""
    item = _item_or_404(item_id)
    return _changed_or_409(item, control.reject(item, by=request.auth.name))


@router.post("/queue/{item_id}/first", response=answers(ItemOut), auth=needs(Scope.QUEUE))
def first(request: ApiRequest, item_id: Id) -> QueueItem:
    """Put an item that waits first in its lane. 409 for any other."""
    item = _item_or_404(item_id)
    return _changed_or_409(item, control.put_first(item, by=request.auth.name))


@router.post(
    "/queue/{item_id}/retry",
    response=answers(ItemOut),
    auth=needs(Scope.QUEUE, permission="effects.add_queueitem"),
)
def retry(request: ApiRequest, item_id: Id) -> QueueItem:
    """Do an item that has ended again, free of charge, at the end of its lane. 409 for one that has not ended."""
    return control.requeue(_item_or_404(item_id), by=request.auth.name)


@router.get("/lanes", response=answers(list[LaneOut]), auth=needs(Scope.READ, permission="effects.view_queueitem"))
def list_lanes(request: ApiRequest) -> list[LaneOut]:
    """List the lanes."""
    return [_lane_out(status) for status in lanes.statuses()]


@router.post("/lanes/{lane}/pause", response=answers(LaneOut), auth=needs(Scope.QUEUE))
def pause(request: ApiRequest, lane: LaneName) -> LaneOut:
    """Pause a lane: nothing new begins in it, after a restart either."""
    control.pause(_known_or_404(lane), by=request.auth.name)
    return _lane(lane)


@router.post("/lanes/{lane}/resume", response=answers(LaneOut), auth=needs(Scope.QUEUE))
def resume(request: ApiRequest, lane: LaneName) -> LaneOut:
    """Resume a lane."""
    control.resume(_known_or_404(lane), by=request.auth.name)
    return _lane(lane)


@router.post("/lanes/{lane}/skip", response=answers(LaneOut), auth=needs(Scope.QUEUE))
def skip(request: ApiRequest, lane: LaneName, refund: bool = True) -> LaneOut:
    """Stop the item that runs in a lane, on the overlay too."""
    control.skip(_known_or_404(lane), by=request.auth.name, refund=refund)
    return _lane(lane)


@router.post("/lanes/{lane}/clear", response=answers(Count), auth=needs(Scope.QUEUE))
def clear(request: ApiRequest, lane: LaneName) -> Count:
    """Cancel everything that waits in a lane; points go back."""
    return Count(items=control.clear(_known_or_404(lane), by=request.auth.name))


@router.get(
    "/wheel/odds",
    response=answers(list[PrizeOut]),
    tags=["wheel"],
    auth=needs(Scope.READ, permission="effects.view_prize"),
)
def odds(request: ApiRequest) -> list[PrizeOut]:
    """List the prizes that can be won now, the likeliest first."""
    return [PrizeOut(name=name, chance=chance) for name, chance in wheel.odds()]


@router.get(
    "/sounds",
    response=answers(list[SoundOut]),
    tags=["sounds"],
    auth=needs(Scope.READ, permission="effects.view_sound"),
)
def list_sounds(request: ApiRequest) -> list[Sound]:
    """List all sounds, those that viewers can't play too."""
    return list(Sound.objects.all())


def _item_or_404(item_id: int) -> QueueItem:
    return get_object_or_404(QueueItem.objects.select_related("viewer", "purchase"), pk=item_id)


def _changed_or_409(item: QueueItem, changed: bool) -> QueueItem:
    fresh = _item_or_404(item.pk)
    if not changed:
        raise HttpError(409, f"This item is {fresh.state}.")
    return fresh


def _known_or_404(lane: str) -> str:
    if lane not in lanes.all_lanes():
        raise Http404
    return lane


def _lane(name: str) -> LaneOut:
    return next(_lane_out(status) for status in lanes.statuses() if status.name == name)


def _lane_out(status: lanes.LaneStatus) -> LaneOut:
    return LaneOut(
        name=status.name,
        paused=status.is_paused,
        paused_by=status.paused_by,
        waiting=status.waiting,
        running_id=status.running.pk if status.running else None,
    )

"""The API's part for the queue."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from ninja import Router, Schema
from ninja.errors import HttpError

from effects import queue
from effects.models import QueueItem, State
from pixelbot_site.kit.api import Id, Paged, Scope, answers, needs, page, there, who

router = Router(tags=["queue"])


class ItemOut(Schema):
    """One effect in a lane."""

    id: int
    kind: str
    lane: str
    title: str
    state: State
    attempts: int
    viewer_id: int | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@router.get("/queue", response=answers(list[ItemOut]))
@needs(Scope.READ)
def list_queue(request: HttpRequest, asked: Paged, state: State | None = None) -> list[QueueItem]:
    """What waits, runs, happened or failed, the newest first."""
    return page(QueueItem.objects.filter(state=state) if state else QueueItem.objects.all(), asked)


@router.post("/queue/{item_id}/cancel", response=answers(ItemOut))
@needs(Scope.QUEUE)
def cancel(request: HttpRequest, item_id: Id) -> QueueItem:
    """Take an item that waits or runs out; its points go back. 409 for one that has ended."""
    item = _item(item_id)
    if not queue.fail(item, f"Cancelled by {who(request)}."):
        raise HttpError(409, f"This item is {item.state}.")
    return _item(item_id)


@router.post("/queue/{item_id}/retry", response=answers(ItemOut))
@needs(Scope.QUEUE)
def retry(request: HttpRequest, item_id: Id) -> QueueItem:
    """Put what has failed at the end of its lane once more, free of charge. 409 for anything else."""
    item = _item(item_id)
    if item.state != State.FAILED:
        raise HttpError(409, f"This item is {item.state}.")
    return queue.again(item)


def _item(item_id: int) -> QueueItem:
    item: QueueItem = there(QueueItem.objects.filter(pk=item_id).first())
    return item

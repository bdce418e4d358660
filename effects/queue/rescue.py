"""What keeps the queue going when something died: a worker, an overlay, the whole bot, a wake-up that was lost."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.core.files.storage import default_storage
from django.db.models import Max, Q
from django.utils import timezone

from economy.models import Viewer
from economy.viewers import forgetting
from effects.models import ENDED, WAITING, QueueItem, State
from effects.queue import ending
from effects.queue import items as queue
from effects.registry import kinds
from pixelbot_site.kit.transactions import after_commit

log = logging.getLogger("queue")

MOST_ATTEMPTS = 3
KEEP_SPEECH = timedelta(hours=1)
PIECE = 500
LONGEST = timedelta(hours=2)
"""Beyond any lease."""
NO_OVERLAY = "no overlay began to play it. Is the Browser Source in OBS open?"


def rescue(*, now: datetime | None = None) -> None:
    """Deal with items whose lease ran out, or that waited too long, and wake every lane that has something to do."""
    now = now or timezone.now()
    items = QueueItem.objects.select_related("viewer")
    # (A lease that ends in a far future is from before the clock was put back.)
    late = Q(lease_until__lt=now) | Q(lease_until__gt=now + LONGEST)
    overdue = list(items.filter(late, state=State.RUNNING))
    for item in [*overdue, *items.filter(state__in=WAITING, expires_at__lt=now)[:PIECE]]:
        try:
            _deal_with(item, now)
        except Exception:  # the queue's edge, again: one that can't be dealt with must not keep the others waiting
            log.exception("could not deal with %s", item)
    for lane in QueueItem.objects.filter(state=State.PENDING).order_by().values_list("lane", flat=True).distinct():
        queue.wake(lane)


def _deal_with(item: QueueItem, now: datetime) -> None:
    if item.state == State.WAITING:
        ending.end(item, State.EXPIRED, "nobody approved it in time")
    elif item.state == State.PENDING:
        ending.end(item, State.EXPIRED, "it waited too long")
    elif item.told_at is None:
        _of_a_worker(item, now)
    elif item.playing_at is None:
        ending.end(item, State.FAILED, NO_OVERLAY, said="nothing is there to show it at the moment", overdue=True)
    else:
        ending.end(item, State.FAILED, "the overlay began, but did not finish in time", overdue=True)


def _of_a_worker(item: QueueItem, now: datetime) -> None:
    kind = kinds.get(item.kind)
    in_time = item.started_at is None or kind is None or now < item.started_at + timedelta(seconds=kind.deadline)
    if in_time:
        repeat_or_fail(item, "what prepared it died")
    else:
        ending.end(item, State.FAILED, "it took too long", overdue=True)


def repeat_or_fail(item: QueueItem, reason: str) -> None:
    """An item that was interrupted: once more where that is safe, else its points go back."""
    kind = kinds.get(item.kind)
    if kind is not None and kind.repeatable and item.attempts < MOST_ATTEMPTS:
        put_back(item)
    else:
        ending.end(item, State.FAILED, reason, overdue=True)


def put_back(item: QueueItem) -> bool:
    """Return a running item to its place in its lane. False when it had ended meanwhile."""
    again = {"state": State.PENDING, "started_at": None, "lease_until": None, "told_at": None, "playing_at": None}
    mine = ending.as_seen(item, overdue=True).update(**again)
    if mine:
        after_commit(log.info, "back in the queue: %s", item)
    return bool(mine)


def put_back_running() -> int:
    """Return every running item to its lane, as a process does that takes the whole bot down with it; what must not
    happen twice ends. Returns how many are back.
    """
    back = 0
    for item in QueueItem.objects.select_related("viewer").filter(state=State.RUNNING):
        kind = kinds.get(item.kind)
        if kind is not None and kind.repeatable:
            back += put_back(item)
        else:
            ending.end(item, State.FAILED, "the bot was stopped while it ran", overdue=True)
    return back


def recover() -> None:
    """Deal at once with what was running when the whole bot was killed. Only for a process that knows it is alone."""
    for item in QueueItem.objects.select_related("viewer").filter(state=State.RUNNING):
        repeat_or_fail(item, "the bot was killed while it ran")


def tidy(*, now: datetime | None = None) -> int:
    """Delete the speech of items that ended over an hour ago, and items that ended QUEUE_HISTORY_DAYS ago; returns how
    many speeches were deleted.
    """
    now = now or timezone.now()
    ended = QueueItem.objects.filter(finished_at__lt=now - KEEP_SPEECH, result__has_key="speech")
    for item in ended:
        _drop_speech(item)
        item.save(update_fields=["result"])
    _drop_orphans(now)
    for viewer in Viewer.objects.filter(key__startswith=forgetting.NAME):
        forget(viewer)  # what of theirs was still to happen then, and has ended since
    old = now - timedelta(days=settings.QUEUE_HISTORY_DAYS)
    # Whose first one was approved needs no approval any more: of each viewer the last such row stays.
    approved = QueueItem.objects.filter(approved_at__isnull=False).order_by().values("viewer")
    kept = approved.annotate(last=Max("id")).values("last")
    QueueItem.objects.filter(finished_at__lt=old, state__in=ENDED).exclude(pk__in=kept).delete()
    return len(ended)


def _drop_orphans(now: datetime) -> None:
    """Speech of items that were skipped while it was made: no row tells of it."""
    if not default_storage.exists("speech"):
        return
    named = set(QueueItem.objects.filter(result__has_key="speech").values_list("result__speech", flat=True))
    for name in default_storage.listdir("speech")[1]:
        path = f"speech/{name}"
        if path not in named and default_storage.get_modified_time(path) < now - KEEP_SPEECH:
            default_storage.delete(path)


def _drop_speech(item: QueueItem) -> None:
    if "speech" in item.result:
        default_storage.delete(item.result.pop("speech"))


@forgetting.also
def forget(viewer: Viewer) -> None:
    """The words of a viewer who wants to be forgotten. What still waits or plays ends as it would."""
    for item in QueueItem.objects.filter(viewer=viewer, state__in=ENDED).exclude(payload={}):
        _drop_speech(item)
        item.title, item.payload, item.result, item.error, item.sequel = "", {}, {}, "", []
        item.save(update_fields=["title", "payload", "result", "error", "sequel"])

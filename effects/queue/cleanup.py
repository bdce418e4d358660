"""Deletes what the queue needs no more: speech, old items, and the words of viewers who want to be forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.files.storage import default_storage
from django.db.models import Max
from django.utils import timezone

from economy.models import Viewer
from economy.viewers import forgetting
from effects.models import ENDED, QueueItem
from effects.settings_table import QueueSettings

KEEP_SPEECH = timedelta(hours=1)


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
    old = now - timedelta(days=QueueSettings.current().queue_history_days)
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

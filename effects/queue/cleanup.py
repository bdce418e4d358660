"""Deletes what the queue needs no more: speech, old items, and the words of viewers who want to be forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.files.storage import default_storage
from django.db.models import Max
from django.utils import timezone

from economy.models import Viewer
from economy.viewers import forgetting
from effects.models import ENDED, UNFINISHED, Purchase, QueueItem
from effects.settings_table import QueueSettings

KEEP_SPEECH = timedelta(hours=1)
# What tells of a viewer's words, and what stands there when they are forgotten.
WRITTEN: dict[str, Any] = {
    "title": "",
    "payload": {},
    "sequel": [],
    "part_of": "",
    "error": "",
    "caption": "",
    "speech_text": "",
    "saved_path": "",
    "overlay_message": {},
}


def tidy(*, now: datetime | None = None) -> int:
    """Delete the speech of items that ended over an hour ago, and items that ended QUEUE_HISTORY_DAYS ago; returns how
    many speeches were deleted.
    """
    now = now or timezone.now()
    ended = QueueItem.objects.filter(finished_at__lt=now - KEEP_SPEECH).exclude(speech_file="")
    for item in ended:
        _drop_speech(item)
        item.save(update_fields=["speech_file"])
    _drop_orphans(now)
    for viewer in Viewer.objects.filter(key__startswith=forgetting.NAME):
        forget(viewer)  # what of theirs was still to happen then, and has ended since
    old = now - timedelta(days=QueueSettings.current().queue_history_days)
    # Whose first one was approved needs no approval any more: of each viewer the last such row stays.
    approved = QueueItem.objects.filter(approved_at__isnull=False).order_by().values("viewer")
    kept = approved.annotate(last=Max("id")).values("last")
    QueueItem.objects.filter(finished_at__lt=old, state__in=ENDED).exclude(pk__in=kept).delete()
    Purchase.objects.filter(created_at__lt=old, items=None).delete()
    return len(ended)


def _drop_orphans(now: datetime) -> None:
    """Speech of items that were skipped while it was made: no row tells of it."""
    if not default_storage.exists("speech"):
        return
    named = set(QueueItem.objects.exclude(speech_file="").values_list("speech_file", flat=True))
    for name in default_storage.listdir("speech")[1]:
        path = f"speech/{name}"
        if path not in named and default_storage.get_modified_time(path) < now - KEEP_SPEECH:
            default_storage.delete(path)


def _drop_speech(item: QueueItem) -> None:
    if item.speech_file:
        default_storage.delete(item.speech_file)
        item.speech_file = ""


@forgetting.viewer_forgotten.register
def forget(viewer: Viewer) -> None:
    """The words of a viewer who wants to be forgotten. What still waits or plays ends as it would."""
    for item in QueueItem.objects.filter(viewer=viewer, state__in=ENDED).exclude(speech_file="", **WRITTEN):
        _drop_speech(item)
        for name, empty in WRITTEN.items():
            setattr(item, name, empty)
        item.save(update_fields=["speech_file", *WRITTEN])
    # The keys of cooldowns hold the name.
    over = Purchase.objects.filter(viewer=viewer).exclude(cooldowns={}).exclude(items__state__in=UNFINISHED)
    over.update(cooldowns={})

"""Cleaning up after the queue: speech files, old items, and the texts of viewers who want to be forgotten."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.core.files.storage import default_storage
from django.db.models import Max
from django.utils import timezone

from economy.models import Viewer, viewer_key
from economy.viewers import forgetting, merging, people
from effects.models import ENDED, QUEUED, UNFINISHED, Deed, Lane, Purchase, QueueItem, State
from effects.queue import items
from effects.queue.control import PANIC_PREFIX
from effects.settings_table import QueueSettings
from pixelbot_site.kit import phrases, pieces, stored_files

FORGOTTEN = phrases.refusal("queue.forgotten", "you are forgotten now, as you wished")

log = logging.getLogger("storage")

# The dashboard plays the speech of an ended item for this long.
KEEP_SPEECH = timedelta(hours=1)
# The fields that may hold a viewer's text, and their values once the viewer is forgotten.
BLANKED: dict[str, Any] = {
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
    """Delete the speech of items that ended over an hour ago, and the items that ended QUEUE_HISTORY_DAYS ago.

    Return how many items lost their speech file.
    """
    now = now or timezone.now()
    with_speech = QueueItem.objects.filter(finished_at__lt=now - KEEP_SPEECH).exclude(speech_file="")
    for item in with_speech:
        stored_files.delete(item.speech_file)  # where that fails, it is left over, and goes later
        item.speech_file = ""
        item.save(update_fields=["speech_file"])
    try:
        _delete_orphans(now)
    except OSError as error:
        log.warning("speech that is left over could not be deleted: %s", error)
    for viewer in Viewer.objects.filter(people.named(forgetting.NAME)):
        _blank(viewer)  # again: items that were unfinished at the time have ended since
    old = now - timedelta(days=QueueSettings.current().queue_history_days)
    # Viewers with an approved item need no approval again, so the latest approved row of each viewer stays.
    approved = QueueItem.objects.filter(approved_at__isnull=False).order_by().values("viewer")
    kept = approved.annotate(last=Max("id")).values("last")
    pieces.delete(QueueItem.objects.filter(finished_at__lt=old, state__in=ENDED).exclude(pk__in=kept))
    pieces.delete(Purchase.objects.filter(created_at__lt=old, items=None))
    return len(with_speech)


def _delete_orphans(now: datetime) -> None:
    # An item that is skipped during its synthesis leaves a file that no row names.
    used = set(QueueItem.objects.exclude(speech_file="").values_list("speech_file", flat=True))
    # "tried": sounds that were tried on the overlay before they were saved.
    for folder in ("speech", "tried"):
        for path in stored_files.names(folder):
            # A new file may belong to an item whose row is about to be written.
            if path not in used and default_storage.get_modified_time(path) < now - KEEP_SPEECH:
                stored_files.delete(path)


@forgetting.viewer_forgotten.register
def forget(viewer: Viewer) -> None:
    """Cancel and refund what this viewer bought and waits; blank the texts of ended items, and the name of who steered
    the queue.

    `tidy` does all others, in which other viewers may be named too, after they have ended.
    """
    for item in QueueItem.objects.filter(viewer=viewer, state__in=QUEUED).exclude(purchase=None):
        items.end(item, State.CANCELLED, FORGOTTEN())
    _blank(viewer)
    _rename_moderator(viewer.key, forgetting.called(viewer))


def _blank(viewer: Viewer) -> None:
    theirs = QueueItem.objects.filter(viewer=viewer, state__in=ENDED)
    for item in theirs.exclude(speech_file=""):
        stored_files.delete_after_commit(item.speech_file)
    theirs.exclude(speech_file="", **BLANKED).update(speech_file="", **BLANKED)
    # A cooldown's key holds the viewer's name; unfinished items still need it for a refund.
    over = Purchase.objects.filter(viewer=viewer).exclude(cooldowns={}).exclude(items__state__in=UNFINISHED)
    over.update(cooldowns={})


@merging.viewer_renamed.register
def rename(viewer: Viewer, old_key: str) -> None:
    """Put the new name into what the viewer did with the queue as a moderator."""
    _rename_moderator(old_key, viewer.username)


def _rename_moderator(old_key: str, name: str) -> None:
    for lane in Lane.objects.exclude(paused_by=""):
        prefix = PANIC_PREFIX if lane.paused_by.startswith(PANIC_PREFIX) else ""
        if viewer_key(lane.paused_by.removeprefix(prefix)) == old_key:
            Lane.objects.filter(pk=lane.pk, paused_by=lane.paused_by).update(paused_by=f"{prefix}{name}")
    # Compared here and not in SQL: SQLite ignores the case of ASCII letters only.
    names = [by for by in Deed.objects.order_by().values_list("by", flat=True).distinct() if viewer_key(by) == old_key]
    if not names:
        return
    deeds = Deed.objects.filter(by__in=names)
    QueueItem.objects.filter(pk__in=deeds.values("item"), by__in=names).update(by=name)
    deeds.update(by=name)

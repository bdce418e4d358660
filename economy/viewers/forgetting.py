"""Forgets a viewer who asks for it: name and words go, amounts stay counted."""

from __future__ import annotations

import logging

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Q

from economy.models import Cooldown, Merge, Presence, Viewer
from economy.viewers import lists
from economy.viewers.merging import OWN, WRITTEN
from pixelbot_site.kit.hooks import Hook
from pixelbot_site.kit.transactions import take_turn

log = logging.getLogger("points")

# What their keys begin with, from then on.
NAME = "forgotten:"

viewer_forgotten = Hook[[Viewer], None](
    "viewer_forgotten", __name__, "Delete what is kept of a viewer; called while the row still has the old name."
)


def forget(viewer: Viewer) -> None:
    """Take name and texts out of the database, for good. The ledgers hold ids only, and stay as they are.

    Where there is much, a listener of the hook does it in pieces after the commit. What others wrote in chat stays,
    also where they named the viewer.
    """
    with transaction.atomic():
        take_turn()
        for old in viewer.merged_from.all():
            forget(old)
        viewer_forgotten.call(viewer)
        lists.forget(viewer.key)
        Cooldown.of_name(viewer.key).delete()
        Presence.objects.filter(pk=viewer.pk).delete()
        viewer.key, viewer.username = _free_key(viewer), called(viewer)
        viewer.excluded, viewer.notes, viewer.tags = True, "", ""
        viewer.save(update_fields=["key", "username", "excluded", "notes", "tags"])
        _blank_merges(viewer)
        theirs = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(Viewer))
        theirs.filter(object_id=str(viewer.pk)).update(object_repr=viewer.username)
    log.info("forgot viewer %d", viewer.pk)


def _blank_merges(viewer: Viewer) -> None:
    # A merge keeps the notes that the target had before.
    for row in Merge.objects.filter(Q(source=viewer) | Q(target=viewer)):
        known = row.moved.get(OWN, {})
        row.moved[OWN] = {name: value for name, value in known.items() if name not in WRITTEN}
        row.save(update_fields=["moved"])


def called(viewer: Viewer) -> str:
    """Return the name that replaces the viewer's."""
    return f"forgotten {viewer.pk}"


def _free_key(viewer: Viewer) -> str:
    key = f"{NAME}{viewer.pk}"
    while Viewer.objects.filter(key=key).exclude(pk=viewer.pk).exists():
        key += ":"
    return key

"""Renames and forgets viewers in the feed: in pieces beside other work, resumed where it was broken off."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from economy import cooldowns
from economy.models import Viewer, viewer_key
from economy.viewers import forgetting, merging
from joystick.models import InboundEvent, NameChange, NameStep
from pixelbot_site.kit import pieces
from pixelbot_site.kit.sending import send
from pixelbot_site.kit.transactions import after_commit

TASK = "joystick.change_names"
# Events of a viewer that one transaction changes.
PIECE = 500
# Ids among which mentions are looked for at once.
WINDOW = 20_000
# Only one worker is at it, for so long; then the next task goes on.
LEASE = timedelta(seconds=60)
MAX_SECONDS = 40.0
# Kinds that are not searched for mentions. The platform's text names nobody, or the viewer whose event it is; chat is
# what others wrote, and a name may be a common word. They are most of the feed.
UNSEARCHED = (
    "new_message",
    "enter_stream",
    "leave_stream",
    "viewer_count_updated",
    "follower_count_updated",
    "subscriber_count_updated",
)
BLANK = {"text": "", "raw": "", "error": ""}
# What JSON writes for a character, once or several times escaped: v1 has JSON in a string in JSON.
_ESCAPED = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|[nrtbf])")


@forgetting.viewer_forgotten.register
def forget(viewer: Viewer) -> None:
    """Have the viewer's events blanked, under every name that they had, and what else the platform wrote of them."""
    NameChange.objects.filter(viewer=viewer).update(username="", step=NameStep.OWN, cursor=0)
    _store(viewer, viewer.key, username="")


@merging.viewer_renamed.register
def rename(viewer: Viewer, old_key: str) -> None:
    """Have the viewer's events get the new name."""
    _store(viewer, old_key, username=viewer.username)


def _store(viewer: Viewer, key: str, *, username: str) -> None:
    last = InboundEvent.objects.aggregate(last=Max("pk"))["last"] or 0
    NameChange.objects.create(viewer=viewer, old_key=key, username=username, last_event=last)
    after_commit(send, TASK)


def work() -> None:
    """Do what is to be done, for MAX_SECONDS at most, unless another worker is at it. Waits after each piece."""
    now = timezone.now()
    if not cooldowns.take({TASK: LEASE.total_seconds()}, now=now):
        return
    began = last = time.monotonic()
    while step() and last < began + MAX_SECONDS:
        pieces.pause(last)
        last = time.monotonic()
    cooldowns.free(TASK, until=now + LEASE)


def step() -> bool:
    """Do the next piece of the oldest change. Return False if everything is done."""
    change = NameChange.objects.exclude(step=NameStep.DONE).first()
    if change is None:
        return False
    if change.step == NameStep.OWN:
        _change_own(change)
    else:
        _blank_mentions(change)
    return True


def _change_own(change: NameChange) -> None:
    theirs = InboundEvent.objects.filter(viewer_key=change.old_key, pk__gt=change.cursor, pk__lte=change.last_event)
    ids = list(theirs.order_by("pk").values_list("pk", flat=True)[:PIECE])
    if ids:
        new_key = viewer_key(change.username) or None
        blank = {} if change.username else BLANK
        _change(change, ids, {"username": change.username, "viewer_key": new_key, **blank}, cursor=ids[-1])
    elif change.username:
        _change(change, [], {}, step=NameStep.DONE)
    else:
        first = InboundEvent.objects.order_by("pk").values_list("pk", flat=True).first() or 1
        _change(change, [], {}, step=NameStep.MENTIONS, cursor=first - 1)


def _blank_mentions(change: NameChange) -> None:
    last = min(change.cursor + WINDOW, change.last_event)
    others = InboundEvent.objects.filter(pk__gt=change.cursor, pk__lte=last).exclude(kind__in=UNSEARCHED)
    pattern = _as_word(change.old_key)
    found = others.order_by().values_list("pk", "text", "raw", "error").iterator()
    ids = [pk for pk, *texts in found if any(pattern.search(plain(text)) for text in texts)]
    _change(change, ids, BLANK, cursor=last)
    if last == change.last_event:
        change.delete()


def _change(change: NameChange, ids: list[int], values: dict[str, Any], **progress: Any) -> None:
    """Change these events and store the progress, unless another worker did this piece meanwhile."""
    with transaction.atomic():
        same = NameChange.objects.filter(pk=change.pk, step=change.step, cursor=change.cursor)
        if same.update(**progress) and ids:
            InboundEvent.objects.filter(pk__in=ids).update(**values)


def _as_word(key: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(key)}(?!\w)")


def plain(text: str) -> str:
    """Return a frame or a text case-folded, with JSON's escapes undone, to look for names in."""

    def unescape(match: re.Match[str]) -> str:
        return chr(int(match[1], 16)) if match[1] else " "

    if "\\" in text:
        text = _ESCAPED.sub(unescape, text)
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.casefold()

"""Undoing changes in OBS after a while. Each is a row, so that a crash loses none."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.utils import timezone

from effects.models import Revert
from effects.obs.client import Denied, obs
from effects.queue import wakeups
from pixelbot_site.kit.errors import Failed

log = logging.getLogger("obs")

GIVE_UP_AFTER = timedelta(hours=1)
# Between two attempts while OBS is away.
RETRY_AFTER = timedelta(seconds=5)


@contextmanager
def revert_after(
    key: str, request: str, data: Mapping[str, Any], *, ours: Mapping[str, Any], seconds: float
) -> Iterator[None]:
    """Undo the block's change with `request` and `data` after `seconds`, even if the bot restarts meanwhile.

    `key` names the thing that is changed: a second change before the first was undone only moves the time. `ours` says
    how to read the value and what the block sets it to (`ask`, `data`, `name`, `value`): if it differs by then, the
    streamer or another effect changed it, and it stays as it is. `seconds` 0: undo nothing, and drop a pending undo.
    """
    if not seconds:
        yield
        Revert.objects.filter(key=key).delete()
        return
    due = timezone.now() + timedelta(seconds=seconds)
    # Stored before the block changes anything, so that a crash inside it does not lose the way back.
    row, is_new = Revert.objects.get_or_create(
        key=key, defaults={"request": request, "data": dict(data), "due_at": due, "wanted_at": due}
    )
    try:
        yield
    except Failed:
        # OBS refused the change. An older row still has its own change to undo.
        if is_new:
            Revert.objects.filter(pk=row.pk, wanted_at=due).delete()
        raise
    due = timezone.now() + timedelta(seconds=seconds)  # again: the block may have taken seconds
    Revert.objects.filter(pk=row.pk).update(due_at=due, wanted_at=due, ours=dict(ours))
    wakeups.revert_in(seconds)


def revert_due() -> None:
    """Undo what is due. While OBS is away, try again for GIVE_UP_AFTER; drop what OBS refuses."""
    now = timezone.now()
    for row in Revert.objects.filter(due_at__lte=now).order_by("due_at"):
        retry_at = now + RETRY_AFTER
        # Claim it by moving its time: zero rows mean that another worker has it, or that it was put off.
        if not Revert.objects.filter(pk=row.pk, due_at=row.due_at).update(due_at=retry_at):
            continue
        try:
            if _is_unchanged(row.ours):
                obs().ask(row.request, row.data)
        except Denied as error:
            log.warning("could not be undone in OBS: %s: %s", row, error)
        except Failed as error:
            if now - row.wanted_at < GIVE_UP_AFTER:
                continue
            log.warning("given up undoing in OBS: %s: %s", row, error)
        Revert.objects.filter(pk=row.pk, due_at=retry_at).delete()  # unless a new change put it off meanwhile


def _is_unchanged(ours: Mapping[str, Any]) -> bool:
    if not ours:  # a crash before the block ended: whether OBS changed is unknown, so undo it
        return True
    answer = obs().ask(ours["ask"], ours.get("data") or {})
    return bool(answer[ours["name"]] == ours["value"])

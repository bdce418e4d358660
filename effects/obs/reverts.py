"""Changes in OBS that are undone after a while: a row each, so that a crash loses none."""

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

GIVE_UP = timedelta(hours=1)
TRY_AGAIN_AFTER = timedelta(seconds=5)


@contextmanager
def way_back(
    key: str, request: str, data: Mapping[str, Any], *, ours: Mapping[str, Any], seconds: float
) -> Iterator[None]:
    """Have OBS told `request` so many seconds after the block, also after a restart of the bot; 0: never, and one that
    is under way is dropped. `ours` says how to see whether it is still as the block set it: where the streamer, or
    another effect, has changed it since, it is let be.

    Kept before the block changes anything, so that a crash in it loses no way back. Of the same thing again before its
    time, only the moment changes: the way back leads to where it first was.
    """
    if not seconds:
        yield
        Revert.objects.filter(key=key).delete()
        return
    due = timezone.now() + timedelta(seconds=seconds)
    row, is_new = Revert.objects.get_or_create(
        key=key, defaults={"request": request, "data": dict(data), "due_at": due, "wanted_at": due}
    )
    try:
        yield
    except Failed:
        if is_new:
            Revert.objects.filter(pk=row.pk, wanted_at=due).delete()
        raise
    due = timezone.now() + timedelta(seconds=seconds)
    Revert.objects.filter(pk=row.pk).update(due_at=due, wanted_at=due, ours=dict(ours))
    wakeups.revert_in(seconds)


def revert_due() -> None:
    """Do what is due. With OBS away it stays, for an hour; what OBS refuses is gone for good."""
    now = timezone.now()
    for row in Revert.objects.filter(due_at__lte=now).order_by("due_at"):
        again = now + TRY_AGAIN_AFTER
        mine = Revert.objects.filter(pk=row.pk, due_at=row.due_at)
        if not mine.update(due_at=again):
            continue  # somebody else does it
        try:
            if _is_as_we_set_it(row.ours):
                obs().ask(row.request, row.data)
        except Denied as error:
            log.warning("the way back failed: %s: %s", row, error)
        except Failed as error:
            if now - row.wanted_at < GIVE_UP:
                continue
            log.warning("the way back was given up: %s: %s", row, error)
        Revert.objects.filter(pk=row.pk, due_at=again).delete()  # not one that was put off meanwhile


def _is_as_we_set_it(ours: Mapping[str, Any]) -> bool:
    if not ours:  # a crash came between
        return True
    answer = obs().ask(ours["ask"], ours.get("data") or {})
    return bool(answer[ours["name"]] == ours["value"])

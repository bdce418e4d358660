"""Undoing changes in OBS after a while. Each is a row, so that a crash loses none."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.utils import timezone

from effects.models import Revert
from effects.obs.client import Denied, obs
from effects.queue import wakeups
from effects.settings_table import OutsideSettings
from pixelbot_site.kit.errors import Failed

log = logging.getLogger("obs")

# Between two attempts while OBS is away.
RETRY_AFTER = timedelta(seconds=5)
# How long the dashboard tells of what was not undone, in seconds.
TELL_SECONDS = 3600
KEY = "obs.not_undone"
ELSEWHERE = "OBS has another scene collection now"


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
    collection = _collection()
    for row in Revert.objects.filter(key=key).exclude(collection=collection):
        _drop(row, ELSEWHERE)
    due = timezone.now() + timedelta(seconds=seconds)
    # Stored before the block changes anything, so that a crash inside it does not lose the way back.
    row, is_new = Revert.objects.get_or_create(
        key=key,
        defaults={"request": request, "data": dict(data), "collection": collection, "due_at": due, "wanted_at": due},
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
    """Undo what is due. While OBS is away, try again for OBS_UNDO_WITHIN; drop what OBS refuses."""
    now = timezone.now()
    for row in Revert.objects.filter(due_at__lte=now).order_by("due_at"):
        retry_at = now + RETRY_AFTER
        # Claim it by moving its time: zero rows mean that another worker has it, or that it was put off.
        if not Revert.objects.filter(pk=row.pk, due_at=row.due_at).update(due_at=retry_at):
            continue
        row.due_at = retry_at
        try:
            reason = _undo(row)
        except Denied as error:
            reason = str(error)
        except Failed:  # OBS is away
            continue
        except Exception:  # an edge: one broken row must not stop the others, nor be tried for ever
            log.exception("could not undo in OBS: %s", row)
            reason = "something broke"
        _drop(row, reason)


def _undo(row: Revert) -> str:
    """Undo `row` in OBS. Return the reason if that would be wrong, else "". Raise Failed if OBS is away or refuses."""
    within = OutsideSettings.current().obs_undo_within
    if timezone.now() - row.wanted_at >= timedelta(seconds=within):
        return f"it could not be done within {within} s"
    # By the same names, another collection has other scenes and sources.
    if _collection() != row.collection:
        return ELSEWHERE
    if _is_unchanged(row.ours):
        ask_by_name(row.request, row.data)
    return ""


def _drop(row: Revert, reason: str) -> None:
    """Delete `row`, unless a new change put it off meanwhile; tell the streamer `reason` if it was not undone."""
    if reason:
        sentence = f"Not undone in OBS: {row.key.replace(':', ' ', 1)}: {reason.rstrip('.')}."
        log.warning("%s", sentence)
        cache.set(KEY, [*(told for told in not_undone() if told != sentence), sentence], TELL_SECONDS)
    Revert.objects.filter(pk=row.pk, due_at=row.due_at).delete()


def not_undone() -> list[str]:
    """Return a sentence for each change in OBS that was not undone within the last hour."""
    sentences: list[str] = cache.get(KEY, [])
    return sentences


def ask_by_name(request: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Ask OBS about a source or filter. For a source in a scene, ask for its item's id first.

    Ids are not kept: once another scene collection is loaded, the same id is that of another source.
    """
    if {"sceneName", "sourceName"} <= data.keys():
        place = {"sceneName": data["sceneName"], "sourceName": data["sourceName"]}
        item_id = obs().ask("GetSceneItemId", place)["sceneItemId"]
        data = {name: value for name, value in data.items() if name != "sourceName"} | {"sceneItemId": item_id}
    return obs().ask(request, data)


def _collection() -> str:
    return str(obs().ask("GetSceneCollectionList")["currentSceneCollectionName"])


def _is_unchanged(ours: Mapping[str, Any]) -> bool:
    if not ours:  # a crash before the block ended: whether OBS changed is unknown, so undo it
        return True
    answer = ask_by_name(ours["ask"], ours.get("data") or {})
    return bool(answer[ours["name"]] == ours["value"])

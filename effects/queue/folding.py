"""Effects alike within seconds: one that still waits takes the next one in, with the sum of both.

A flood is one item then, instead of a long lane. Names other than the first viewer's are kept as digests, and only
while the item waits: whoever is forgotten later is in no other viewer's item.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.crypto import salted_hmac

from economy.models import Viewer, viewer_key
from effects import chat
from effects.models import QueueItem, State
from effects.queue import items
from effects.registry import INSTANT, MAX_TITLE, Effect, kinds, may_give
from pixelbot_site.kit import present_channel
from pixelbot_site.kit.plural import span
from pixelbot_site.kit.steps import SEQUENCE, WAIT, Step, flat, leaves, planned, unfolded
from pixelbot_site.kit.words import change_something

# An item that waits for longer takes nothing in.
WINDOW = timedelta(seconds=10)
# What preparing the item ahead of its turn has set.
UNPREPARED: dict[str, Any] = {
    "is_prepared": False,
    "caption": "",
    "speech_text": "",
    "speech_file": "",
    "speech_seconds": 0,
    "is_spoken_by_page": False,
}


@dataclass(frozen=True, slots=True)
class Shared:
    """An effect that several alike have together. `make` fills in {user}, the sums of numbers, and the spans of others.

    `key`: what those alike have in common. `users` are the viewers whom it is about, the first of them in the item.
    """

    key: str
    make: Callable[[Mapping[str, str | int]], Effect]
    users: Sequence[str]
    sums: Mapping[str, int]
    spans: Mapping[str, int | str] = field(default_factory=dict)

    def filled(self, user: str, numbers: Mapping[str, int | str], number: int) -> Effect:
        """Return the effect with `user` and as many others as there are beside."""
        named = str(chat.NAMES_AND_MORE(names=user, count=number - 1)) if number > 1 else user
        return self.make({**numbers, "user": named})


def split(wanted: Sequence[Step]) -> Iterator[tuple[Sequence[Step], bool]]:
    """Yield the steps of a list one by one, or where one is a pause, all: with whether those alike may share them.

    What `is_own` is for each viewer; everything else is seen and heard once for all of them.
    """
    if len(wanted) > 1 and any(step.get("kind") == WAIT for step in unfolded(wanted)):  # they are one sequence
        yield wanted, not any(map(is_own, wanted))
        return
    for step in wanted:
        yield [step], not is_own(step)


def is_own(step: Step) -> bool:
    """Return whether a step is for each viewer by themselves: it gives something, or its texts count something."""
    return may_give(step) or any(map(change_something, leaves([step])))


def shared(
    wanted: Sequence[Step],
    words: Mapping[str, str | int],
    *,
    key: str,
    users: Sequence[str],
    sums: Mapping[str, int],
    spans: Mapping[str, int | str] | None = None,
) -> Shared:
    """Return steps that are one effect as an effect that those alike share."""
    return Shared(key, lambda more: next(planned(wanted, {**words, **more})), users, sums, spans or {})


def enqueue(effect: Effect | Shared, *, viewer: Viewer | None, event: str | None) -> None:
    """Enqueue an effect that the bot does by itself; one that is shared, in what waits of its kind."""
    if isinstance(effect, Shared):
        add(effect, waiting([effect.key]), viewer=viewer, event=event)
    else:
        items.enqueue_known(effect, viewer=viewer, event=event)


def key_of(*parts: object) -> str:
    """Return a key for what effects alike have in common in a channel; nothing of the parts can be read from it."""
    here = (*parts, present_channel.present())
    return hashlib.blake2s(json.dumps(here, default=str).encode(), digest_size=20).hexdigest()


def waiting(keys: Iterable[str]) -> dict[str, QueueItem]:
    """Return the items that wait and can take more in, by key, in one query."""
    keys = set(keys)
    if not keys:
        return {}
    rows = QueueItem.objects.select_related("viewer").filter(fold_key__in=keys, state=State.PENDING)
    return {row.fold_key or "": row for row in rows.filter(created_at__gte=timezone.now() - WINDOW).order_by("id")}


def add(shared: Shared, into: Mapping[str, QueueItem], *, viewer: Viewer | None, event: str | None) -> None:
    """Let the item of `into` take the effect in, or where there is none or a worker has it by now, enqueue it.

    `viewer` is the first of its users.
    """
    item = into.get(shared.key)
    if item is not None and _take_in(item, shared):
        return
    names = _digests(shared.users)
    user = viewer.username if viewer is not None else next(iter(shared.users), "")
    effect = shared.filled(user, {**shared.sums, **shared.spans}, len(names))
    first, sequel = _divided(effect)
    kind = kinds.get(first.kind)
    # Whom no viewer's row stands for could not be named again.
    if kind is None or kind.lane == INSTANT or bool(viewer) != bool(names):
        items.enqueue_known(effect, viewer=viewer, event=event)
        return
    fold = {"sums": dict(shared.sums), "spans": dict(shared.spans), "names": names}
    items.enqueue_known(first, viewer=viewer, event=event, sequel=sequel, fold_key=shared.key, fold=fold)


def _divided(effect: Effect) -> tuple[Effect, Sequence[Step]]:
    """Return what waits in a lane, and what follows it: of a sequence the first effect and the others."""
    steps = list(flat(effect.payload["effects"])) if effect.kind == SEQUENCE else []
    if not steps:
        return effect, []
    (first,) = planned(steps[:1], None)
    return first, steps[1:]


def _take_in(item: QueueItem, shared: Shared) -> bool:
    old = item.fold or {}
    names = list(dict.fromkeys([*old.get("names", ()), *_digests(shared.users)]))
    sums = {word: number + old.get("sums", {}).get(word, 0) for word, number in shared.sums.items()}
    before = old.get("spans", {})
    spans = {word: span([before.get(word, own), own]) for word, own in shared.spans.items()}
    filled = shared.filled(item.viewer.username if item.viewer else "", {**sums, **spans}, len(names))
    effect, sequel = _divided(filled)
    changes: dict[str, Any] = {
        "payload": dict(effect.payload),
        "sequel": list(sequel),
        "title": effect.title[:MAX_TITLE],
        "folded": (item.folded or 0) + 1,
        "fold": {"sums": sums, "spans": spans, "names": names},
        **UNPREPARED,
    }
    # Zero rows: a worker claimed it, staff ended it, or another took something in since it was read.
    rows = QueueItem.objects.filter(pk=item.pk, state=State.PENDING, attempts=item.attempts, folded=item.folded)
    if not rows.update(**changes):
        return False
    for name, value in changes.items():
        setattr(item, name, value)
    return True


def _digests(users: Iterable[str]) -> list[str]:
    keys = dict.fromkeys(viewer_key(user) for user in users if user)
    return [salted_hmac("effects.queue.folding", key).hexdigest()[:16] for key in keys]

"""What an event set off, once more: free of charge, and without what gives somebody something."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone

from economy import cooldowns
from effects.models import UNFINISHED, Deed, QueueItem
from effects.queue import items
from effects.registry import MAX_TITLE, Effect, kinds, parsed
from pixelbot_site.kit import present_channel
from pixelbot_site.kit.errors import Failed, Refused
from pixelbot_site.kit.plural import counted
from pixelbot_site.kit.steps import Step, pruned

log = logging.getLogger("queue")

# Seconds after which an event's effects can be run once more: a button that is pressed twice runs them once.
NOT_WITHIN = 10.0


@dataclass(slots=True)
class _Plan:
    """The effects of one item that are run again, and in words what of it is left out."""

    effect: Effect | None = None
    left_out: list[str] = field(default_factory=list)


def run_again(event: str, *, by: str) -> str:
    """Enqueue once more what the event with this uid set off, and return a sentence for who asked.

    What gives somebody something is left out. Nobody pays, so that nothing is given back where it fails. Raise Refused
    where nothing is left to run, where it still waits or plays, or where it was run again NOT_WITHIN seconds ago.
    """
    copies, left_out = 0, list[str]()
    with transaction.atomic():
        # Taken with the items: of two who press at once, the second waits here, and is refused.
        if not cooldowns.take({f"run_again:{event}": NOT_WITHIN}, now=timezone.now()):
            raise Refused("its effects were run again a moment ago")
        found = list(QueueItem.objects.select_related("viewer").filter(event=event).order_by("pk"))
        if any(item.state in UNFINISHED for item in found):
            # One that waits for approval must not get by it, either.
            raise Refused("some of its effects still wait or play: they can be run again once they have ended")
        for item in found:
            if item.is_follow_up:
                continue  # it comes with the item that it came of
            plan = _plan(item)
            left_out += plan.left_out
            if plan.effect is not None:
                _enqueue(item, plan.effect, by=by)
                copies += 1
        without = f" Left out is what gives something: {', '.join(left_out)}." if left_out else ""
        if not copies:
            raise Refused(f"nothing is left to run.{without}".rstrip("."))
    log.info("%s ran again what %s set off", by, event)
    return f"In the queue again, free of charge: {counted(copies, 'effect')}.{without}"


def _enqueue(item: QueueItem, effect: Effect, *, by: str) -> None:
    with present_channel.within(item.channel_id or ""):
        copy = items.enqueue(effect, viewer=item.viewer, event=item.event, is_follow_up=True)
    Deed.objects.create(item=item, by=by, what=f"run again with its event, as {copy.pk}")
    Deed.objects.create(item=copy, by=by, what=f"run again with its event, from {item.pk}")


def _plan(item: QueueItem) -> _Plan:
    plan = _Plan()
    own = Effect(item.kind, item.payload, item.title[:MAX_TITLE])

    def keep(step: Step) -> bool:
        kind = kinds.get(str(step.get("kind")))
        if kind is None:
            return False
        try:
            words = kind.given(parsed(kind, step))
        except Failed:  # it was blanked, since its viewer was forgotten
            return False
        if words:
            plan.left_out.append(words)
        return not words

    if steps := pruned([own.step], keep):
        plan.effect = Effect(item.kind, {key: value for key, value in steps[0].items() if key != "kind"}, own.title)
    return plan

"""`!queue`: how much is waiting."""

from __future__ import annotations

from economy.viewers.roles import Role, role_of
from effects.models import QueueItem, State
from effects.queue import lanes
from effects.queue.lanes import place as place_of
from joystick.registry import Call, command
from pixelbot_site.kit import phrases, present_channel

# Items that a moderator is told the numbers of.
MAX_SHOWN = 5

WAITING = phrases.answer("queue.waiting", "{count} {count:item is|items are} waiting.")
NOTHING = phrases.answer("queue.nothing", "nothing is waiting.")
PLACE = phrases.answer("queue.place", "Yours is number {place}.")
APPROVAL = phrases.answer("queue.approval", "Yours is waiting for approval.")
PAUSED = phrases.answer("queue.paused", "Paused: {lanes}.")
NEXT = phrases.answer("queue.next", "Next: {items}.")
TO_APPROVE = phrases.answer("queue.to_approve", "(to approve)")


@command("queue", help="how many items wait to be played, and your place")
def queue_(call: Call) -> str:
    """Tell the queue's length and the caller's place; to moderators also the numbers of what comes next."""
    waiting, place = place_of(call.viewer)
    sentences: list[str] = [WAITING(count=waiting) if waiting else NOTHING()]
    if place:
        sentences.append(PLACE(place=place))
    elif QueueItem.objects.filter(viewer=call.viewer, state=State.WAITING).exists():
        sentences.append(APPROVAL())
    paused = lanes.paused_here()
    if paused:
        sentences.append(PAUSED(lanes=", ".join(paused)))
    if role_of(call.viewer) >= Role.MODERATOR:
        sentences += _next_items()
    return phrases.joined(*sentences)


def _next_items() -> list[str]:
    own = QueueItem.objects.filter(present_channel.is_here(nullable=True))
    rows = own.filter(state__in=[State.WAITING, State.PENDING]).order_by(*lanes.IN_ORDER)[:MAX_SHOWN]
    shown = [
        f"#{row.pk} {row.kind}{f' {TO_APPROVE.part()}' if row.state == State.WAITING else ''}".rstrip() for row in rows
    ]
    return [NEXT(items=", ".join(shown))] if shown else []

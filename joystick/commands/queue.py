"""`!queue`: how much is waiting."""

from __future__ import annotations

from economy.viewers.roles import Role, role_of
from effects.models import QueueItem, State
from effects.queue import lanes
from effects.queue.waiting import place as place_of
from joystick.registry import Call, command

MAX_SHOWN = 5


@command("queue", help="how many wait to be played, and your place")
def queue_(call: Call) -> str:
    """The queue's length, and the caller's place in it; to moderators also the numbers of what comes next."""
    waiting, place = place_of(call.viewer)
    paused = ", ".join(lanes.paused())
    held = f" Paused: {paused}." if paused else ""
    if role_of(call.viewer) >= Role.MODERATOR:
        held += _numbers()
    mine = f" Yours is number {place}." if place else _to_approve(call)
    if not waiting:
        return f"nothing is waiting.{mine}{held}"
    return f"{waiting} {'is' if waiting == 1 else 'are'} waiting.{mine}{held}"


def _to_approve(call: Call) -> str:
    asked = QueueItem.objects.filter(viewer=call.viewer, state=State.WAITING).exists()
    return " Yours waits for approval." if asked else ""


def _numbers() -> str:
    rows = QueueItem.objects.filter(state__in=[State.WAITING, State.PENDING]).order_by("-priority", "id")[:MAX_SHOWN]
    shown = [f"#{row.pk} {row.kind}{' (to approve)' if row.state == State.WAITING else ''}" for row in rows]
    return f" Next: {', '.join(shown)}." if shown else ""

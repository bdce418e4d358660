"""`!queue`: how much is waiting."""

from __future__ import annotations

from economy.viewers.roles import Role, role_of
from effects.models import QueueItem, State
from effects.queue import lanes
from effects.queue.lanes import place as place_of
from joystick.registry import Call, command
from pixelbot_site.kit.plural import counted

# Items that a moderator is told the numbers of.
MAX_SHOWN = 5


@command("queue", help="how many items wait to be played, and your place")
def queue_(call: Call) -> str:
    """Tell the queue's length and the caller's place; to moderators also the numbers of what comes next."""
    waiting, place = place_of(call.viewer)
    verb = "is" if waiting == 1 else "are"
    sentences = [f"{counted(waiting, 'item')} {verb} waiting." if waiting else "nothing is waiting."]
    if place:
        sentences.append(f"Yours is number {place}.")
    elif QueueItem.objects.filter(viewer=call.viewer, state=State.WAITING).exists():
        sentences.append("Yours is waiting for approval.")
    paused = lanes.paused()
    if paused:
        sentences.append(f"Paused: {', '.join(paused)}.")
    if role_of(call.viewer) >= Role.MODERATOR:
        sentences += _next_items()
    return " ".join(sentences)


def _next_items() -> list[str]:
    rows = QueueItem.objects.filter(state__in=[State.WAITING, State.PENDING]).order_by("-priority", "id")[:MAX_SHOWN]
    shown = [f"#{row.pk} {row.kind}{' (to approve)' if row.state == State.WAITING else ''}" for row in rows]
    return [f"Next: {', '.join(shown)}."] if shown else []

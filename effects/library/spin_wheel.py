"""Spin the prize wheel."""

from __future__ import annotations

from effects import wheel
from effects.models import QueueItem, Spin, WheelLine
from effects.registry import Effect, Payload, Told, effect


class SpinWheel(Payload):
    """Nothing to say: the wheel is the streamer's."""


def spin_wheel() -> Effect:
    """The effect that spins."""
    return Effect("spin_wheel", {}, title="the wheel")


def is_drawn(item: QueueItem) -> bool:
    """Once drawn, the prize is the viewer's, whether anybody saw the wheel or not."""
    return Spin.objects.filter(item=item.pk).exists()


@effect("spin_wheel", lane="wheel", repeatable=True, payload=SpinWheel, promised=is_drawn, settle=wheel.give)
def perform(item: QueueItem) -> Told:
    """Draws, unless it was drawn before a crash, and has the overlay turn the wheel to that prize."""
    spin = wheel.draw(item)
    if item.attempts == 1:
        words = {"user": spin.viewer.username if spin.viewer else "somebody", "prize": ""}
        wheel.say(WheelLine.When.SPIN, words, spin.viewer)
    told, seconds = wheel.message(spin)
    return Told(told, seconds=seconds)

"""Spin the prize wheel."""

from __future__ import annotations

from effects import wheel
from effects.models import QueueItem, Spin, WheelLine
from effects.registry import EffectKind, OverlayTask, Payload, register


class SpinWheel(Payload):
    """No fields: the prizes are rows."""


@register
class SpinWheelKind(EffectKind[SpinWheel]):
    """Once drawn, the prize is the viewer's, whether anybody saw the wheel or not."""

    name = "spin_wheel"
    lane = "wheel"
    repeatable = True
    payload = SpinWheel

    def perform(self, item: QueueItem, payload: SpinWheel) -> OverlayTask:
        """Draw, unless it was drawn before a crash, and have the overlay turn the wheel to that prize."""
        spin = wheel.draw(item)
        if item.attempts == 1:
            words = {"user": spin.viewer.username if spin.viewer else "somebody", "prize": ""}
            wheel.say(WheelLine.When.SPIN, words, spin.viewer)
        return wheel.task(spin)

    def seconds(self, payload: SpinWheel) -> float:
        """Return how long the wheel turns and shows the prize, from the settings."""
        return wheel.seconds()

    def is_promised(self, item: QueueItem) -> bool:
        """Return whether a prize was drawn."""
        return Spin.objects.filter(item=item.pk).exists()

    def settle(self, item: QueueItem) -> None:
        """Give the prize."""
        wheel.give(item)

"""Spin the prize wheel."""

from __future__ import annotations

from effects import wheel
from effects.models import QueueItem, Spin, WheelLine
from effects.overlays import pages
from effects.overlays.onscreen import OnScreen
from effects.registry import Card, EffectKind, Group, OverlayTask, Payload, register
from effects.settings_table import QueueSettings
from pixelbot_site.kit.errors import Refused


class SpinWheel(Payload):
    """No fields: the prizes are rows of `Prize`."""


@register
class SpinWheelKind(EffectKind[SpinWheel]):
    """A spin. Once drawn, the prize belongs to the viewer, even if no overlay shows the wheel."""

    name = "spin_wheel"
    lane = "wheel"
    repeatable = True
    payload = SpinWheel
    card = Card(Group.SCREEN, "Spin the wheel", "Spins the prize wheel for the viewer.")

    def require_ready(self) -> None:
        if not QueueSettings.current().wheel_without_overlay:
            pages.require_open("wheel")

    def require_usable(self, payload: SpinWheel) -> None:
        if not wheel.winnable(None):
            raise Refused(wheel.NOTHING_TO_WIN())

    def require_testable(self, payload: SpinWheel) -> None:
        pages.require_open("wheel")  # without one, a spin still wins a prize, but a test shows nothing
        super().require_testable(payload)

    def given(self, payload: SpinWheel) -> str:
        """Return that it spins: what is drawn is given."""
        return "spin the wheel"

    def perform(self, item: QueueItem, payload: SpinWheel) -> OverlayTask:
        """Draw the prize, unless an earlier attempt has, and have the overlays turn the wheel to it."""
        if item.is_test:
            return wheel.rehearse(item)
        spin = wheel.draw(item)
        if item.attempts == 1:  # said once, even if the spin is repeated after a crash
            username = spin.viewer.username if spin.viewer else "somebody"
            wheel.say(WheelLine.When.SPIN, {"user": username, "prize": ""}, spin.viewer, event=item.event)
        user = OnScreen.now().name(spin.viewer.username) if spin.viewer else ""
        return wheel.overlay_task(spin, user=user)

    def seconds(self, payload: SpinWheel) -> float:
        """Return how long the wheel turns and shows the prize, from the settings."""
        return wheel.seconds()

    def is_promised(self, item: QueueItem) -> bool:
        """Return whether a prize was drawn."""
        return Spin.objects.filter(item=item.pk).exists()

    def settle(self, item: QueueItem) -> None:
        """Give the prize."""
        wheel.give(item)

"""Spin the prize wheel: the prize is drawn and stored, then shown, then given once."""

from __future__ import annotations

import logging
import secrets

from django.db import transaction
from django.utils import timezone

from economy.models import Viewer
from effects import chat, wheel
from effects.chat import Priority
from effects.media import sounds
from effects.models import QueueItem, Spin, WheelLine
from effects.overlays import pages
from effects.overlays.onscreen import OnScreen
from effects.queue import items
from effects.registry import Card, EffectKind, Group, OverlayTask, Payload, register
from effects.registry.values import speak
from effects.settings_table import QueueSettings
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Failed, Refused
from pixelbot_site.kit.steps import planned
from pixelbot_site.kit.transactions import after_commit
from pixelbot_site.kit.words import fill

log = logging.getLogger("wheel")

SOMEBODY = phrases.answer("word.somebody", "somebody")


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
            return rehearse(item)
        with transaction.atomic():
            if not items.hold(item):
                raise Failed(items.BROKE())  # said to nobody: it was cancelled, or another worker has it
            spin = wheel.draw(item)
        if item.attempts == 1:  # said once, even if the spin is repeated after a crash
            username = spin.viewer.username if spin.viewer else SOMEBODY()
            say(WheelLine.When.SPIN, {"user": username, "prize": ""}, spin.viewer, event=item.event)
        user = OnScreen.now().name(spin.viewer.username) if spin.viewer else ""
        return overlay_task(spin, user=user)

    def seconds(self, payload: SpinWheel) -> float:
        """Return how long the wheel turns and shows the prize, from the settings."""
        return seconds()

    def is_promised(self, item: QueueItem) -> bool:
        """Return whether a prize was drawn."""
        return Spin.objects.filter(item=item.pk).exists()

    def settle(self, item: QueueItem) -> None:
        """Give the prize."""
        give(item)


def rehearse(item: QueueItem) -> OverlayTask:
    """Return the task for the overlays of a spin that staff only try: drawn by the same odds, neither stored nor paid.

    Raise Failed if no prize is left.
    """
    prizes = wheel.winnable(None)
    if not prizes:
        raise Failed(wheel.NO_PRIZE_LEFT())
    return overlay_task(wheel.spin_of(item, wheel.pick(prizes), prizes), user=item.tried_by)


def overlay_task(spin: Spin, *, user: str) -> OverlayTask:
    """Return the task for the overlays: the wheel, turned by the viewer called `user` to the prize of `spin`."""
    rules = QueueSettings.current()
    wheel_sounds = {name: sounds.named(f"wheel-{name}") for name in ("start", "loop", "win")}
    message = {
        "type": "wheel",
        "slices": spin.odds,
        "prize": next(place for place, segment in enumerate(spin.odds) if segment["name"] == spin.prize_name),
        "prize_name": spin.prize_name,
        "user": user,
        "seconds": rules.wheel_spin_seconds,
        "hold": rules.wheel_hold_seconds,
        "sounds": {name: sounds.address(sound) for name, sound in wheel_sounds.items() if sound},
        "volumes": {name: sounds.volume(sound) for name, sound in wheel_sounds.items() if sound},
    }
    return OverlayTask(message, seconds=seconds())


def seconds() -> float:
    """Return how long a spin takes on the overlays: turning, then showing the prize."""
    rules = QueueSettings.current()
    return rules.wheel_spin_seconds + rules.wheel_hold_seconds


def give(item: QueueItem) -> None:
    """Give the winner what was drawn, once. Call it in the transaction that ends the item."""
    spin = Spin.objects.select_related("viewer").filter(item=item).first()
    if spin is None:
        return
    # Conditional: of two calls, one pays.
    if not Spin.objects.filter(pk=spin.pk, paid_at=None).update(paid_at=timezone.now()):
        return
    words = {"user": spin.viewer.username if spin.viewer else SOMEBODY(), "prize": spin.prize_name}
    if spin.line:
        _say(fill(spin.line, words), Priority.ANSWER, spin.viewer, spoken=True, event=item.event)
    else:
        say(WheelLine.When.PRIZE, words, spin.viewer, event=item.event)
    for effect in planned(spin.effects, words):
        part_of = f"the prize {spin.prize_name}"
        items.enqueue_known(effect, viewer=spin.viewer, part_of=part_of, event=item.event)
    after_commit(log.info, "%s won %s", words["user"], spin.prize_name)


def say(when: WheelLine.When, words: dict[str, str], viewer: Viewer | None, *, event: str | None = None) -> None:
    """Say one of the lines for this moment in chat, and by the voice if the line says so. `event`: the spin's."""
    rows = list(WheelLine.objects.filter(when=when, enabled=True))
    if not rows:
        return
    row = secrets.choice(rows)
    # What was won is the answer to a purchase.
    priority = Priority.ANSWER if when == WheelLine.When.PRIZE else Priority.CHATTER
    _say(fill(row.text, words), priority, viewer, spoken=row.spoken, event=event)


def _say(text: str, priority: Priority, viewer: Viewer | None, *, spoken: bool, event: str | None) -> None:
    if spoken:
        items.enqueue(speak(text, source="wheel"), viewer=viewer, event=event)
    chat.say(text, priority)

"""The guide of the first evening: its steps, each ticked by the state that it leads to and by nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings

from economy.settings_table import PointsSettings
from effects.models import Overlay, OverlayPage, QueueItem, State
from effects.obs import address
from effects.obs import health as obs
from joystick.account import oauth
from joystick.models import InboundEvent
from joystick.settings_table import JoystickSettings
from pixelbot_site.index.lamps import Moment
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.timed_cache import TimedCache
from pixelbot_site.models import SkippedStep

UNNAMED = ("point", "points")


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the guide. `key` names its part of the template."""

    key: str
    title: str
    is_done: bool
    is_skipped: bool

    @property
    def is_open(self) -> bool:
        """Whether it is still to be done."""
        return not (self.is_done or self.is_skipped)


@dataclass(frozen=True, slots=True)
class Guide:
    """The steps, in their order."""

    steps: list[Step]
    overlay: Overlay | None
    points_name: str
    points_name_plural: str

    @property
    def is_over(self) -> bool:
        """Whether each step is done or skipped."""
        return not any(step.is_open for step in self.steps)

    @property
    def next_key(self) -> str:
        """The first step that is to be done."""
        return next((step.key for step in self.steps if step.is_open), "")


# What is over stays over in this process, so that the index need not ask for each step for ever.
due = TimedCache[Guide | None](keeps=lambda guide: guide is None)


def guide_if_due(moment: Moment, *, wanted: bool) -> Guide | None:
    """Return the guide until it is over, and where it is `wanted`."""

    def find() -> Guide | None:
        found = guide(moment)
        return None if found.is_over else found

    return guide(moment) if wanted else due.get(find)


def guide(moment: Moment) -> Guide:
    """Return the guide. The demo, which is connected already, has no steps for that."""
    skipped = set(SkippedStep.objects.values_list("key", flat=True))
    rules = PointsSettings.current()
    steps = [
        Step(key, title, is_done(moment), key in skipped)
        for key, title, is_done in STEPS
        if not (settings.DEMO and key in CONNECTING)
    ]
    return Guide(steps, Overlay.objects.first(), rules.points_name, rules.points_name_plural)


def _is_named(moment: Moment) -> bool:
    rules = PointsSettings.current()
    return (rules.points_name, rules.points_name_plural) != UNNAMED


def _has_application(moment: Moment) -> bool:
    return oauth.is_configured() or bool(JoystickSettings.current().joystick_gateway_token)


def _is_connected(moment: Moment) -> bool:
    with_token = any(install.access_token and not install.trouble for install in moment.installs)
    return with_token or bool(JoystickSettings.current().joystick_gateway_token)


def _has_overlay(moment: Moment) -> bool:
    # What an overlay has played stays, so that the step is not undone by closing OBS.
    is_open = OverlayPage.objects.filter(until__gt=moment.now).exists()
    return is_open or QueueItem.objects.filter(playing_at__isnull=False).exists()


def _was_heard(moment: Moment) -> bool:
    return QueueItem.objects.filter(kind="speak", state=State.DONE).exists()


def _has_obs(moment: Moment) -> bool:
    try:
        return address.options().enabled and not obs.trouble()
    except Failed:
        return False


def _was_greeted(moment: Moment) -> bool:
    return InboundEvent.objects.filter(kind="new_message").exists()


CONNECTING = ("application", "connect")
STEPS: tuple[tuple[str, str, Callable[[Moment], bool]], ...] = (
    ("points", "Name your points", _is_named),
    ("application", "Enter your application's id", _has_application),
    ("connect", "Connect your channel", _is_connected),
    ("overlay", "Open the overlay in OBS", _has_overlay),
    ("voice", "Hear the voice", _was_heard),
    ("obs", "Let the bot find OBS (optional)", _has_obs),
    ("hello", "Say hello in your chat", _was_greeted),
)

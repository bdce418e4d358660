"""What a mute that Joystick tells of does."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from economy.models import Viewer
from joystick.chat.moderation import doors
from joystick.protocol.events import Mute
from joystick.registry import NOTHING, Outcome, on
from joystick.settings_table import Rules


@on(Mute)
def on_mute(mute: Mute, rules: Rules) -> Outcome:
    """Cancel and refund what of a muted viewer's waits."""
    return Outcome(after_paying=partial(_cancel, mute)) if mute.kind == "user_muted" else NOTHING


def _cancel(mute: Mute, viewers: Mapping[str, Viewer]) -> Outcome:
    doors.heard_of_mute(mute.username)
    return NOTHING

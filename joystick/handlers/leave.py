"""What a viewer's leaving the stream does."""

from __future__ import annotations

from joystick.protocol.events import Left
from joystick.registry import Outcome, on
from joystick.settings_table import Rules


@on(Left)
def on_leave(left: Left, rules: Rules) -> Outcome:
    """Mark the viewer as gone. For somebody who was not here, it changes nothing."""
    return Outcome(left=(left.username,))

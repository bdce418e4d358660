"""Somebody leaves."""

from __future__ import annotations

from joystick.protocol.events import Left
from joystick.registry import Outcome, on
from joystick.settings_table import Rules


@on(Left)
def on_leave(left: Left, rules: Rules) -> Outcome:
    """Not here any more. Told twice, or without having come in, it changes nothing."""
    return Outcome(left=(left.username,))

"""What a new level does beside its rewards, which are paid already."""

from __future__ import annotations

from economy.ledger.rewards import LevelUp
from effects.chat import Priority
from effects.queue import level_ups
from joystick.registry import Outcome, on
from joystick.settings_table import Rules


@on(LevelUp)
def on_level_up(up: LevelUp, rules: Rules) -> Outcome:
    """Say the rewarded levels in chat, speak them on the stream, and enqueue their effects."""
    lines, effects = level_ups.announced(up, rules)
    return Outcome(lines=lines, priority=Priority.LEVEL_UP, effects=effects, viewer=up.viewer)

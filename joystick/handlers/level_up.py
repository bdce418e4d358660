"""A viewer reached a new level. The rewards are paid already; here they are announced."""

from __future__ import annotations

from economy.ledger.rewards import LevelUp
from effects import announcements
from joystick.registry import Outcome, on
from joystick.settings_table import Rules


@on(LevelUp)
def on_level_up(up: LevelUp, rules: Rules) -> Outcome:
    """The rewarded levels with a line are said in chat, and spoken on the stream; their effects happen."""
    lines, effects = announcements.announced(up, rules)
    return Outcome(lines=lines, effects=effects, viewer=up.viewer)

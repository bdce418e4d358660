"""A new level."""

from __future__ import annotations

from economy.ledger.rewards import LevelUp
from joystick.reactions.kinds import Occasion, occasion


@occasion("level_up", LevelUp, title="somebody reaches a level", words={"level": 5}, amount="level")
def level_up(up: LevelUp) -> Occasion:
    """Return the occasion of a new level; of several at once, the highest."""
    return Occasion(up.viewer.username, words={"level": up.to_level})

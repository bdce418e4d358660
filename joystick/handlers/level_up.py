"""A viewer reached a new level. The rewards are paid already; here they are announced."""

from __future__ import annotations

from economy.models import LevelReward
from economy.xp import LevelUp
from effects.library.speak import speak
from joystick.registry import Outcome, on
from pixelbot_site.kit.rules import Rules


@on(LevelUp)
def on_level_up(up: LevelUp, rules: Rules) -> Outcome:
    """Every rewarded level with a line is spoken on the stream and said in chat."""
    spoken = [(reward, line(reward, up.viewer.username)) for reward in up.rewards if reward.line]
    return Outcome(
        effects=tuple(speak(text) for _, text in spoken),
        lines=tuple(
            f"{text} (+{reward.points} points)" if reward.points and rules.points_enabled else text
            for reward, text in spoken
        ),
    )


def line(reward: LevelReward, username: str) -> str:
    """The reward's line with {user} and {level} filled in; other braces stay as they are."""
    return reward.line.replace("{user}", username).replace("{level}", str(reward.level))

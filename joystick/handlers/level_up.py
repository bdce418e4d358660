"""A viewer reached a new level. The rewards are paid already; here they are announced."""

from __future__ import annotations

from economy.xp import LevelUp, Reward
from effects.library.speak import speak
from joystick.registry import Outcome, on
from pixelbot_site.kit.rules import Rules

MOST_SAID = 3


@on(LevelUp)
def on_level_up(up: LevelUp, rules: Rules) -> Outcome:
    """The rewarded levels with a line are said in chat, and spoken on the stream. Of a long jump, the last ones."""
    said = [(reward, line(reward, up.viewer.username)) for reward in up.rewards if reward.line][-MOST_SAID:]
    return Outcome(
        effects=tuple(speak(text) for reward, text in said if reward.spoken),
        lines=tuple(
            f"{text} (+{reward.points} points)" if reward.points and rules.points_enabled else text
            for reward, text in said
        ),
    )


def line(reward: Reward, username: str) -> str:
    """The reward's line with {user} and {level} filled in; other braces stay as they are."""
    return reward.line.replace("{user}", username).replace("{level}", str(reward.level))

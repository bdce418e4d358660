"""How a level-up is celebrated, on the stream and in chat."""

from __future__ import annotations

from economy.ledger.rewards import LevelUp, Reward
from economy.settings_table import PointsSettings
from effects import chat
from effects.chat import Priority
from effects.queue import items
from effects.values import speak
from pixelbot_site.kit.steps import Effect, planned
from pixelbot_site.kit.words import fill

# How many lines a jump over many levels says.
MAX_LINES = 3


def announced(up: LevelUp, rules: PointsSettings) -> tuple[tuple[str, ...], tuple[Effect, ...]]:
    """Return (lines for chat, effects) of a level-up.

    Of the rewards with a line, the last MAX_LINES are said and spoken; the effects of all rewards happen.
    """
    due = [(reward, line(reward, up.viewer.username)) for reward in up.rewards if reward.line][-MAX_LINES:]
    lines = tuple(
        f"{text} (+{rules.amount(reward.points)})" if reward.points and rules.points_enabled else text
        for reward, text in due
    )
    spoken = tuple(speak(text, source="level") for reward, text in due if reward.spoken)
    more = tuple(
        effect
        for reward in up.rewards
        for effect in planned(reward.effects, {"user": up.viewer.username, "level": reward.level})
    )
    return lines, spoken + more


def celebrate(up: LevelUp, rules: PointsSettings, *, event: str | None = None) -> None:
    """Say and enqueue what `announced` returns: for XP that is paid outside the inbox, which does this itself.

    `event`: the uid of the event that the XP goes back to.
    """
    lines, effects = announced(up, rules)
    for text in lines:
        chat.say(text, Priority.LEVEL_UP)
    for effect in effects:
        items.enqueue_known(effect, viewer=up.viewer, event=event)


def line(reward: Reward, username: str) -> str:
    """Return the reward's line with its words filled in."""
    return fill(reward.line, {"user": username, "level": reward.level})

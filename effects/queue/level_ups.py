"""How a level-up is celebrated, on the stream and in chat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from economy.ledger.rewards import LevelUp, Reward
from economy.settings_table import PointsSettings
from effects import chat
from effects.chat import Line, Priority
from effects.queue import folding
from effects.queue.folding import Shared
from effects.registry.values import speak
from pixelbot_site.kit import present_channel
from pixelbot_site.kit.hooks import Hook
from pixelbot_site.kit.steps import Effect, planned
from pixelbot_site.kit.transactions import after_commit
from pixelbot_site.kit.words import fill

level_celebrated = Hook[[LevelUp, str], None](
    "level_celebrated",
    __name__,
    "React, after the commit, to a level that was reached by XP that was bought or won, in a channel.",
)

# How many lines a jump over many levels says.
MAX_LINES = 3


def announced(up: LevelUp, rules: PointsSettings) -> tuple[tuple[Line, ...], tuple[Effect | Shared, ...]]:
    """Return (lines for chat, effects) of a level-up.

    Of the rewards with a line, the last MAX_LINES are said and spoken; the effects of all rewards happen.
    """
    due = [reward for reward in up.rewards if reward.line][-MAX_LINES:]
    lines = tuple(_said(reward, up.viewer.username, rules) for reward in due)
    spoken = tuple(_spoken(reward, up.viewer.username) for reward in due if reward.spoken)
    return lines, (*spoken, *(effect for reward in up.rewards for effect in _effects(reward, up.viewer.username)))


def _said(reward: Reward, username: str, rules: PointsSettings) -> Line:
    template = reward.line.replace("{level}", str(reward.level))
    if reward.points and rules.points_enabled:
        template += f" (+{rules.amount(reward.points)})"
    return Line(template.replace("{user}", username), template, {"user": username})


def _spoken(reward: Reward, username: str) -> Shared:
    def make(words: Mapping[str, str | int]) -> Effect:
        return speak(line(reward, str(words["user"])), source="level")

    return Shared(folding.key_of("level line", reward.level, reward.line), make, [username], {})


def _effects(reward: Reward, username: str) -> Iterator[Effect | Shared]:
    words: Mapping[str, str | int] = {"user": username, "level": reward.level}
    for place, (steps, is_shared) in enumerate(folding.split(reward.effects)):
        if is_shared:
            key = folding.key_of("level", reward.rule, reward.level, place, steps)
            yield folding.shared(steps, words, key=key, users=[username], sums={})
        else:
            yield from planned(steps, words)


def celebrate(up: LevelUp, rules: PointsSettings, *, event: str | None = None, is_earned: bool) -> None:
    """Say and enqueue what `announced` returns: for XP that is paid outside the inbox, which does this itself.

    `event`: the uid of the event that the XP goes back to. `is_earned`: neither bought nor won, as what a reaction
    gives: nothing reacts to its level, since a reaction that gives XP could set itself off again and again.
    """
    lines, effects = announced(up, rules)
    for text in lines:
        chat.say(text, Priority.LEVEL_UP)
    for effect in effects:
        folding.enqueue(effect, viewer=up.viewer, event=event)
    if not is_earned:
        after_commit(level_celebrated.call, replace(up, event=event or ""), present_channel.present())


def line(reward: Reward, username: str) -> str:
    """Return the reward's line with its words filled in."""
    return fill(reward.line, {"user": username, "level": reward.level})

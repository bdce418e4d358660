"""The rewards that are due between two levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from economy.ledger.points import Grant
from economy.models import LevelReward, Viewer
from pixelbot_site.kit.steps import Step


@dataclass(frozen=True, slots=True)
class Reward:
    """What reaching `level` brings: points, a line, effects. `rule` is the id of the LevelReward."""

    level: int
    points: int
    line: str
    spoken: bool
    rule: int = 0
    effects: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class LevelUp:
    """A viewer went from one level to a higher one. `rewards` are those of every level between that were never given;
    `economy.earning.pay` pays their points. `event` is the uid of the event that did it.
    """

    viewer: Viewer
    from_level: int
    to_level: int
    rewards: tuple[Reward, ...] = ()
    event: str = ""


def rewards_between(rules: Sequence[LevelReward], low: int, high: int) -> tuple[Reward, ...]:
    """Return what the levels after `low`, up to `high`, bring, by level."""
    rewards = []
    for rule in rules:
        first = rule.level * (low // rule.level + 1)
        levels = range(first, high + 1, rule.level) if rule.repeats else [rule.level]
        rewards += [
            Reward(level, rule.points, rule.line, rule.spoken, rule.pk, tuple(rule.effects))
            for level in levels
            if low < level <= high
        ]
    return tuple(sorted(rewards, key=lambda reward: (reward.level, reward.rule)))


def reward_points(level_ups: Sequence[LevelUp], *, enabled: bool) -> list[Grant]:
    """Return the grants for the levels reached. The rule's id is in the reference: two rules for a level both pay."""
    return [
        Grant(
            up.viewer,
            reward.points,
            "level",
            f"level:{reward.level}:{reward.rule}:{up.viewer.pk}",
            f"level {reward.level}",
            event=up.event,
        )
        for up in level_ups
        for reward in up.rewards
        if reward.points and enabled
    ]

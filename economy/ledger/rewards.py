"""The rewards that are due between two levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from economy.ledger.points import Grant
from economy.models import GivenReward, LevelReward, Viewer
from economy.models.heirs import merged_into
from pixelbot_site.kit import bulk
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


def give_once(level_ups: Sequence[LevelUp]) -> list[LevelUp]:
    """Return `level_ups` with those rewards that were never given to the viewer, or to somebody who was merged into
    them, and store that they are given. Call it inside a transaction that holds the viewers' XP.
    """
    ids = {up.viewer.pk for up in level_ups if up.rewards}
    same = {pk: {pk, *former} for pk, former in merged_into(ids).items()}
    asked = {_reference(reward, pk) for up in level_ups for reward in up.rewards for pk in same[up.viewer.pk]}
    given = bulk.among(GivenReward, "reference", asked)
    due = [
        replace(
            up,
            rewards=tuple(
                reward for reward in up.rewards if given.isdisjoint(_reference(reward, pk) for pk in same[up.viewer.pk])
            ),
        )
        for up in level_ups
    ]
    GivenReward.objects.bulk_create(
        [GivenReward(reference=_reference(reward, up.viewer.pk)) for up in due for reward in up.rewards]
    )
    return due


def _reference(reward: Reward, viewer_id: int) -> str:
    """Return the reference of a viewer's reward. The rule's id is in it: two rules for a level are both given."""
    return f"level:{reward.level}:{reward.rule}:{viewer_id}"


def reward_points(level_ups: Sequence[LevelUp], *, enabled: bool) -> list[Grant]:
    """Return the grants for the levels reached."""
    return [
        Grant(
            up.viewer,
            reward.points,
            "level",
            _reference(reward, up.viewer.pk),
            f"level {reward.level}",
            event=up.event,
        )
        for up in level_ups
        for reward in up.rewards
        if reward.points and enabled
    ]

"""Levels' rewards over a viewer's whole life: lost and regained, given by hand, switched off, merged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from economy.earning.pay import Award, pay
from economy.ledger import audit, xp
from economy.ledger.levels import Curve
from economy.ledger.rewards import LevelUp
from economy.models import XP, Cooldown, GivenReward, Item, LevelReward, Points, Transaction, Viewer
from economy.viewers import inventory, merging
from joystick.settings_table import Rules
from joystick.simulator.happenings import chat

pytestmark = pytest.mark.django_db

Make = Callable[..., Viewer]


@pytest.fixture
def reward(db: None) -> LevelReward:
    """Level 2 brings 100 points and a line."""
    return LevelReward.objects.create(level=2, points=100, line="{user} is level {level}!", spoken=True)


@pytest.fixture
def curve() -> Curve:
    return xp.current_curve()


def balance(name: str) -> int:
    return Points.objects.get(viewer__key=name.casefold()).balance


def standing(name: str) -> tuple[int, int]:
    """Return the viewer's XP and level."""
    row = XP.objects.get(viewer__key=name.casefold())
    return row.total, row.level


def earn(name: str, amount: int, rules: Rules, now: datetime, *, event: str) -> list[LevelUp]:
    return pay([Award(name, "tip", event, xp=amount)], rules=rules, now=now)


def test_a_level_is_reached_with_exactly_the_xp_it_takes(
    viewer: Make, reward: LevelReward, curve: Curve, rules: Rules, now: datetime
) -> None:
    viewer("Ann")
    needed = curve.begins(2)
    assert earn("Ann", needed - 1, rules, now, event="1") == []
    assert standing("ann") == (needed - 1, 1) and balance("ann") == 0
    (up,) = earn("Ann", 1, rules, now, event="2")
    assert (up.from_level, up.to_level) == (1, 2)
    assert standing("ann") == (needed, 2) and balance("ann") == 100


def test_a_level_that_was_lost_and_earned_again_brings_nothing_twice(
    viewer: Make, reward: LevelReward, curve: Curve, rules: Rules, now: datetime
) -> None:
    ann = viewer("Ann")
    earn("Ann", curve.begins(2), rules, now, event="1")
    xp.adjust(ann, -curve.begins(2), source="admin", reference="admin:1")
    assert standing("ann") == (0, 1)
    (up,) = earn("Ann", curve.begins(2), rules, now, event="2")
    # The level-up happened, so that overlays may show it; its rewards were given before, line and effects included.
    assert (up.to_level, up.rewards) == (2, ())
    assert balance("ann") == 100
    assert Transaction.objects.filter(source="level").count() == 1


def test_levels_given_by_hand_are_rewarded_with_the_next_xp_that_is_earned(
    viewer: Make, reward: LevelReward, curve: Curve, rules: Rules, now: datetime
) -> None:
    ann = viewer("Ann")
    xp.adjust(ann, curve.begins(2) + 5, source="admin", reference="admin:1")
    assert standing("ann")[1] == 2 and balance("ann") == 0
    (up,) = earn("Ann", 1, rules, now, event="1")
    assert [(given.level, given.line) for given in up.rewards] == [(2, "{user} is level {level}!")]
    assert balance("ann") == 100
    assert earn("Ann", 1, rules, now, event="2") == []


def test_levels_that_count_as_rewarded_bring_nothing_later(
    viewer: Make, reward: LevelReward, curve: Curve, rules: Rules, now: datetime
) -> None:
    ann = viewer("Ann")
    xp.adjust(ann, curve.begins(2), source="import", reference="import:1", rewarded=True)
    assert earn("Ann", 1, rules, now, event="1") == []
    assert balance("ann") == 0


def test_with_points_switched_off_a_level_brings_its_line_and_no_points(
    viewer: Make, reward: LevelReward, curve: Curve, rules: Rules, now: datetime
) -> None:
    viewer("Ann")
    (up,) = earn("Ann", curve.begins(2), replace(rules, points_enabled=False), now, event="1")
    assert [given.line for given in up.rewards] == ["{user} is level {level}!"]
    assert balance("ann") == 0 and not Transaction.objects.exists()


def test_with_xp_switched_off_nothing_is_earned_and_no_level_crossed(
    viewer: Make, reward: LevelReward, curve: Curve, rules: Rules, now: datetime
) -> None:
    viewer("Ann")
    assert earn("Ann", curve.begins(2), replace(rules, xp_enabled=False), now, event="1") == []
    assert standing("ann") == (0, 1)


def test_xp_is_taken_down_to_zero_and_no_further(viewer: Make, curve: Curve) -> None:
    ann = viewer("Ann")
    xp.adjust(ann, 50, source="admin", reference="admin:1")
    row = xp.adjust(ann, -80, source="admin", reference="admin:2")
    assert (row.delta, row.total_after, row.level_after) == (-50, 0, 1)
    assert standing("ann") == (0, 1)
    with pytest.raises(ValueError, match="0 XP can't change by -1"):
        xp.adjust(ann, -1, source="admin", reference="admin:3")
    assert list(audit.findings()) == []


def test_a_jump_over_several_levels_gives_the_rewards_of_each(
    viewer: Make, curve: Curve, rules: Rules, now: datetime
) -> None:
    for level, points in ((2, 10), (3, 20), (5, 40)):
        LevelReward.objects.create(level=level, points=points)
    LevelReward.objects.create(level=4, points=1000, enabled=False)
    viewer("Ann")
    (up,) = earn("Ann", curve.begins(4), rules, now, event="1")
    assert [given.level for given in up.rewards] == [2, 3]
    assert balance("ann") == 30


def test_a_repeating_reward_comes_at_every_multiple_once(
    viewer: Make, curve: Curve, rules: Rules, now: datetime
) -> None:
    LevelReward.objects.create(level=2, points=7, repeats=True)
    viewer("Ann")
    (up,) = earn("Ann", curve.begins(7), rules, now, event="1")
    assert [given.level for given in up.rewards] == [2, 4, 6]
    assert balance("ann") == 21
    references = set(Transaction.objects.values_list("reference", flat=True))
    assert len(references) == 3


def test_two_rules_for_one_level_both_pay(viewer: Make, curve: Curve, rules: Rules, now: datetime) -> None:
    LevelReward.objects.create(level=2, points=7)
    LevelReward.objects.create(level=2, points=5, repeats=True)
    viewer("Ann")
    earn("Ann", curve.begins(2), rules, now, event="1")
    assert balance("ann") == 12


def test_the_same_event_again_crosses_no_level_again(
    viewer: Make, reward: LevelReward, curve: Curve, rules: Rules, now: datetime
) -> None:
    viewer("Ann")
    earn("Ann", curve.begins(2), rules, now, event="1")
    assert earn("Ann", curve.begins(2), rules, now + timedelta(hours=1), event="1") == []
    assert standing("ann")[0] == curve.begins(2) and balance("ann") == 100


def test_merging_brings_no_reward_again_that_either_had(
    viewer: Make, reward: LevelReward, curve: Curve, rules: Rules, now: datetime
) -> None:
    old, new = viewer("Old"), viewer("New")
    earn("Old", curve.begins(2), rules, now, event="1")
    earn("New", 1, rules, now, event="2")
    merging.merge(old, new)
    assert balance("new") == 100 and standing("new") == (curve.begins(2) + 1, 2)
    assert earn("New", 1, rules, now, event="3") == []
    assert balance("new") == 100


def test_undoing_a_merge_gives_back_what_each_was_known_for(viewer: Make, reward: LevelReward) -> None:
    old, new = viewer("Old", points=30), viewer("New", points=5)
    Viewer.objects.filter(pk=old.pk).update(is_subscriber=True, excluded=True)
    merge = merging.merge(old, new)
    assert Viewer.objects.get(pk=new.pk).is_subscriber
    merging.undo(merge)
    assert (balance("old"), balance("new")) == (30, 5)
    target = Viewer.objects.get(pk=new.pk)
    assert (target.is_subscriber, target.excluded) == (False, None)
    assert Viewer.objects.get(pk=old.pk).merged_into is None
    assert list(audit.findings()) == []


def test_a_chain_of_merges_pays_the_one_at_its_end(viewer: Make, rules: Rules, now: datetime) -> None:
    first, second, third = viewer("First", points=1), viewer("Second", points=2), viewer("Third", points=4)
    merging.merge(first, second)
    merging.merge(second, third)
    pay([Award("First", "tip", "1", points=8), Award("Second", "tip", "2", points=16)], rules=rules, now=now)
    assert [balance(name) for name in ("first", "second", "third")] == [0, 0, 31]
    assert list(audit.findings()) == []


def test_undoing_a_merge_brings_no_reward_again_to_either(
    viewer: Make, reward: LevelReward, curve: Curve, rules: Rules, now: datetime
) -> None:
    LevelReward.objects.create(level=3, points=7, line="", effects=[{"kind": "grant_item", "item": "hat"}])
    old, new = viewer("Old"), viewer("New")
    earn("Old", curve.begins(2), rules, now, event="1")
    merge = merging.merge(old, new)
    (up,) = earn("New", curve.begins(3), rules, now, event="2")
    assert [given.level for given in up.rewards] == [3]
    merging.undo(merge)
    assert set(XP.objects.values_list("rewarded_level", flat=True)) == {3}
    ups = earn("Old", curve.begins(3), rules, now, event="3") + earn("New", curve.begins(3), rules, now, event="4")
    assert [given for up in ups for given in up.rewards] == []
    assert (balance("old"), balance("new")) == (100, 7)


def test_each_reward_is_given_once_whatever_level_counts_as_rewarded(
    viewer: Make, reward: LevelReward, curve: Curve, rules: Rules, now: datetime
) -> None:
    other = LevelReward.objects.create(level=2, repeats=True, points=0, line="again", effects=[])
    old, new = viewer("Old"), viewer("New")
    earn("Old", curve.begins(2), rules, now, event="1")
    merging.merge(old, new)
    XP.objects.update(total=0, level=1, rewarded_level=1)  # as undoing a merge left it once
    ups = earn("New", curve.begins(2), rules, now, event="2")
    assert [up.rewards for up in ups] == [()]
    assert set(GivenReward.objects.values_list("reference", flat=True)) == {
        f"level:2:{rule.pk}:{old.pk}" for rule in (reward, other)
    }
    assert balance("new") == 100  # what came with the merge


@pytest.mark.django_db(transaction=True)
def test_the_effects_of_a_level_come_once_over_a_merge_and_its_undoing(
    viewer: Make, curve: Curve, deliver: Callable[..., None], said: list[str]
) -> None:
    Item.objects.create(key="hat", name="A hat")
    effects = [{"kind": "grant_item", "item": "hat"}]
    LevelReward.objects.create(level=2, line="{user} is level {level}!", spoken=False, effects=effects)
    old, new = viewer("Old"), viewer("New")
    merge = merging.merge(old, new)
    award_by_hand = curve.begins(2) - 1
    xp.adjust(new, award_by_hand, source="admin", reference="admin:1")
    deliver(chat("New", "hello"))
    assert said == ["New is level 2!"] and inventory.held(new) == [("A hat", 1)]
    merging.undo(merge)
    xp.adjust(new, -curve.begins(2), source="admin", reference="admin:2")
    xp.adjust(new, curve.begins(2), source="admin", reference="admin:3")
    Cooldown.objects.all().delete()
    deliver(chat("New", "hello again"))
    assert said == ["New is level 2!"] and inventory.held(new) == [("A hat", 1)]


def test_xp_that_is_awarded_by_hand_brings_no_points_where_points_are_switched_off(
    viewer: Make, reward: LevelReward, curve: Curve, settings: Any
) -> None:
    settings.POINTS_ENABLED = False
    up = xp.award(viewer("Ann"), curve.begins(2), source="admin", reference="admin:1")
    assert up is not None and [given.level for given in up.rewards] == [2]
    assert balance("ann") == 0 and not Transaction.objects.exists()

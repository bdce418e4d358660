"""Reactions of a version that knew tips by size alone: nothing that the streamer wrote is lost, and the rows do the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from economy.models import Cooldown
from joystick.models import Reaction
from joystick.reactions import sentences
from joystick.simulator.happenings import follow, spin, tip
from pixelbot_site.models import SettingOverride
from tests.single_migrations import migrate, migrate_back

pytestmark = pytest.mark.django_db(transaction=True)

OLD = [("joystick", "0009_built_in_commands")]


@pytest.fixture
def old() -> Iterator[Any]:
    """The model of old rows, in tables of that version; those of today come back after the test."""
    yield migrate_back(OLD).get_model("joystick", "Reaction")
    migrate()


def test_every_row_is_kept_with_what_it_said(old: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIP_LOW_MAX", "20")
    monkeypatch.setenv("TIP_HIGH_MAX", "600")
    SettingOverride.objects.create(name="TIP_HIGH_MAX", value="700", changed_at=timezone.now())
    effects = [{"kind": "speak", "text": "{user}!", "source": "tip"}]
    names = ("tip_beyond", "tip_extreme", "tip_high", "tip_medium", "tip_low", "follow", "raid", "stream_ended")
    for name in names:
        old.objects.create(trigger=name, line=f"of {name}", effects=effects, enabled=name != "tip_medium")
    migrate()
    rows = Reaction.objects.filter(occasion="tip")
    assert list(rows.values_list("lines", "least", "most", "enabled")) == [
        ("of tip_low", None, 20, True),
        ("of tip_medium", 21, 100, False),
        ("of tip_high", 101, 700, True),
        ("of tip_extreme", 701, 1000, True),
        ("of tip_beyond", 1001, None, True),
    ]
    assert Reaction.objects.count() == len(names)
    assert {row.occasion for row in Reaction.objects.all()} == {"tip", "follow", "raid", "stream_ended"}
    assert all(row.effects == effects for row in Reaction.objects.all())
    assert sentences.marks(list(Reaction.objects.all())) == {}
    assert not SettingOverride.objects.exists()  # the sizes are in the rows, and nowhere else


def test_rows_for_one_item_or_prize_come_before_those_for_all(
    old: Any, deliver: Callable[..., None], said: list[str]
) -> None:
    old.objects.create(trigger="tip_item", line="some {item}")
    old.objects.create(trigger="tip_item", subject="water BREAK", line="older")
    old.objects.create(trigger="tip_item", subject="Water break", line="cheers")
    old.objects.create(trigger="tip_low", line="low")
    old.objects.create(trigger="wheel_prize", line="a prize")
    old.objects.create(trigger="wheel_prize", subject="Hat", line="a hat")
    migrate()
    deliver(
        tip("Bob", 5, "Water Break"), tip("Bob", 5, "Song"), tip("Bob", 5), spin("Bob", 9, "hat"), spin("Bob", 9, "x")
    )
    assert said == ["cheers", "some Song", "low", "a hat", "a prize"]


def test_who_was_welcomed_today_is_not_welcomed_again(old: Any, deliver: Callable[..., None], said: list[str]) -> None:
    old.objects.create(trigger="follow", line="welcome {user}")
    Cooldown.objects.create(key="cue.follow:bob", until=timezone.now() + timedelta(hours=3))
    migrate()
    deliver(follow("Bob"), follow("Ann"))
    assert said == ["welcome Ann"]
    assert not Cooldown.objects.filter(key__startswith="cue.").exists()

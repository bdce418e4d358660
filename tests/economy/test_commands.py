"""The economy's commands on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from economy.batches import batch
from economy.models import Batch, Item, LevelReward, Points, Viewer

pytestmark = pytest.mark.django_db


def test_batch_points_shows_asks_and_shows_how_far_it_is(
    viewer: Callable[..., Viewer], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "GAP", 0)
    viewer("Bob", points=10)
    monkeypatch.setattr("builtins.input", lambda _: "n")
    call_command("batch_points", "add", "5")
    assert Points.objects.get().balance == 10 and "Nothing was done." in capsys.readouterr().out
    monkeypatch.setattr("builtins.input", lambda _: "y")
    call_command("batch_points", "add", "5", reason="raffle")
    told = capsys.readouterr().out
    assert "1 viewers, +5 points." in told and "[##############################] 1 of 1" in told
    call_command("batch_points", "reverse", str(Batch.objects.latest("pk").pk), yes=True)
    assert Points.objects.get().balance == 10
    with pytest.raises(CommandError, match="whole number from 1"):
        call_command("batch_points", "add", "0", yes=True)
    with pytest.raises(CommandError, match="There is no batch 999"):
        call_command("batch_points", "reverse", "999", yes=True)


@pytest.mark.parametrize(
    "data",
    [
        [
            {"level": 5, "points": 100},
            {"level": 10, "items": {"ticket": 1}, "tts": "{user}!"},
            {"every": 3, "points": 1},
        ],
        {"5": {"points": 100}, "10": {"items": {"ticket": 1}, "tts": "{user}!"}, "3": {"every": 3, "points": 1}},
    ],
)
def test_level_rewards_of_the_original_come_over(data: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    LevelReward.objects.create(level=5, points=1)
    path = tmp_path / "level_rewards.json"
    path.write_text(json.dumps(data))
    call_command("import_level_rewards", str(path))
    rows = LevelReward.objects.values_list("level", "repeats", "points", "line", "spoken")
    assert list(rows) == [(3, True, 1, "", False), (5, False, 100, "", False), (10, False, 0, "{user}!", True)]
    assert LevelReward.objects.get(level=10).effects == [{"kind": "grant_item", "item": "ticket", "quantity": 1}]
    assert Item.objects.get().key == "ticket" and "3 level rewards" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "is no JSON"),
        ("7", "must hold a list"),
        ('[{"level": "many"}]', "Reward 1: level and points must be whole numbers"),
        ('[{"level": 5}, {"level": 0}]', "Reward 2: level 1 to 9999"),
    ],
)
def test_a_bad_file_is_told_so_and_nothing_is_taken_over(text: str, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "level_rewards.json"
    path.write_text(text)
    with pytest.raises(CommandError, match=sentence):
        call_command("import_level_rewards", str(path))
    with pytest.raises(CommandError, match="can't be read"):
        call_command("import_level_rewards", str(tmp_path / "nothing.json"))
    assert not LevelReward.objects.exists()

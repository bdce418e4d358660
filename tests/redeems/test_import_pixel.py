"""From the original Pixel."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from economy.ledger import audit, points
from economy.models import XP, LevelReward, Points, Transaction, Viewer, XPTransaction
from economy.viewers import inventory
from effects.models import OSCTarget
from redeems import purchase
from redeems.management.commands import import_pixel
from redeems.models import Redeem

pytestmark = pytest.mark.django_db

SCHEMA = """
CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, name VARCHAR(80) UNIQUE, first_seen DATETIME, last_seen DATETIME);
CREATE TABLE points (user_id INTEGER PRIMARY KEY, balance INTEGER);
CREATE TABLE transactions (id INTEGER PRIMARY KEY, user_id INTEGER, type VARCHAR(32), delta INTEGER, reason VARCHAR(255), created_at DATETIME);
CREATE TABLE xp (user_id INTEGER PRIMARY KEY, total_xp INTEGER, level INTEGER);
CREATE TABLE xp_transactions (id INTEGER PRIMARY KEY, user_id INTEGER, delta INTEGER, reason VARCHAR(255), source VARCHAR(64), created_at DATETIME);
CREATE TABLE redeems (id INTEGER PRIMARY KEY, key VARCHAR(40), display_name VARCHAR(80), cost INTEGER, cooldown_s INTEGER, enabled BOOLEAN);
CREATE TABLE inventory (id INTEGER PRIMARY KEY, user_id INTEGER, item_key VARCHAR(64), qty INTEGER);
INSERT INTO users VALUES (1, 'Bob', '2024-01-01 10:00:00', '2025-01-01 10:00:00'), (2, 'Ann', '2024-01-01', '2025-01-01'), (3, '', NULL, NULL);
INSERT INTO points VALUES (1, 40), (2, 7);
INSERT INTO transactions VALUES (1, 1, 'grant', 10, 'chat', '2024-02-01 10:00:00.5'), (2, 1, 'spend', -30, 'tts', '2024-02-02 10:00:00'), (3, 1, 'grant', 25, 'tip', '2024-02-03 10:00:00');
INSERT INTO xp VALUES (1, 150, 2);
INSERT INTO xp_transactions VALUES (1, 1, 200, 'tip', 'joystick', '2024-02-01 10:00:00');
INSERT INTO redeems VALUES (1, 'tts', 'Say it', 50, 15, 0), (2, 'pixel', 'Ask Pixel', 10, 0, 1);
CREATE TABLE items (id INTEGER PRIMARY KEY, key VARCHAR(64), name VARCHAR(80), description TEXT);
INSERT INTO items VALUES (1, 'ticket', 'Golden ticket', 'shiny');
INSERT INTO inventory VALUES (1, 1, 'ticket', 2);
"""


@pytest.fixture
def original(tmp_path: Path) -> Path:
    """A file of the original's: two usable users, whose history does not add up."""
    path = tmp_path / "pixel.db"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(SCHEMA)
    return path


def test_viewers_points_xp_histories_and_redeems_come_over(original: Path, capsys: pytest.CaptureFixture[str]) -> None:
    purchase.seed()
    call_command("import_pixel", str(original))
    assert dict(Points.objects.values_list("viewer__key", "balance")) == {"bob": 40, "ann": 7}
    assert XP.objects.values_list("total", "level", "rewarded_level").get(viewer__key="bob") == (150, 2, 2)
    rows = Transaction.objects.filter(viewer__key="bob").order_by("pk").values_list("delta", "balance_after", "reason")
    assert list(rows) == [(35, 35, "had before"), (10, 45, "chat"), (-30, 15, "tts"), (25, 40, "tip")]
    assert list(XPTransaction.objects.order_by("pk").values_list("delta", flat=True)) == [200, -50]
    assert f"{Transaction.objects.get(reference='pixel:1').created_at:%Y-%m-%d %H:%M}" == "2024-02-01 10:00"
    assert f"{Viewer.objects.get(key='bob').first_seen_at:%Y-%m-%d}" == "2024-01-01"
    tts = Redeem.objects.values_list("title", "cost", "cooldown_seconds", "enabled").get(key="tts")
    assert tts == ("Say it", 50, 15, False)
    assert Redeem.objects.values_list("title", "cost").get(key="pixel") == ("Ask Pixel", 10)
    assert inventory.held(Viewer.objects.get(key="bob")) == [("Golden ticket", 2)]
    assert list(audit.findings()) == []
    told = capsys.readouterr()
    assert "3 viewers, 7 changes of points and XP, 2 redeems, 1 items in inventories." in told.out
    assert "User 3 has no usable name" in told.err


def test_a_name_that_would_steer_a_terminal_is_left_out(original: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(sqlite3.connect(original)) as database:
        database.execute("UPDATE users SET name = 'A' || char(27) || ']52;c;x' WHERE name = 'Ann'")
        database.commit()
    call_command("import_pixel", str(original))
    told = capsys.readouterr()
    assert "has no usable name ('A\\x1b]52;c;x')" in told.err and "\x1b" not in told.err + told.out
    assert not Viewer.objects.filter(key__contains="\x1b").exists()


def test_again_it_takes_only_what_is_new_and_leaves_what_was_earned_here(original: Path) -> None:
    call_command("import_pixel", str(original))
    bob = Viewer.objects.get(key="bob")
    points.spend(bob, 39, source="redeem", reference="r:1")
    before = Transaction.objects.count()
    call_command("import_pixel", str(original))
    assert Transaction.objects.count() == before and Points.objects.get(viewer=bob).balance == 1
    with closing(sqlite3.connect(original)) as database:
        database.execute(
            "INSERT INTO transactions VALUES (4, 1, 'spend', -5, 'tts', '2024-02-04'), (5, 1, 'grant', 8, 'tip', '2024-02-05')"
        )
        database.commit()
    call_command("import_pixel", str(original))
    assert Points.objects.get(viewer=bob).balance == 4  # 1 - 5 + 8, by way of a row that makes room for the dip
    assert list(audit.findings()) == []


def test_what_a_viewer_has_here_already_stays(original: Path, viewer: Callable[..., Viewer]) -> None:
    viewer("BOB", points=100)
    call_command("import_pixel", str(original))
    assert Points.objects.get(viewer__key="bob").balance == 140
    assert list(audit.findings()) == []


def test_it_is_done_in_pieces_with_pauses_and_goes_on_after_it_was_broken_off(
    original: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(sqlite3.connect(original)) as database, database:
        database.execute("INSERT INTO users VALUES (4, 'bob', NULL, NULL), (5, 'Cat', NULL, NULL)")
        database.execute("INSERT INTO points VALUES (4, 5), (5, 1)")
    monkeypatch.setattr(import_pixel, "MAX_USERS", 2)

    def killed(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", killed)
    with pytest.raises(KeyboardInterrupt):
        call_command("import_pixel", str(original))
    assert dict(Points.objects.values_list("viewer__key", "balance")) == {"bob": 40, "ann": 7}
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    for _ in range(2):
        call_command("import_pixel", str(original))
        assert dict(Points.objects.values_list("viewer__key", "balance")) == {"bob": 45, "ann": 7, "cat": 1}
    assert len(pauses) == 2 and "2 of 4 viewers\n4 of 4 viewers\n" in capsys.readouterr().out
    assert list(audit.findings()) == []


@pytest.mark.parametrize("table", ["inventory SET qty", "redeems SET cost", "transactions SET delta"])
def test_a_number_that_is_none_is_told_before_anything_is_written(original: Path, table: str) -> None:
    with closing(sqlite3.connect(original)) as database, database:
        database.execute(f"UPDATE {table} = 'many' WHERE id = 1")
    with pytest.raises(CommandError, match="'many' is no number"):
        call_command("import_pixel", str(original))
    assert not Viewer.objects.exists()


def test_many_users_take_as_many_statements_as_a_few(original: Path) -> None:
    def statements(first: int, count: int) -> int:
        with closing(sqlite3.connect(original)) as database, database:
            for number in range(first, first + count):
                database.execute("INSERT INTO users VALUES (?, ?, NULL, NULL)", [number, f"Fan{number}"])
                database.execute("INSERT INTO transactions VALUES (?, ?, 'grant', 5, '', NULL)", [number, number])
                database.execute("INSERT INTO inventory VALUES (?, ?, 'ticket', 1)", [number, number])
        with CaptureQueriesContext(connection) as asked:
            call_command("import_pixel", str(original))
        return len(asked)

    call_command("import_pixel", str(original))
    assert statements(100, 3) == statements(200, 60)


def test_a_file_that_is_none_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no file"):
        call_command("import_pixel", str(tmp_path / "nothing.db"))
    (tmp_path / "text.db").write_text("hello, this is a letter and no database" * 20)
    with pytest.raises(CommandError, match="is no database of the original"):
        call_command("import_pixel", str(tmp_path / "text.db"))


MAP = {
    "redeem.fireworks": [{"address": "/avatar/parameters/Fireworks", "type": "pulse", "duration": 0.5}],
    "redeem.tts": [{"address": "/avatar/parameters/Talk", "type": "bool", "value": True}],
    "redeem.dance": [{"address": "/avatar/parameters/Dance", "type": "int", "value": 3}],
    "event.level_up": [{"address": "/avatar/parameters/LevelUp", "type": "pulse"}],
    "event.tip": [{"address": "/avatar/parameters/Tip", "type": "float", "value": 0.5}],
    "redeem.broken": [{"address": "no address", "type": "bool", "value": True}],
    "redeem.long": [{"address": "/x", "type": "pulse", "duration": "soon"}],
    "redeem.empty": [],
}


def test_the_map_of_signals_becomes_effects(original: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    purchase.seed()
    cheer = [{"kind": "alert", "text": "dance!"}]
    Redeem.objects.create(key="dance", title="Dance", effects=cheer)
    path = tmp_path / "map.json"
    path.write_text(json.dumps(MAP), encoding="utf-8")
    for _ in range(2):  # a second run adds nothing
        call_command("import_pixel", str(original), osc_map=path)
    said = capsys.readouterr().out
    step = {"kind": "osc", "target": "VRChat"}
    fireworks = Redeem.objects.get(key="fireworks")
    pulse = {**step, "address": "/avatar/parameters/Fireworks", "type": "bool", "value": "true", "pulse_ms": 500}
    assert (fireworks.effects, fireworks.enabled) == ([pulse], False)
    dance = {**step, "address": "/avatar/parameters/Dance", "type": "int", "value": "3"}
    assert Redeem.objects.get(key="dance").effects == [*cheer, dance]
    reward = LevelReward.objects.get(level=1, repeats=True)
    level_up = {**step, "address": "/avatar/parameters/LevelUp", "type": "bool", "value": "true", "pulse_ms": 250}
    assert (reward.effects, reward.line, reward.points) == ([level_up], "", 0)
    assert Redeem.objects.get(key="tts").effects == []
    assert "redeem.tts is left out: !tts does something by itself" in said
    assert "event.tip is left out: add an effect “Send by OSC” to a reaction instead." in said
    for key in ("broken", "long", "empty"):
        assert f"redeem.{key} is left out: " in said
        assert not Redeem.objects.filter(key=key).exists()
    assert OSCTarget.objects.get().host == "127.0.0.1"


@pytest.mark.parametrize("text", ["[]", '{"a": 1}', "{", "", "[" * 5000])
def test_what_is_no_map_of_signals_is_refused(original: Path, tmp_path: Path, text: str) -> None:
    path = tmp_path / "map.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CommandError, match="map of signals"):
        call_command("import_pixel", str(original), osc_map=path)
    assert not OSCTarget.objects.exists()

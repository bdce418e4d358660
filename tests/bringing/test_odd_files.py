"""Files that are broken, huge, hostile or something else are left out with a sentence, and nothing of them is stored."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from economy.models import LevelReward, Viewer
from effects.models import OSCTarget, Prize, Sound, WheelLine
from pixelbot_site.bringing import run
from pixelbot_site.bringing.difference import State
from pixelbot_site.bringing.pixel import files, original, sounds
from pixelbot_site.kit.errors import Refused
from tests.bringing.conftest import change, write_sound

pytestmark = pytest.mark.django_db

# The name of a file, what is in it, and the reason.
ODD = [
    ("prizes.json", "{", "no JSON"),
    ("prizes.json", "[" * 100_000, "no JSON"),
    ("prizes.json", '{"name": "a"}', "must hold a list of prizes"),
    ("prizes.json", "[7]", "It has no name"),
    ("prizes.json", '[{"name": "a", "weight": 1e400}]', "Its weight is no whole number"),
    ("prizes.json", '[{"name": "a", "weight": [1]}]', "Its weight is no whole number"),
    ("prizes.json", '[{"name": "a", "weight": 99999999}]', "weight: "),
    ("prizes.json", json.dumps([{"name": "x" * 61}]), "name: "),
    ("prizes.json", '[{"name": "\\u0000"}]', "It has no name"),
    ("prizes.json", '[{"name": "\\ud800", "weight": "x"}]', "Its weight is no whole number"),
    ("level_rewards.json", "7", "must hold a list of rewards"),
    ("level_rewards.json", "[7]", "must hold a list of rewards"),
    ("level_rewards.json", '{"5": 7}', "must hold a list of rewards"),
    ("level_rewards.json", '[{"level": 0}]', "Its level must be from 1 to 9999"),
    ("level_rewards.json", '[{"level": 10000}]', "Its level must be from 1 to 9999"),
    ("level_rewards.json", '[{"level": 5, "points": -1}]', "Its points must be from 0"),
    ("level_rewards.json", '[{"level": 5, "items": {"a b": "many"}}]', "quantity is no whole number"),
    ("level_rewards.json", '[{"level": 5, "items": {"": 1}}]', "has no key"),
    ("level_rewards.json", json.dumps([{"level": 5, "tts": "x" * 201}]), "line: "),
    ("signal_osc_map.json", "[]", "no map of signals"),
    ("signal_osc_map.json", '{"a": 1}', "no map of signals"),
    ("signal_osc_map.json", '{"redeem.a": [{"address": {}, "type": []}]}', "osc: "),
    ("signal_osc_map.json", '{"redeem.a": [{"address": "/x", "type": "pulse", "duration": 1e999}]}', "osc: "),
    ("prizes.json", json.dumps([{"name": str(number)} for number in range(1001)]), "1001 entries; at most 1000"),
    ("level_rewards.json", json.dumps([{"level": 5}] * 1001), "1001 entries; at most 1000"),
    ("signal_osc_map.json", json.dumps({str(number): [] for number in range(1001)}), "1001 entries; at most 1000"),
    ("spin_lines.txt", "\n".join(map(str, range(1001))), "1001 entries; at most 1000"),
    ("spin_lines.txt", "x" * 201, "text: "),
    ("spin_lines.txt", "caf\xe9".encode("latin-1"), "no text in UTF-8"),
    ("spin_lines.txt", b"\xff\xfea\0b", "no text in UTF-8"),
    ("spin_lines.txt", b"x" * (files.MAX_TEXT + 1), "more than 2 MB"),
    (".env", b"\x80PPLX_API_KEY=x", "no text in UTF-8"),
    (".env", "PPLX_API_KEY=two words", "can't be a key"),
    (".env", "PPLX_RANDOM_REPLY_PROB=nan", "a number from 0 to 1"),
    (".env", "PPLX_MAX_TOKENS=1e9", "no whole number"),
    (".env", "VRC_OSC_HOST=8.8.8.8", "neither this PC nor a private network"),
    (".env", "VRC_OSC_PORT=70000", "must be from 1 to 65535"),
    (".env", "TTS_PRE_SOUND=../../secret.wav", "no such file"),
    (".env", "JOYSTICK_CLIENT_ID=http://example.org", "looks like an address"),
    ("bot.db", "hello, this is a letter and no database" * 20, "no database that can be read"),
    ("bot.db", "", "it has no table “users”"),
    ("noise.wav", b"RIFF", ""),
    ("noise.mp3", b"x" * (11 * 2**20), "at most 10 MB"),
]


@pytest.mark.parametrize(("name", "content", "reason"), ODD, ids=lambda value: repr(value)[:40])
def test_what_can_not_be_read_is_left_out_with_the_reason(
    tmp_path: Path, name: str, content: str | bytes, reason: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (found,) = [one for one in run.compare(tmp_path) if one.state is State.LEFT_OUT]
    assert reason in found.reason and found.reason.endswith(".")
    assert run.bring(tmp_path, by="mo", origin="x") is None
    for model in (Prize, LevelReward, OSCTarget, WheelLine, Sound, Viewer):
        assert not model._default_manager.exists()


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE inventory SET qty = 'many'", "'many' is no number"),
        ("UPDATE redeems SET cost = 'many' WHERE id = 1", "'many' is no number"),
        ("UPDATE transactions SET delta = 'many' WHERE id = 1", "'many' is no number"),
        ("ALTER TABLE users DROP COLUMN first_seen", "no database of the original Pixel"),
        ("ALTER TABLE users RENAME TO people", "it has no table “users”"),
        ("UPDATE redeems SET display_name = CAST(x'ff' AS TEXT)", "no database that can be read"),
        ("UPDATE users SET name = hex(zeroblob(2000000)) WHERE id = 1", "no database that can be read"),
    ],
)
def test_a_wrong_database_is_left_out_as_a_whole(old_database: Path, statement: str, reason: str) -> None:
    change(old_database, statement)
    (found,) = run.compare(old_database)
    assert (found.state, reason in found.reason) == (State.LEFT_OUT, True), found.reason
    assert run.bring(old_database, by="mo", origin="x") is None and not Viewer.objects.exists()


def test_a_view_that_never_ends_is_not_asked(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "bot.db")) as source, source:
        source.execute(
            "CREATE VIEW users AS WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) "
            "SELECT id, '' AS name, '' AS first_seen, '' AS last_seen FROM n"
        )
    (found,) = run.compare(tmp_path)
    assert "it has no table “users”" in found.reason


def test_more_redeems_than_any_channel_has_are_refused(old_database: Path) -> None:
    change(
        old_database,
        "INSERT INTO redeems WITH RECURSIVE n(id) AS (SELECT 10 UNION ALL SELECT id + 1 FROM n LIMIT 1000) "
        "SELECT id, 'key' || id, 'x', 1, 1, 1 FROM n",
    )
    (found,) = run.compare(old_database)
    assert "1005 entries; at most 1000" in found.reason


def test_more_rows_than_any_channel_has_are_refused(old_database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(original, "MAX_ROWS", 2)
    (found,) = run.compare(old_database)
    assert found.reason.endswith("has more than 2 rows.")


def test_neither_links_nor_paths_lead_out_of_the_folder(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    (outside / "sounds").mkdir(parents=True)
    folder.mkdir()
    (outside / "prizes.json").write_text('[{"name": "Outside"}]')
    write_sound(outside / "sounds" / "outside.wav", seconds=0.2)
    (folder / "prizes.json").symlink_to(outside / "prizes.json")
    (folder / "sounds").symlink_to(outside / "sounds")
    for named in ("../outside", str(outside)):
        (folder / ".env").write_text(
            f"PRIZES_FILE={named}/prizes.json\nSOUNDS_DIR={named}/sounds\nBOT_USERNAME=pixel\n"
        )
        assert {one.section for one in run.compare(folder)} == {"Settings"}
    (folder / "mine").mkdir()
    (folder / "mine" / "wheel.json").write_text('[{"name": "Inside"}]')
    (folder / ".env").write_text("PRIZES_FILE=./mine/wheel.json\n")
    assert [one.name for one in run.compare(folder)] == ["Inside"]


def test_sounds_are_counted_and_get_names_that_are_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, name in enumerate(("a b.wav", "a-b.wav", "c.wav"), start=1):
        write_sound(tmp_path / name, seconds=0.2 * number)
    monkeypatch.setattr(sounds, "MAX_SOUNDS", 2)
    *kept, left = run.compare(tmp_path)
    assert [one.details[0] for one in kept] == ["name: a-b", "name: a-b-2"]
    assert (left.name, left.reason) == ("1 more", "At most 2 are brought over at once.")


def test_a_folder_without_anything_is_refused(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("print()")
    with pytest.raises(Refused, match="there is nothing of the original Pixel's"):
        list(run.compare(tmp_path))

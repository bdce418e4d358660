"""A folder as the original Pixel leaves it behind, in the shapes that its code and documents have."""

from __future__ import annotations

import json
import sqlite3
import wave
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from pytest_django import Settings

from economy.models import LevelReward
from effects import wheel
from effects.media import sounds
from joystick.chat import built_in
from pixelbot_site.kit import settings_table
from pixelbot_site.live_settings import store
from redeems import purchase

SCHEMA = """
CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, name VARCHAR(80) UNIQUE, first_seen DATETIME, last_seen DATETIME);
CREATE TABLE points (user_id INTEGER PRIMARY KEY, balance INTEGER);
CREATE TABLE transactions (id INTEGER PRIMARY KEY, user_id INTEGER, type VARCHAR(32), delta INTEGER, reason VARCHAR(255), created_at DATETIME);
CREATE TABLE xp (user_id INTEGER PRIMARY KEY, total_xp INTEGER, level INTEGER);
CREATE TABLE xp_transactions (id INTEGER PRIMARY KEY, user_id INTEGER, delta INTEGER, reason VARCHAR(255), source VARCHAR(64), created_at DATETIME);
CREATE TABLE redeems (id INTEGER PRIMARY KEY, key VARCHAR(40), display_name VARCHAR(80), cost INTEGER, cooldown_s INTEGER, enabled BOOLEAN);
CREATE TABLE inventory (id INTEGER PRIMARY KEY, user_id INTEGER, item_key VARCHAR(64), qty INTEGER);
INSERT INTO users VALUES (1, 'Bob', '2024-01-01 10:00:00', '2025-01-01 10:00:00'), (2, 'Ann', '2024-01-01', '2025-01-01'), (3, '', NULL, NULL), (4, 'Idle', '2024-01-01', '2025-01-01');
INSERT INTO points VALUES (1, 40), (2, 7);
INSERT INTO transactions VALUES (1, 1, 'grant', 10, 'chat', '2024-02-01 10:00:00.5'), (2, 1, 'spend', -30, 'tts', '2024-02-02 10:00:00'), (3, 1, 'grant', 25, 'tip', '2024-02-03 10:00:00');
INSERT INTO xp VALUES (1, 150, 2);
INSERT INTO xp_transactions VALUES (1, 1, 200, 'tip', 'joystick', '2024-02-01 10:00:00');
INSERT INTO redeems VALUES (1, 'tts', 'Say it', 50, 15, 0), (2, 'pixel', 'Ask Pixel', 10, 0, 1), (3, 'dance', 'Dance', 500, 60, 1), (4, 'points', 'Points', 1, 0, 1), (5, 'two words', 'No', 1, 0, 1);
CREATE TABLE items (id INTEGER PRIMARY KEY, key VARCHAR(64), name VARCHAR(80), description TEXT);
INSERT INTO items VALUES (1, 'ticket', 'Golden ticket', 'shiny');
INSERT INTO inventory VALUES (1, 1, 'ticket', 2);
"""
ENV = """
# the original's
BOT_USERNAME=pixel
export POINTS_CHAT_AMOUNT=3   # comment
POINTS_PER_CHAT=9
XP_TIP_PER_TOKEN='0.5'
TTS_QUEUE_MAX="7"
TTS_COOLDOWN_SECONDS=10
TIP_LOW_MAX=14
ADMIN_TOKEN=very-secret-token
JOYSTICK_CLIENT_ID=an-application
JOYSTICK_CLIENT_SECRET=a-secret-of-joystick
PPLX_API_KEY=pplx-a-secret-key
PPLX_MODEL=sonar-pro
PPLX_MAX_TOKENS=150
PPLX_RANDOM_REPLY_PROB=0.08
OBS_WS_HOST=192.168.1.7
OBS_WS_PASSWORD=a-secret-of-obs
VRC_OSC_PORT=9001
XP_MAX_LEVEL=many
SOMETHING_ELSE=1
not a line
EMPTY=
"""
PRIZES: list[dict[str, Any]] = [
    {"name": "50 Points!", "weight": 8, "effects": [{"type": "points.grant", "amount": 50, "reason": "wheel"}]},
    {"name": "Silly Honk!", "weight": 35, "effects": [
        {"type": "osc.send", "address": "/avatar/parameters/Honk", "value_type": "int", "value": 1},
        {"type": "sfx.play", "sound": "honk.wav"},
    ]},
    {"name": "Bad Joke!", "weight": 40, "effects": []},
    {"name": "Buzzie Surprise!", "weight": 25, "effects": [{"type": "extension.trigger", "action": "click_tip"}]},
    {"name": "Old shape", "weight": "0", "grant_points": "5", "item_key": "Ticket", "osc": {"param": "Wave", "value": 1}},
    {"name": "1000 XP", "grant_xp": 1000, "effect": "confetti"},
    {"name": "Heavy", "weight": "much"},
    {"name": "50 Points!", "weight": 1},
]  # fmt: skip
REWARDS: list[dict[str, Any]] = [
    {"level": 5, "points": 100},
    {"level": 10, "items": {"ticket": 1}, "tts": "{user}!"},
    {"level": 15, "points": 7, "message": "{user} is here!", "tts": True},
    {"level": 20, "message": "quiet"},
    {"every": 3, "points": 1},
    {"level": "many"},
    {"level": 30, "tts": "{nobody} knows"},
]
MAP: dict[str, Any] = {
    "redeem.fireworks": [{"address": "/avatar/parameters/Fireworks", "type": "pulse", "duration": 0.5}],
    "redeem.tts": [{"address": "/avatar/parameters/Talk", "type": "bool", "value": True}],
    "redeem.dance": [{"address": "/avatar/parameters/Dance", "type": "int", "value": 3}],
    "event.level_up": [{"address": "/avatar/parameters/LevelUp", "type": "pulse"}],
    "event.tip": [{"address": "/avatar/parameters/Tip", "type": "float", "value": 0.5}],
    "redeem.broken": [{"address": "no address", "type": "bool", "value": True}],
    "redeem.long": [{"address": "/x", "type": "pulse", "duration": "soon"}],
    "redeem.empty": [],
}
SECRETS = ("very-secret-token", "an-application", "a-secret-of-joystick", "pplx-a-secret-key", "a-secret-of-obs")


def write_database(path: Path, *more: str) -> Path:
    """Make a database of the original's."""
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA journal_mode = WAL")  # as the original's
        database.executescript(SCHEMA)
        for statement in more:
            database.execute(statement)
    return path


def write_sound(path: Path, *, seconds: float) -> None:
    """Make a WAV."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(range(256)) * int(seconds * 16_000 * 2 / 256))


def change(path: Path, *statements: str) -> None:
    """Change a database of the original's."""
    with closing(sqlite3.connect(path)) as database, database:
        for statement in statements:
            database.execute(statement)


@pytest.fixture
def old_database(tmp_path: Path) -> Path:
    """A database of the original's alone: two usable users with points, whose history does not add up."""
    return write_database(tmp_path / "bot.db")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The whole folder."""
    folder = tmp_path / "Pixel"
    (folder / "data").mkdir(parents=True)
    (folder / "sounds").mkdir()
    write_database(folder / "data" / "bot.db")
    (folder / ".env").write_text(ENV, encoding="utf-8")
    for name, data in (("prizes", PRIZES), ("level_rewards", REWARDS), ("signal_osc_map", MAP)):
        (folder / "data" / f"{name}.json").write_text(json.dumps(data), encoding="utf-8")
    (folder / "data" / "spin_lines.txt").write_text("{user} takes the wheel\n\n{what}?\n", encoding="utf-8")
    (folder / "data" / "prize_lines.txt").write_text("{user} wins {prize}…\n", encoding="utf-16")
    for number, name in enumerate(("honk.wav", "wheel_start.wav"), start=1):
        write_sound(folder / "sounds" / name, seconds=0.2 * number)
    (folder / "sounds" / "text.mp3").write_bytes(b"this is no sound")
    return folder


@pytest.fixture
def first_start(db: None, settings: Settings, tmp_path: Path) -> Iterator[None]:
    """What a first start makes, with the dashboard's settings in force, and a media folder of the test's own."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.SOUNDS_DIR = tmp_path / "own sounds"
    for seed in (purchase.seed, built_in.seed, sounds.seed, wheel.seed):
        seed()
    LevelReward.objects.create(level=5, points=1)
    store.install()
    yield
    settings_table.overrides.use(None)


# The ledgers only grow; imports stay as what happened.
GROW = {"economy.Transaction", "economy.XPTransaction", "pixelbot_site.Import", "pixelbot_site.ImportedChange"}


def tables() -> dict[str, list[dict[str, Any]]]:
    """Return the rows of every table but those that only grow."""
    models = [model for model in apps.get_models() if model._meta.label not in GROW]
    return {model._meta.label: list(model._default_manager.order_by("pk").values()) for model in models}

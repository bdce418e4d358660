"""Backups of a real bot: made while it runs, checked, downloaded, restored."""

from __future__ import annotations

import re
import sqlite3
import stat
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from contextlib import closing
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

import pytest

from joystick.simulator.happenings import tip
from tests.journeys.way import POINTS
from tests.processes import ROOT, BotProcess, SimulatorThread, wait_until

MakeBot = Callable[..., BotProcess]


def manage(bot: BotProcess, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of manage.py on the bot's data folder."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=bot.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def backups(bot: BotProcess) -> list[Path]:
    return sorted((bot.folder / "backups").glob("pixelbot-*.zip"))


def test_a_backup_of_a_running_bot_is_restored_and_what_it_replaces_is_kept(
    make_bot: MakeBot, simulator: SimulatorThread, tmp_path: Path
) -> None:
    (tmp_path / "my.env").write_text("POINTS_PER_CHAT=3\nJOYSTICK_GATEWAY_TOKEN=s3cret\n#ADMIN_PASSWORD=hush\n")
    bot = make_bot(ENV_FILE=str(tmp_path / "my.env")).start()
    simulator.wait_subscribed()
    (bot.folder / "sounds").mkdir(exist_ok=True)
    (bot.folder / "sounds" / "mine.wav").write_bytes(b"RIFF")
    simulator.happen(tip("Bob", 50))
    wait_until(lambda: bot.one(POINTS) == 50, "the tip is paid")

    made = manage(bot, "backup")
    (archive,) = backups(bot)
    assert made.stdout == f"Made and checked: {archive}\n", made.stderr
    assert {stat.S_IMODE(path.stat().st_mode) for path in (archive.parent, archive)} == {0o700, 0o600}
    with zipfile.ZipFile(archive) as zipped:
        assert zipped.read("settings.env") == b"POINTS_PER_CHAT=3\n"
        assert zipped.read("sounds/mine.wav") == b"RIFF"
        assert not [name for name in zipped.namelist() if "secret" in name or "speech" in name]
    refused = manage(bot, "restore", str(archive))
    assert refused.returncode == 1 and "is running already" in refused.stderr

    simulator.happen(tip("Bob", 7))
    wait_until(lambda: bot.one(POINTS) == 57, "the second tip is paid")
    bot.stop()
    (bot.folder / "sounds" / "mine.wav").unlink()
    restored = manage(bot, "restore", str(archive))
    assert restored.returncode == 0, restored.stderr
    assert bot.one(POINTS) == 50
    assert (bot.folder / "sounds" / "mine.wav").read_bytes() == b"RIFF"
    assert (bot.folder / "restored-settings.env").read_text() == "POINTS_PER_CHAT=3\n"
    (replaced,) = bot.folder.glob("replaced-*")
    assert str(replaced) in restored.stdout
    with closing(sqlite3.connect(replaced / "pixelbot.sqlite3")) as database:
        assert database.execute(POINTS).fetchone() == (57,)

    again = make_bot().start()
    assert again.one(POINTS) == 50
    assert again.stop()[0] == 0


TO_AN_EARLIER_VERSION = """
from tests.single_migrations import migrate_back
migrate_back([("pixelbot_site", "0001_api_tokens")])
"""


def test_before_the_tables_are_updated_a_backup_is_made(make_bot: MakeBot) -> None:
    bot = make_bot()
    assert manage(bot, "shell", "-c", TO_AN_EARLIER_VERSION).returncode == 0
    bot.start()
    (archive,) = backups(bot)
    assert archive.stem.endswith("-before-update")
    with zipfile.ZipFile(archive) as zipped:
        zipped.extract("pixelbot.sqlite3", bot.folder / "old")
    with closing(sqlite3.connect(bot.folder / "old" / "pixelbot.sqlite3")) as old:
        assert not old.execute("SELECT name FROM sqlite_master WHERE name = 'pixelbot_site_heartbeat'").fetchall()
    assert bot.one("SELECT count(*) FROM pixelbot_site_heartbeat") >= 1


class Browser:
    """A person logged in to the dashboard."""

    def __init__(self, bot: BotProcess, name: str, password: str) -> None:
        self.root = f"http://127.0.0.1:{bot.port}/admin/"
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self.post("login/?next=/admin/", username=name, password=password)

    def get(self, path: str) -> bytes:
        """Return a page's content."""
        with self.opener.open(self.root + path, timeout=20) as answer:
            content: bytes = answer.read()
        return content

    def post(self, path: str, **fields: str) -> bytes:
        """Send the form of a page; return the content of the answer."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(path).decode())
        assert token
        form = urlencode({"csrfmiddlewaretoken": token[1], **fields}).encode()
        with self.opener.open(self.root + path, form, timeout=20) as answer:
            content: bytes = answer.read()
        return content


def test_the_dashboard_makes_a_backup_and_sends_it(bot: BotProcess) -> None:
    streamer = Browser(bot, "admin", "a-test-password")
    assert "There is none yet." in streamer.get("backups/").decode()
    assert "A backup is being made" in streamer.post("backups/").decode()
    (archive,) = wait_until(lambda: backups(bot), "the backup is made")
    assert archive.name in streamer.get("backups/").decode()
    assert streamer.get(f"backups/{archive.name}") == archive.read_bytes()
    for wrong in ("other.zip", "..%2Fsecret_key", "lock"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            streamer.get(f"backups/{wrong}")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{streamer.root}backups/", b"", timeout=10)
    assert b"Log in" in urllib.request.urlopen(f"{streamer.root}backups/{archive.name}", timeout=10).read()
    assert "Traceback" not in bot.text()

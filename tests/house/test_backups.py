"""What counts as a backup, how many are kept, and what can't be restored."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import zipfile
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.test import Client
from pytest_django import Settings

from economy.models import Viewer
from pixelbot_site import tasks
from pixelbot_site.backups import archive, restoring, shelf
from pixelbot_site.index import lamps
from pixelbot_site.kit.errors import Failed
from pixelbot_site.upkeep import database_file
from tests.economy.tampering import tampered

sqlite_only = pytest.mark.skipif(connection.vendor != "sqlite", reason="backups are of SQLite's file")
pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 25, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def data_dir(settings: Settings, tmp_path: Path) -> Path:
    """A data folder of the test's own; the database stays the one of all tests."""
    settings.DATA_DIR = tmp_path
    return tmp_path


@sqlite_only
def test_the_last_seven_are_kept_and_a_faulty_one_pushes_none_out(
    data_dir: Path, viewer: Callable[..., Viewer]
) -> None:
    made = [shelf.make(now=NOW + timedelta(days=day)) for day in range(9)]
    assert shelf.kept() == made[:1:-1]
    viewer("Bob", points=100)
    with tampered(), connection.cursor() as cursor:
        cursor.execute("UPDATE economy_points SET balance = balance + 1")
    with pytest.raises(Failed, match=r"does not count: Bob has 101 points, but the rows add up to 100$"):
        shelf.make(now=NOW + timedelta(days=9))
    assert shelf.kept() == made[:1:-1]
    assert (data_dir / "backups" / shelf.FAULTY).exists()
    assert sorted(path.name for path in (data_dir / "backups").glob("making-*")) == []


@sqlite_only
@pytest.mark.journey
def test_a_backup_that_can_not_be_deleted_now_goes_with_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, where an open file can't be: the one that somebody downloads."""
    made = [shelf.make(now=NOW + timedelta(days=day)) for day in range(7)]
    unlink = Path.unlink

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path == made[0]:
            raise PermissionError(13, "The process cannot access the file", str(path))
        unlink(path, missing_ok)

    with monkeypatch.context() as while_downloaded:
        while_downloaded.setattr(Path, "unlink", refuse)
        made.append(shelf.make(now=NOW + timedelta(days=7)))
        assert shelf.kept() == made[::-1]
    made.append(shelf.make(now=NOW + timedelta(days=8)))
    assert shelf.kept() == made[:1:-1]


@sqlite_only
def test_one_a_day_is_made_and_a_failure_is_red_until_one_is_made(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks.make_daily_backup()
    (first,) = shelf.kept()
    tasks.make_daily_backup()
    assert shelf.kept() == [first]
    yesterday = time.time() - shelf.DAY - 1
    os.utime(first, (yesterday, yesterday))

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    def locked() -> list[str]:
        raise OperationalError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(connection.introspection, "table_names", locked)
        tasks.make_daily_backup()
    assert "The last backup failed: database is locked." in lamps.trouble()
    with monkeypatch.context() as patch:
        patch.setattr(archive, "write", full)
        tasks.make_daily_backup()
    red = "The last backup failed: [Errno 28] No space left on device."
    assert red in lamps.trouble()
    shelf.make(now=NOW)
    assert red not in lamps.trouble()


@sqlite_only
def test_the_demo_is_not_backed_up(settings: Settings) -> None:
    settings.DEMO = True
    tasks.make_daily_backup()
    assert shelf.kept() == []


@sqlite_only
def test_two_at_once_are_one(data_dir: Path) -> None:
    shelf.make(now=NOW)
    (data_dir / "backups" / "making-left").mkdir()
    with shelf._only_one():
        assert not (data_dir / "backups" / "making-left").exists()  # of a process that was killed
        with pytest.raises(Failed, match="another backup"):
            shelf.make()


def test_another_database_is_told_of_its_own_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_file, "path", lambda: None)
    with pytest.raises(CommandError, match="pg_dump"):
        call_command("backup")
    with pytest.raises(CommandError, match="pg_restore"):
        call_command("restore", "some.zip")
    tasks.make_daily_backup()


def test_staff_without_all_rights_see_and_load_no_backup(client: Client) -> None:
    client.force_login(get_user_model().objects.create_user("mod", is_staff=True))
    assert client.get("/admin/backups/").status_code == 403
    assert client.post("/admin/backups/").status_code == 403
    assert client.get("/admin/backups/pixelbot-1.zip").status_code == 403
    assert "Backups" not in client.get("/admin/").content.decode()


def zipped(file: Path, content: Mapping[str, bytes | Path] | None = None) -> Path:
    with zipfile.ZipFile(file, "w") as made:
        for name, data in {"settings.env": b"", **(content or {})}.items():
            made.write(data, name) if isinstance(data, Path) else made.writestr(name, data)
    return file


@pytest.fixture
def database(data_dir: Path) -> Path:
    """A database on its own: a copy of the tests'."""
    source = database_file.path()
    assert source is not None
    archive.copy_database(source, data_dir / "copied.sqlite3")
    return data_dir / "copied.sqlite3"


@sqlite_only
def test_what_is_no_whole_backup_is_not_restored(
    data_dir: Path, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = data_dir / "pixelbot.sqlite3"
    there.write_bytes(b"what is there")
    monkeypatch.setattr(database_file, "path", lambda: there)
    name, outside = "pixelbot.sqlite3", "../outside"
    half = database.read_bytes()[: database.stat().st_size // 2]
    cases: list[tuple[Path, str]] = [
        (data_dir / "missing.zip", "can't be read"),
        (there, "can't be read"),
        (zipped(data_dir / "1.zip"), "is no backup of Pixel Bot"),
        (zipped(data_dir / "2.zip", {name: database, outside: b"x"}), "is no backup of Pixel Bot"),
        (zipped(data_dir / "3.zip", {name: database, "media/../../x": b"x"}), "is no backup of Pixel Bot"),
        (zipped(data_dir / "4.zip", {name: b"notes" * 999}), "it is damaged (file is not a database)"),
        (zipped(data_dir / "5.zip", {name: half}), "it is damaged ("),
    ]
    with closing(sqlite3.connect(database)) as opened, opened:
        opened.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('economy', '9999_later', '')")
    cases.append((zipped(data_dir / "6.zip", {name: database}), "a newer version of Pixel Bot (it knows 9999_later)"))
    for file, sentence in cases:
        with pytest.raises(Failed) as error:
            restoring.restore(file)
        assert sentence in str(error.value)
    assert there.read_bytes() == b"what is there"
    assert not [*data_dir.glob("replaced-*"), *data_dir.glob("restoring-*"), *data_dir.parent.glob("outside")]


@pytest.mark.alone
@pytest.mark.journey
def test_no_writer_waits_for_a_backup_and_the_copy_is_of_one_moment(tmp_path: Path) -> None:
    source, target = tmp_path / "source.sqlite3", tmp_path / "target.sqlite3"
    with closing(sqlite3.connect(source, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("CREATE TABLE sides (a INTEGER, b INTEGER)")
        writer.execute("CREATE TABLE bulk (content BLOB)")
        writer.execute("INSERT INTO sides VALUES (0, 0)")
        writer.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8000) "
            "INSERT INTO bulk SELECT zeroblob(10000) FROM n"
        )
        copying = threading.Thread(target=archive.copy_database, args=(source, target))
        copying.start()
        longest, count, until = 0.0, 0, time.monotonic() + 30
        while copying.is_alive() and time.monotonic() < until:
            began = time.monotonic()
            writer.execute("UPDATE sides SET a = a + 1, b = b + 1")
            longest, count = max(longest, time.monotonic() - began), count + 1
        assert not copying.is_alive(), "the copy begins again at each write"
        copying.join()
    assert count > 10 and longest < 0.5
    with closing(sqlite3.connect(target)) as copy:
        a, b = copy.execute("SELECT a, b FROM sides").fetchone()
        assert a == b < count
        assert copy.execute("SELECT count(*) FROM bulk").fetchone() == (8000,)
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert not Path(f"{target}-wal").exists()


def test_only_public_settings_are_in_a_backup(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(
        "\ufeffPOINTS_PER_CHAT=2\nexport BOT_USERNAME=Pix\nJOYSTICK_CLIENT_SECRET=a\n# SECRET_KEY=b\nMY_PASSWORD=c\n"
        "DATABASE_URL=postgresql://u:p@h/n\n",
        encoding="utf-8",
    )
    assert archive.public_settings(file) == "POINTS_PER_CHAT=2\nexport BOT_USERNAME=Pix\n"
    assert archive.public_settings(Path(os.devnull)) == archive.public_settings(tmp_path / "none") == ""


def test_a_database_of_an_earlier_version_is_audited_as_far_as_it_goes(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "old.sqlite3")) as old:
        old.execute("CREATE TABLE economy_viewer (id INTEGER)")
    assert archive.faults(tmp_path / "old.sqlite3") == []

"""SQLite's file is read through at a start unless the last run left it in order, and its log is short when idle."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.utils import timezone

from economy.ledger import audit
from economy.models import Cooldown
from pixelbot_site.kit.sqlite.file import first_fault
from pixelbot_site.upkeep import database_file

pytestmark = [
    pytest.mark.skipif(connection.vendor != "sqlite", reason="about SQLite's file"),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[bool]]:
    """Collect how the database was checked at each start; True is thoroughly. A file of its own stands for it."""
    asked: list[bool] = []
    real = first_fault

    def fault(path: Path, *, thorough: bool = False, within: float) -> str:
        asked.append(thorough)
        return real(path, thorough=thorough, within=within)

    monkeypatch.setattr(database_file, "first_fault", fault)
    file = tmp_path / "pixelbot.sqlite3"
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE points (balance INTEGER)")
    monkeypatch.setattr(database_file, "path", lambda: file)
    yield asked


def test_a_file_that_was_left_in_order_is_not_read_through(checks: list[bool]) -> None:
    database_file.require_whole()
    assert checks == [True]  # seen for the first time
    database_file.merge_log()
    database_file.require_whole()
    assert checks == [True]


def test_a_file_that_a_crash_left_is_read_through_with_its_indexes(checks: list[bool]) -> None:
    database_file.require_whole()
    database_file.require_whole()
    assert checks == [True, True]


def test_the_check_leaves_this_process_the_locks_that_it_has_on_the_file(checks: list[bool], tmp_path: Path) -> None:
    program = (
        "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None).execute('BEGIN IMMEDIATE')"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "pixelbot.sqlite3")]
    with closing(sqlite3.connect(tmp_path / "pixelbot.sqlite3", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        database_file.require_whole()
        other = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "database is locked" in other.stderr


def test_a_file_that_was_changed_since_the_last_stop_is_checked_with_its_indexes(
    checks: list[bool], tmp_path: Path
) -> None:
    database_file.require_whole()
    database_file.merge_log()
    copy = tmp_path / "copy"
    copy.write_bytes((tmp_path / "pixelbot.sqlite3").read_bytes())
    copy.replace(tmp_path / "pixelbot.sqlite3")
    database_file.require_whole()
    assert checks == [True, True]


def test_a_check_that_takes_too_long_is_broken_off(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "large.sqlite3")) as database:
        database.execute("CREATE TABLE t (v INTEGER UNIQUE)")
        database.execute(
            "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT i FROM n"
        )
        database.commit()
    began = time.monotonic()
    assert first_fault(tmp_path / "large.sqlite3", thorough=True) == ""
    whole = time.monotonic() - began
    began = time.monotonic()
    assert first_fault(tmp_path / "large.sqlite3", thorough=True, within=0.0) == ""
    assert time.monotonic() - began < whole / 2


@pytest.mark.parametrize("zone", [UTC, ZoneInfo("UTC"), ZoneInfo("Europe/Berlin"), ZoneInfo("Etc/GMT+5")])
@pytest.mark.parametrize("microsecond", [0, 500])
def test_moments_are_stored_as_django_stores_them(zone: tzinfo, microsecond: int) -> None:
    moment = datetime(2026, 8, 1, 2, 30, 1, microsecond, zone)
    found = connection.ops.adapt_datetimefield_value(moment)
    assert found == DatabaseWrapper.ops_class(connection).adapt_datetimefield_value(moment)
    assert found is not None and datetime.fromisoformat(found).replace(tzinfo=UTC) == moment
    assert connection.ops.adapt_datetimefield_value(None) is None


def test_a_log_without_its_database_is_refused(checks: list[bool], tmp_path: Path) -> None:
    (tmp_path / "pixelbot.sqlite3").rename(tmp_path / "pixelbot.sqlite3-wal")
    with pytest.raises(ImproperlyConfigured, match="without its database"):
        database_file.require_whole()


def test_a_large_log_is_truncated_once_nothing_is_written() -> None:
    file = database_file.path()
    assert file is not None
    log = file.with_name(f"{file.name}-wal")
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("CREATE TABLE large (content BLOB)")
            cursor.execute("INSERT INTO large VALUES (zeroblob(5000000))")
        assert log.stat().st_size > database_file.LARGE_LOG
        assert not database_file.shorten_log()  # it may still grow
        assert database_file.shorten_log()
        assert log.stat().st_size == 0
        assert not database_file.shorten_log()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS large")


def test_the_log_is_merged_while_somebody_writes(tmp_path: Path) -> None:
    file = database_file.path()
    assert file is not None
    Cooldown.objects.create(key="merged", until=timezone.now())
    with closing(sqlite3.connect(file, isolation_level=None, timeout=0)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        database_file.merge_beside_writers()
        assert time.monotonic() - began < 5  # it does not wait for the writer
        copy = tmp_path / "copy.sqlite3"
        # By a process of its own: opening and closing the file in this one would end its locks.
        subprocess.run(["cp", str(file), str(copy)], check=True)
        writer.execute("ROLLBACK")
    with closing(sqlite3.connect(copy)) as without_log:
        assert without_log.execute("SELECT count(*) FROM economy_cooldown WHERE key = 'merged'").fetchone() == (1,)


def test_the_log_is_merged_whatever_its_time_says(tmp_path: Path) -> None:
    """Windows sets the time of a file that is written when it is closed."""
    file = database_file.path()
    assert file is not None
    log = file.with_name(f"{file.name}-wal")
    Cooldown.objects.create(key="first", until=timezone.now())
    database_file.merge_beside_writers()
    stat = log.stat()
    Cooldown.objects.create(key="second", until=timezone.now())
    os.utime(log, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    database_file.merge_beside_writers()
    copy = tmp_path / "copy.sqlite3"
    subprocess.run(["cp", str(file), str(copy)], check=True)  # by a process of its own, as above
    with closing(sqlite3.connect(copy)) as without_log:
        assert without_log.execute("SELECT count(*) FROM economy_cooldown WHERE key = 'second'").fetchone() == (1,)


def test_a_log_that_somebody_reads_is_left_for_the_next_time() -> None:
    file = database_file.path()
    assert file is not None
    try:
        with closing(sqlite3.connect(file, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM economy_viewer").fetchone()
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("CREATE TABLE large (content BLOB)")
                cursor.execute("INSERT INTO large VALUES (zeroblob(5000000))")
            assert [database_file.shorten_log() for _ in range(3)] == [False] * 3
        assert database_file.shorten_log()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS large")


def test_an_audit_that_can_not_be_finished_is_stored_and_red() -> None:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE economy_xptransaction")
        row = audit.run()
        assert row.pk and "The audit could not be finished: no such table" in row.findings
        assert audit.fault(audit.latest()).startswith("The audit could not be finished")
        transaction.set_rollback(True)


def test_the_audit_looks_at_the_file_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "first_fault", lambda path: f"Tree 5 of {path.name}: broken")
    assert audit.run().findings.startswith("The database is damaged: Tree 5 of ")
    assert audit.fault(audit.latest()).startswith("The database is damaged: Tree 5 of ")

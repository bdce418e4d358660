"""The backups in DATA_DIR/backups: each is restored to a scratch file and audited before it counts; seven are kept."""

from __future__ import annotations

import contextlib
import logging
import shutil
import sqlite3
import tempfile
import time
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.files import locks
from django.db import DatabaseError, connection
from django.utils import timezone

from pixelbot_site.backups import archive
from pixelbot_site.kit.errors import Failed
from pixelbot_site.upkeep import data_folder, database_file

log = logging.getLogger("backup")

KEPT = 7
DAY = 86_400.0  # seconds
PATTERN = "pixelbot-*.zip"
FAULTY = "faulty-pixelbot.zip"  # the last one that has a fault; it does not count among the seven
OTHER_DATABASE = "The database is not SQLite: back it up with its own tool, pg_dump."
# What may go wrong while one is made: the disk, the database, the zip.
ERRORS = (OSError, sqlite3.Error, DatabaseError, zipfile.BadZipFile, Failed)


def folder() -> Path:
    """Return the folder of the backups, which need not exist."""
    return Path(settings.DATA_DIR) / "backups"


def kept() -> list[Path]:
    """Return the backups that count, the newest first."""
    return sorted(folder().glob(PATTERN), reverse=True)


def make(*, reason: str = "", now: datetime | None = None) -> Path:
    """Make a backup, check it, and delete those beyond KEPT; return its path. `reason` becomes part of its name.

    Raises Failed for another database than SQLite, while another backup is made, and for one that turns out faulty.
    """
    database = database_file.path()
    if database is None:
        raise Failed(OTHER_DATABASE)
    if not connection.introspection.table_names():
        raise Failed(data_folder.without_tables())
    folder().mkdir(mode=0o700, exist_ok=True)
    stamp = timezone.localtime(now or timezone.now()).strftime("%Y%m%d-%H%M%S")
    with _only_one(), tempfile.TemporaryDirectory(dir=folder(), prefix="making-") as name:
        scratch = Path(name)
        made = scratch / "backup.zip"
        archive.write(made, database=database, scratch=scratch)
        if found := archive.faults(archive.extract_database(made, scratch)):
            made.replace(folder() / FAULTY)
            raise Failed(f"a backup was made as {FAULTY}, but it does not count: {found[0].rstrip('.')}")
        done = made.replace(folder() / f"pixelbot-{stamp}{f'-{reason}' if reason else ''}.zip")
    for old in kept()[KEPT:]:
        # Windows deletes no file that is open: one that somebody downloads goes with the next backup.
        with contextlib.suppress(PermissionError):
            old.unlink()
    _note().unlink(missing_ok=True)
    log.info("backup made and checked: %s", done)
    return done


def make_if_due() -> None:
    """Make one where the newest is older than a day."""
    newest = next(iter(kept()), None)
    # One from the future was made before a clock was put back.
    if newest is None or not 0 <= time.time() - newest.stat().st_mtime < DAY:
        make_or_note()


def make_or_note() -> None:
    """Make one. What goes wrong is logged, and a red line until one is made."""
    try:
        make()
    except ERRORS as error:
        log.error("no backup could be made: %s", error)
        with contextlib.suppress(OSError):
            _note().write_text(str(error), encoding="utf-8")


def trouble() -> str:
    """Return why the last backup failed, as a sentence, or ""."""
    try:
        return f"The last backup failed: {_note().read_text(encoding='utf-8').rstrip('.')}."
    except OSError:
        return ""


def _note() -> Path:
    return folder() / "failed.txt"


@contextlib.contextmanager
def _only_one() -> Iterator[None]:
    with (folder() / "lock").open("wb") as file:
        if not locks.lock(file, locks.LOCK_EX | locks.LOCK_NB):
            raise Failed("another backup is being made just now")
        for left in folder().glob("making-*"):  # by a process that was killed
            shutil.rmtree(left, ignore_errors=True)
        yield

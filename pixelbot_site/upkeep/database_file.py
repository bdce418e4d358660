"""SQLite's file from one run to the next: whole at the start, one file after the stop, with a short log between.

`pixelbot.sqlite3.state` beside the database says "INODE SIZE MTIME" after a stop in order; there is none while the bot
runs, nor after a crash.
"""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection

from pixelbot_site.kit.sqlite.file import first_fault

log = logging.getLogger("database")

# A log that is larger is merged and truncated once nothing was written for a minute.
LARGE_LOG = 4 * 2**20
# Checking a larger file takes seconds, so it is said.
LARGE_FILE = 50 * 2**20
# How long a start may wait for the check. The audit reads the whole file later.
CHECK_SECONDS = 10.0


def path() -> Path | None:
    """Return the path of SQLite's file, None for another database."""
    return Path(str(connection.settings_dict["NAME"])) if connection.vendor == "sqlite" else None


def require_whole() -> None:
    """Raise ImproperlyConfigured for a damaged file, such as a copy that was made while the bot ran.

    The file that the last run left in order is believed. Any other is read through, and its indexes are compared: after
    a crash, too, since an older file may have been copied over it, beside the log of the newer one. Of a very large
    one, as much is read as CHECK_SECONDS allow.
    """
    file = path()
    if file is None:
        return
    if not file.exists():
        if _size(_log_of(file)):
            raise ImproperlyConfigured(
                f"There is {_log_of(file).name} in {file.parent} without its database {file.name}. SQLite would delete "
                "it: put the database back, or move that file away."
            )
        return
    _require_readable(file)
    state = _state_file(file)
    known = state.read_text(encoding="ascii", errors="replace").split() if state.is_file() else []
    stat = file.stat()
    if known == [str(stat.st_ino), str(stat.st_size), str(stat.st_mtime_ns)] and not _size(_log_of(file)):
        fault = ""
    else:
        if stat.st_size > LARGE_FILE:
            log.info("checking the database (%d MB), since it was not left in order", stat.st_size // 2**20)
        fault = first_fault(file, thorough=True, within=CHECK_SECONDS)
    if fault:
        raise ImproperlyConfigured(
            f"The database {file} is damaged ({fault}). It was not changed. A copy that is made while the bot runs is "
            "no backup: restore one with manage.py restore FILE."
        )
    state.unlink(missing_ok=True)


def _require_readable(file: Path) -> None:
    # An OSError says more than SQLite's "unable to open database file". The file is not opened for it: closing it again
    # would end the locks that this process's own connections have on it, and others would delete their log.
    if file.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(file))
    if not os.access(file, os.R_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file))


def merge_log() -> None:
    """Write SQLite's write-ahead log into the database file, so that a copy of that file alone is complete."""
    file = path()
    if file is None:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            busy = cursor.fetchone()[0]
        connection.close()
        if busy:
            log.warning("the database's log could not be merged: another program reads it. Copy the -wal file, too")
        else:
            stat = file.stat()
            _state_file(file).write_text(f"{stat.st_ino} {stat.st_size} {stat.st_mtime_ns}", encoding="ascii")
    except (DatabaseError, OSError) as error:
        log.warning("the database's log could not be merged: %s", error)
        connection.close()


def merge_beside_writers() -> None:
    """Merge what the write-ahead log holds into the database's file.

    Nobody waits. Left to SQLite, the one whose commit fills the log would merge it: an event would wait for the disk.
    """
    file = path()
    # Whether anything was written since the last call is SQLite's to know: the log's time does not tell, since Windows
    # sets it when the file is closed.
    if file is not None and _size(_log_of(file)):
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")


_logs_at_last_look: dict[Path, tuple[int, int]] = {}


def shorten_log() -> bool:
    """Truncate a large write-ahead log that did not change since the last call; return whether that was done.

    No writer waits: what is merged is merged beside them, and if somebody writes or reads just now, the next call tries
    again.
    """
    file = path()
    if file is None or _size(_log_of(file)) < LARGE_LOG:
        return False
    stat = _log_of(file).stat()
    seen = (stat.st_size, stat.st_mtime_ns)
    if _logs_at_last_look.get(file) != seen:
        _logs_at_last_look[file] = seen
        return False
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout=0")
        try:
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
            busy, pages, merged = cursor.fetchone()
            if not busy and pages == merged:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                busy = cursor.fetchone()[0]
        finally:
            cursor.execute("PRAGMA busy_timeout=20000")
    return not busy and _size(_log_of(file)) == 0


def _log_of(file: Path) -> Path:
    return file.with_name(f"{file.name}-wal")


def _state_file(file: Path) -> Path:
    return file.with_name(f"{file.name}.state")


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0

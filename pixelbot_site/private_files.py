"""The bot's files belong to the account that runs it: nobody else on the machine reads them. POSIX only."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

log = logging.getLogger("runbot")

IS_POSIX = os.name == "posix"  # Windows has no such modes: a user's profile is closed to others there
OTHERS = stat.S_IRWXG | stat.S_IRWXO
# The folders of DATA_DIR that the bot fills. Others in it are somebody else's.
FOLDERS = ("media", "speech", "sounds")


def close_to_others() -> None:
    """Make what this process creates from now on readable by its account alone."""
    if IS_POSIX:
        os.umask(OTHERS)


def tighten(data_dir: Path, database: str | None) -> int:
    """Take the rights of others from what earlier versions left open; return how many files and folders had some.

    `database` is the path of SQLite's file, None for a server's database.
    """
    if not IS_POSIX:
        return 0
    count = sum(_tightened(path) for path in _kept(data_dir, database))
    if count:
        log.info("%d files and folders in %s could be read by others on this machine: closed", count, data_dir)
    return count


def _kept(data_dir: Path, database: str | None) -> Iterator[Path]:
    yield data_dir
    yield from (path for path in data_dir.iterdir() if not path.is_dir())
    for name in FOLDERS:
        yield data_dir / name
        yield from (data_dir / name).rglob("*")
    if database is not None:
        yield from (Path(f"{database}{end}") for end in ("", "-wal", "-shm"))


def _tightened(path: Path) -> bool:
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode) or not mode & OTHERS:
            return False
        path.chmod(stat.S_IMODE(mode) & ~OTHERS)
    except FileNotFoundError:  # the schedule's and SQLite's files come and go
        return False
    except OSError as error:
        log.warning("%s can be read by others on this machine: %s", path, error.strerror)
        return False
    return True

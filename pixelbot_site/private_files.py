"""The bot's files belong to the account that runs it: nobody else on the machine reads them. POSIX only."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

log = logging.getLogger("runbot")

IS_POSIX = os.name == "posix"  # Windows has no such modes: a user's profile is closed to others there
OTHERS = stat.S_IRWXG | stat.S_IRWXO
# The folders of DATA_DIR that the bot fills. Others in it are somebody else's.
FOLDERS = ("media", "speech", "sounds", "backups")


def close_to_others() -> None:
    """Make what this process creates from now on readable by its account alone."""
    if IS_POSIX:
        os.umask(OTHERS)


def make_folder(folder: Path) -> None:
    """Make the folder where it is missing. Raise ImproperlyConfigured, with a sentence, where that can't be done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "it is a file" if isinstance(error, FileExistsError | NotADirectoryError) else error.strerror
        raise ImproperlyConfigured(f"The folder DATA_DIR={folder} can't be made or used: {reason}.") from error


def stored_secret_key(path: Path) -> str:
    """Return the key stored in `path`. The first call creates the file, readable by its owner only.

    Raises ImproperlyConfigured, with a sentence, where the file can't be made or read, or holds no key.
    """
    try:
        with contextlib.suppress(FileExistsError):
            _make_key(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), path)
        key = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{path} can't be made or read: {error.strerror}.") from error
    except UnicodeDecodeError:
        key = ""
    if not key:
        raise ImproperlyConfigured(
            f"{path} holds no key. Put the right file back, or delete it: then log in and connect the channel again."
        )
    return key


def _make_key(descriptor: int, path: Path) -> None:
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(50))
    except OSError:  # a full disk: the next start must not find an empty file
        path.unlink()
        raise


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

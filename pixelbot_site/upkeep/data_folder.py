"""One bot to a data folder, and its troubles as sentences."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.files import locks
from django.core.management.base import CommandError
from django.db import DatabaseError, connection

from pixelbot_site.upkeep import database_file

LOCK = "runbot.lock"


@contextlib.contextmanager
def lock() -> Iterator[None]:
    """Hold the lock of the data folder, and of SQLite's file. Raise CommandError where another bot holds one.

    Two bots on one folder would both answer in chat, and each would reach its own overlays only.
    """
    sentence = f"Pixel Bot is running already on {settings.DATA_DIR}. Stop it, or set another DATA_DIR."
    with contextlib.ExitStack() as held:
        for file in dict.fromkeys((settings.DATA_DIR / LOCK, *_lock_of_database())):
            held.enter_context(_locked(file, locks.LOCK_EX, sentence))
        yield


@contextlib.contextmanager
def share_database() -> Iterator[None]:
    """Hold a share of the lock of SQLite's file, as other listeners do. Raise CommandError beside a bot in one process.

    That one has its own worker, and its effects and overlays reach no other process. PostgreSQL needs no lock.
    """
    sentence = (
        f"A bot in one process runs already on {database_file.path()}, and its overlays would hear nothing of this "
        "listener. Stop that one (runbot without --listener-only), or set another database in DATABASE_URL."
    )
    with contextlib.ExitStack() as held:
        for file in _lock_of_database():
            held.enter_context(_locked(file, locks.LOCK_SH, sentence))
        yield


def _lock_of_database() -> list[Path]:
    file = database_file.path()
    if file is None:
        return []
    return [settings.DATA_DIR / LOCK if file.parent == settings.DATA_DIR else Path(f"{file}.lock")]


@contextlib.contextmanager
def _locked(path: Path, flag: int, sentence: str) -> Iterator[None]:
    with explained():
        file = path.open("wb")
    with file:
        if not locks.lock(file, flag | locks.LOCK_NB):
            raise CommandError(sentence)
        yield


# What SQLite and PostgreSQL say of a table or a column that is not there.
MISSING = re.compile(r"no such (table|column)|(relation|column) .* does not exist")


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Raise CommandError, with a sentence that says what to do, for what goes wrong with the folder or the database."""
    try:
        yield
    except DatabaseError as error:
        raise CommandError(of_database(error)) from error
    except OSError as error:
        raise CommandError(of_file(error)) from error


def of_database(error: DatabaseError) -> str:
    """Return what `error` means for the person who starts the bot."""
    reason = str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
    if MISSING.search(reason):
        return without_tables() if _is_empty() else _of_another_version(reason)
    if connection.vendor != "sqlite":
        return f"The database of DATABASE_URL can't be used: {reason}."
    path = connection.settings_dict["NAME"]
    if str(path) in reason:  # a sentence of `pixelbot_site.kit.sqlite.file`
        return f"{reason}."
    advice = "" if "full" in reason else f" May this account write in {settings.DATA_DIR}?"
    return f"The database {path} can't be used: {reason}.{advice}"


def _is_empty() -> bool:
    try:
        return not connection.introspection.table_names()
    except DatabaseError:
        return False  # it can't be asked, which is what is said then


def without_tables() -> str:
    """Return what to do about a database in which the bot was never started."""
    return (
        f"The database {_which()} has no tables of the bot yet. Is it the right one (DATA_DIR, DATABASE_URL)? "
        "A new one gets its tables when the bot is started."
    )


def _of_another_version(reason: str) -> str:
    return (
        f"The database {_which()} is not of this version of the bot ({reason}). "
        "Its tables are brought up to date when the bot is started."
    )


def _which() -> str:
    return str(connection.settings_dict["NAME"]) if connection.vendor == "sqlite" else "of DATABASE_URL"


def of_file(error: OSError) -> str:
    """Return which file can't be used, and why."""
    return f"{error.filename or settings.DATA_DIR} can't be used: {error.strerror or error}."

"""One bot to a data folder, and its troubles as sentences."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from django.conf import settings
from django.core.files import locks
from django.core.management.base import CommandError
from django.db import DatabaseError, connection


@contextlib.contextmanager
def lock() -> Iterator[None]:
    """Hold the lock of the data folder. Raise CommandError where another bot holds it.

    Two bots on one folder would both answer in chat, and each would reach its own overlays only.
    """
    with explained():
        file = (settings.DATA_DIR / "runbot.lock").open("wb")
    with file:
        if not locks.lock(file, locks.LOCK_EX | locks.LOCK_NB):
            raise CommandError(
                f"Pixel Bot is running already on {settings.DATA_DIR}. Stop it, or set another DATA_DIR."
            )
        yield


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
    if connection.vendor != "sqlite":
        return f"The database of DATABASE_URL can't be used: {reason}."
    path = connection.settings_dict["NAME"]
    if str(path) in reason:  # a sentence of `pixelbot_site.kit.sqlite.file`
        return f"{reason}."
    advice = "" if "full" in reason else f" May this account write in {settings.DATA_DIR}?"
    return f"The database {path} can't be used: {reason}.{advice}"


def of_file(error: OSError) -> str:
    """Return which file can't be used, and why."""
    return f"{error.filename or settings.DATA_DIR} can't be used: {error.strerror or error}."

"""SQLite's file as this process found it: whether it is still there, the same, and whole.

The file is looked at by its name and never opened here: closing it again would end SQLite's own locks on it (POSIX).
"""

from __future__ import annotations

import logging
import sqlite3
import time
from contextlib import closing
from functools import cache
from pathlib import Path

log = logging.getLogger("database")

# Seconds between two looks. The bot asks the database something every two seconds even when nothing happens.
LOOK_EVERY = 1.0


class DatabaseFile:
    """One file. Any thread may ask; a look is a single `stat`."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._identity: tuple[int, int] | None = None
        self._size = 0
        self.sound_until = 0.0  # `time.monotonic`; until then it is believed to be as it was at the last look
        self._absence = ""
        self._damage = ""

    def note_opened(self) -> None:
        """Remember which file it is, at the first connection."""
        if self._identity is None and (found := self._found()):
            self._identity, self._size = found

    def note_damage(self, reason: str) -> None:
        """Remember that SQLite found the file damaged. It is not asked again until the bot is started again."""
        if not self._damage:
            self._damage = (
                f"The database {self._path} is damaged ({reason}). Stop the bot and restore a backup: "
                "manage.py restore FILE."
            )
            log.error("%s Nothing is read from it or stored in it until then.", self._damage)
        self.sound_until = 0.0

    def require(self, *, look_now: bool = False) -> None:
        """Raise sqlite3.OperationalError where the file is gone, replaced or damaged."""
        if sentence := self.trouble(look_now=look_now):
            raise sqlite3.OperationalError(sentence)

    def trouble(self, *, look_now: bool = False) -> str:
        """Return what is wrong with the file as a sentence, or "". It is looked at every LOOK_EVERY seconds."""
        if look_now or time.monotonic() > self.sound_until:
            self._look()
            trouble = self._damage or self._absence
            self.sound_until = 0.0 if trouble else time.monotonic() + LOOK_EVERY
        return self._damage or self._absence

    def _look(self) -> None:
        was, self._absence = self._absence, self._compared()
        if self._absence and not was:
            log.error("%s Nothing is stored until then.", self._absence)
        elif was and not self._absence:
            log.warning("the database %s is back", self._path)

    def _compared(self) -> str:
        """Return how the file differs from the one that was opened, "" where it does not."""
        if self._identity is None:
            return ""
        what_to_do = "Stop the bot, put the right file back or restore a backup, and start the bot again."
        found = self._found()
        if found is None:
            return f"The database {self._path} is gone: it was deleted or renamed. {what_to_do}"
        identity, size = found
        if identity != self._identity:
            return f"The database {self._path} is another file than the one the bot was started with. {what_to_do}"
        was, self._size = self._size, size
        # VACUUM makes it smaller, too, but leaves it whole, and never empty.
        if size < was and (reason := "it is empty" if size == 0 else first_fault(self._path)):
            self.note_damage(reason)
        return ""

    def _found(self) -> tuple[tuple[int, int], int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return (status.st_dev, status.st_ino), status.st_size


@cache
def of(path: str) -> DatabaseFile:
    """Return what this process knows of the file at `path`."""
    return DatabaseFile(path)


def first_fault(path: Path, *, thorough: bool = False, within: float = float("inf")) -> str:
    """Return the first fault that SQLite finds in a whole file, or "".

    `thorough`: indexes are compared with their tables, too, which takes ten times as long. After `within` seconds, what
    was looked at until then counts.
    """
    pragma = "integrity_check" if thorough else "quick_check"
    until = time.monotonic() + within
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=20)) as database:
            database.set_progress_handler(lambda: time.monotonic() > until, 10_000)
            found = str(database.execute(f"PRAGMA {pragma}(1)").fetchone()[0])
    except sqlite3.DatabaseError as error:
        return "" if time.monotonic() > until and "interrupt" in str(error) else str(error)
    return "" if found == "ok" else found.splitlines()[-1]

"""The backend. Django imports it by the name of this module; `ENGINE` is `pixelbot_site.kit.sqlite`."""

from __future__ import annotations

import sqlite3
import time
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from django.db import OperationalError
from django.db.backends.sqlite3 import base
from django.db.backends.sqlite3.operations import DatabaseOperations as SQLiteOperations
from django.db.utils import DatabaseErrorWrapper
from django.utils.functional import cached_property

from pixelbot_site.kit.sqlite import file


class ErrorWrapper(DatabaseErrorWrapper):
    """Makes an OperationalError of a damaged file: no event's fault, so nothing in hand is given up for it."""

    wrapper: DatabaseWrapper

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Raise Django's error for SQLite's. Plain DatabaseErrors are SQLITE_CORRUPT and SQLITE_NOTADB."""
        if exc_type is sqlite3.DatabaseError:
            self.wrapper.file.note_damage(str(exc_value))
            raise OperationalError(self.wrapper.file.trouble() or str(exc_value)) from exc_value
        super().__exit__(exc_type, exc_value, traceback)


class DatabaseOperations(SQLiteOperations):
    """SQLite's, with a shorter way for the moments that we make ourselves."""

    def adapt_datetimefield_value(self, value: datetime | None) -> str | None:
        """Return the moment as it is stored: in UTC, without saying so. An event stores half a dozen."""
        if type(value) is datetime and value.tzinfo is UTC and self.connection.timezone is UTC:
            return str(value.replace(tzinfo=None))
        return super().adapt_datetimefield_value(value)


class DatabaseWrapper(base.DatabaseWrapper):
    """Opens the file, and hands out cursors, only while the file is the one that this process began with."""

    ops_class = DatabaseOperations

    @cached_property
    def wrap_database_errors(self) -> ErrorWrapper:
        """Return the context manager around every call of the database."""
        return ErrorWrapper(self)

    @property
    def file(self) -> file.DatabaseFile:
        """Return what this process knows of the file."""
        return file.of(str(self.settings_dict["NAME"]))

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Open the file. Raise sqlite3.OperationalError where it is gone: SQLite would make an empty one."""
        self._file = self.file
        self._file.require(look_now=True)
        connection = super().get_new_connection(conn_params)
        self._file.note_opened()
        return connection

    def create_cursor(self, name: str | None = None) -> Any:
        """Return a cursor. Raise sqlite3.OperationalError where the file is gone: SQLite would go on from memory."""
        if time.monotonic() > self._file.sound_until:  # compared here, since every statement comes by
            self._file.require()
        return super().create_cursor(name)

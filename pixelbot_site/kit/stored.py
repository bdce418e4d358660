"""Reading what the dashboard stores, for a `kit.live.Live` value."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Model

T = TypeVar("T")

log = logging.getLogger("settings")


class Stored(Generic[T]):
    """Calls `read`, which reads rows of `model`. Where the database can't be asked, the last value holds."""

    def __init__(self, model: type[Model], read: Callable[[], T], first: T) -> None:
        self._model = model
        self._read = read
        self._last = first
        self._has_table = False

    def __call__(self) -> T:
        """Return what is stored; before the first migration, the first value."""
        try:
            if not self._has_table:
                # To find out by a query that fails would break PostgreSQL's transaction.
                self._has_table = self._model._meta.db_table in connection.introspection.table_names()
            if self._has_table:
                self._last = self._read()
        except (DatabaseError, InterfaceError) as error:
            log.warning("%s could not be read: %s", self._model._meta.verbose_name_plural, error)
            # A thread that does nothing but read these would go on with a broken connection for ever.
            connection.close_if_unusable_or_obsolete()
        return self._last

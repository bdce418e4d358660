"""Rows found by a name that people type."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)


def named(rows: QuerySet[M], name: str, *, column: str = "name") -> M | None:
    """Return the row of that name, in any case; None where there is none.

    Compared here: of what is not ASCII, SQLite knows no case. For tables of what a streamer made, all names are read.
    """
    wanted = name.strip().casefold()
    found = next((pk for pk, own in rows.values_list("pk", column) if own.casefold() == wanted), None)
    return None if found is None else rows.get(pk=found)

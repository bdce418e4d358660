"""What an import would bring, compared with what is here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import Model

# Whether whoever imports has a permission, as `user.has_perm`.
May = Callable[[str], bool]


class State(StrEnum):
    """How something that the other bot has compares with what is here."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "the same"
    BY_HAND = "to do by hand"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing of the other bot. `details` say what it changes from and to; `reason` is a sentence."""

    section: str
    name: str
    state: State
    details: tuple[str, ...] = ()
    reason: str = ""


class LeftOut(Exception):
    """Something that is not brought over; its message is the reason, as a sentence."""


def left_out(section: str, name: str, reason: str) -> Difference:
    """Return what is not brought over, and why."""
    sentence = reason if reason.endswith((".", "…")) else f"{reason}."
    return Difference(section, name, State.LEFT_OUT, reason=sentence)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A row as the other bot has it.

    `key` finds it here. `values` gets the row that is here, or None, and returns the fields to set: all of them for a
    new one, none where nothing is missing. It raises LeftOut, and is asked outside of transactions. Fields in `hidden`
    are secrets, those in `quiet` are not told. `details` replaces what is told of the fields.
    """

    section: str
    name: str
    model: type[Model]
    key: Mapping[str, Any]
    values: Callable[[Any], Mapping[str, Any]]
    permission: str
    note: str = ""
    hidden: Collection[str] = ()
    quiet: Collection[str] = ()
    details: Callable[[], tuple[str, ...]] | None = None

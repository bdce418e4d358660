"""What a lamp is: a colour with sentences, which name times, and the button that mends what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils import timezone


class Color(StrEnum):
    """What a lamp means: works, look at it, act now, not known."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"
    GREY = "grey"

    @property
    def word(self) -> str:
        """Return the meaning, for who can't tell the colours apart."""
        return {"green": "works", "amber": "look at it", "red": "act now", "grey": "not known"}[self.value]


@dataclass(frozen=True, slots=True)
class Action:
    """The button that mends it, for who has the permission. A `posts` one does something; others lead to a page."""

    label: str
    url: str
    permission: str
    posts: bool = False


@dataclass(frozen=True, slots=True)
class Lamp:
    """The state of one part, in sentences. `key` names it for programs."""

    key: str
    label: str
    color: Color
    sentences: tuple[str, ...]
    action: Action | None = None


def when(at: datetime) -> str:
    """Return a time as a sentence says it: today's `at 20:15:00`, another day's `on 01 August at 20:15`."""
    return f"{'at' if _is_today(at) else 'on'} {until(at)}"


def until(at: datetime) -> str:
    """Return a time as it follows `until`."""
    return f"{timezone.localtime(at):{'%H:%M:%S' if _is_today(at) else '%d %B at %H:%M'}}"


def _is_today(at: datetime) -> bool:
    return timezone.localdate(at) == timezone.localdate()

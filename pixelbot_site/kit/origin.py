"""The event that this thread or task is at work for: replies know when it came, and lines of the log name it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

# What a uid may have in the log. The platform chooses it: anything else could pass there for words of ours.
_ODD = re.compile(r"[^A-Za-z0-9_.:-]")
MAX_SHOWN_CHARS = 64


@dataclass(frozen=True, slots=True)
class Origin:
    """An event by its uid, and when it arrived here, in Unix seconds; 0 where that is not known any more."""

    uid: str
    arrived: float = 0.0

    @property
    def shown(self) -> str:
        """Return the uid as lines of the log have it."""
        return _ODD.sub("?", self.uid[:MAX_SHOWN_CHARS])


class _Place:
    """The event that a thread or task is at work for, by its uid, and when those of its batch came."""

    __slots__ = ("arrivals", "uid")

    def __init__(self, uid: str, arrivals: Mapping[str, float]) -> None:
        self.uid, self.arrivals = uid, arrivals


# Set once for a batch, whose events change it: to set a ContextVar costs as much as a hundredth of an event.
_place: ContextVar[_Place | None] = ContextVar("place", default=None)


def current() -> Origin | None:
    """Return the event that this is done for; None where there is none."""
    place = _place.get()
    return Origin(place.uid, place.arrivals.get(place.uid, 0.0)) if place is not None and place.uid else None


def since() -> str:
    """Return how long ago the event came, for a line of the log: `, 0.012 s after it came`; "" where nobody knows."""
    event = current()
    return f", {time.time() - event.arrived:.3f} s after it came" if event is not None and event.arrived else ""


@contextmanager
def batch(arrivals: Mapping[str, float]) -> Iterator[None]:
    """Let the block be at work for several events, one after another, which came at these moments, by their uids."""
    token = _place.set(_Place("", arrivals))
    try:
        yield
    finally:
        _place.reset(token)


def enter(uid: str) -> str:
    """Be at work for this event of the batch; "": for none. Return what `leave` needs: the one before."""
    place = _place.get()
    if place is None:
        return ""
    before, place.uid = place.uid, uid
    return before


def leave(before: str) -> None:
    """Be at work for the event before."""
    place = _place.get()
    if place is not None:
        place.uid = before


@contextmanager
def of(event: Origin | str | None) -> Iterator[None]:
    """Let the block be at work for this event, or the one with this uid; "" or None: for none."""
    place = _place.get()
    if isinstance(event, Origin):
        own = _Place(event.uid, {event.uid: event.arrived})
    else:
        own = _Place(event or "", place.arrivals if place is not None else {})
    token = _place.set(own)
    try:
        yield
    finally:
        _place.reset(token)

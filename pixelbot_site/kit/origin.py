"""The event that this thread or task is at work for: replies know when it came, and lines of the log name it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
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


# Apart, and an Origin is made where somebody asks: each event of a batch sets the first, and few are asked for.
_uid: ContextVar[str] = ContextVar("uid", default="")
_arrivals: ContextVar[Mapping[str, float] | None] = ContextVar("arrivals", default=None)


def current() -> Origin | None:
    """Return the event that this is done for; None where there is none."""
    uid = _uid.get()
    if not uid:
        return None
    arrivals = _arrivals.get()
    return Origin(uid, arrivals.get(uid, 0.0) if arrivals else 0.0)


def since() -> str:
    """Return how long ago the event came, for a line of the log: `, 0.012 s after it came`; "" where nobody knows."""
    event = current()
    return f", {time.time() - event.arrived:.3f} s after it came" if event is not None and event.arrived else ""


@contextmanager
def batch(arrivals: Mapping[str, float]) -> Iterator[None]:
    """Let the block be at work for several events, one after another, which came at these moments, by their uids."""
    token = _arrivals.set(arrivals)
    try:
        yield
    finally:
        _arrivals.reset(token)


def enter(uid: str) -> Token[str]:
    """Be at work for the event with this uid, until `leave` gets what this returns; "": for none."""
    return _uid.set(uid)


def leave(token: Token[str]) -> None:
    """Be at work for what it was before."""
    _uid.reset(token)


@contextmanager
def of(event: Origin | str | None) -> Iterator[None]:
    """Let the block be at work for this event, or the one with this uid; "" or None: for none."""
    if isinstance(event, Origin):
        with batch({event.uid: event.arrived}), of(event.uid):
            yield
        return
    token = enter(event or "")
    try:
        yield
    finally:
        leave(token)

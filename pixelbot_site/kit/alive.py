"""What this process knows of itself, for its `/health`: each part that runs in it says whether it does its work."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

log = logging.getLogger("health")

# Seconds within which an event loop that is not stuck gets to a call from another thread.
LOOP_WITHIN = 2.0


@dataclass(frozen=True, slots=True)
class Sign:
    """Whether a part does its work, where starting it again could help if not, and facts: numbers and plain words."""

    ok: bool
    facts: Mapping[str, object] = field(default_factory=dict)


Look = Callable[[], Sign]
_parts: dict[str, Look] = {}


def register(name: str, look: Look) -> None:
    """Let `look` tell of the part with this name. It is called by any thread, and must not wait for the database."""
    _parts[name] = look


@contextmanager
def part(name: str, look: Look) -> Iterator[None]:
    """Do the same for as long as the block runs."""
    register(name, look)
    try:
        yield
    finally:
        if _parts.get(name) is look:  # else another one has begun
            del _parts[name]


def signs() -> dict[str, Sign]:
    """Return what each part says. One that can't say anything does not do its work."""
    return {name: _asked(name, look) for name, look in list(_parts.items())}


def _asked(name: str, look: Look) -> Sign:
    try:
        return look()
    except Exception:  # the answer must come, whatever is broken
        log.exception("%s could not be looked at", name)
        return Sign(False)


def answers(loop: asyncio.AbstractEventLoop) -> bool:
    """Return whether an event loop of another thread gets to a call in time."""
    reached = threading.Event()
    try:
        loop.call_soon_threadsafe(reached.set)
    except RuntimeError:  # it is closed
        return False
    return reached.wait(LOOP_WITHIN)

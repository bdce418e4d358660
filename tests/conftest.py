"""Fixtures that more than one folder needs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from economy.models import Viewer
from economy.viewers import people
from effects.chat import MAILBOX
from joystick.inbox import receive
from joystick.protocol.received import Received, read
from joystick.settings_table import Rules
from joystick.simulator.happenings import Happening
from tests import processes
from tests.economy.tampering import tampered
from tests.processes import SimulatorThread, missing_part

DATA = Path(__file__).parent / "data"


@pytest.fixture
def now() -> datetime:
    """Some moment."""
    return datetime(2026, 8, 1, 20, 0, tzinfo=UTC)


@pytest.fixture
def rules() -> Rules:
    """The default rules."""
    return Rules.current()


@pytest.fixture
def viewer(db: None, now: datetime) -> Callable[..., Viewer]:
    """Makes a viewer: `viewer("Bob", points=100)`."""
    from economy.ledger import points as ledger

    def make(username: str, *, points: int = 0) -> Viewer:
        made = people.seen([username], now=now)[username.casefold()]
        if points:
            ledger.grant(made, points, source="test", reference=f"test:{username}")
        return made

    return make


@pytest.fixture
def deliver() -> Callable[..., None]:
    """Hands happenings to the inbox as one batch of frames, in the v2 envelope unless told otherwise."""

    def hand_over(*happenings: Happening, version: str = "v2") -> None:
        batch = [read(frame_text(happening, version)) for happening in happenings]
        receive.receive([received for received in batch if isinstance(received, Received)])

    return hand_over


def frame_text(happening: Happening, version: str = "v2") -> str:
    """The text frame that tells of a happening."""
    return json.dumps({"identifier": "{}", "message": happening.message(version)})


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines that would be said in chat, in order. They are caught at the mailbox, after the commit."""
    lines: list[str] = []

    def catch(group: str, message: dict[str, Any]) -> None:
        if group == MAILBOX:
            whispered = f"(to {message['words']['username']}) " if message["action"] == "send_whisper" else ""
            lines.append(whispered + message["words"]["text"])

    monkeypatch.setattr("effects.chat.group_send", catch)
    return lines


@pytest.fixture
def simulator() -> Iterator[SimulatorThread]:
    """A simulated Joystick in a thread of its own, on a free port."""
    with SimulatorThread() as running:
        yield running


@pytest.fixture
def free_port() -> int:
    """A port nobody listens on."""
    return processes.free_port()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium."""
    for path in (os.environ.get("CHROMIUM", ""), "/usr/bin/chromium", "/usr/bin/chromium-browser"):
        if path and Path(path).exists():
            return path
    return missing_part("Chromium is not installed (apt-get install chromium, or set CHROMIUM)")


@pytest.fixture(scope="session", autouse=True)
def flush_in_spite_of_triggers() -> Iterator[None]:
    """Django empties tables between tests by DELETE or TRUNCATE, which a ledger refuses: its triggers go for that
    moment.
    """
    with pytest.MonkeyPatch.context() as patch:
        operations = type(connection.ops)
        real = operations.execute_sql_flush

        def flush(self: Any, sql_list: list[str]) -> None:
            with tampered():
                real(self, sql_list)

        patch.setattr(operations, "execute_sql_flush", flush)
        yield

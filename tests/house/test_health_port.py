"""HEALTH_PORT: each process says whether it does its work, to whoever asks on this machine, without a word of anybody's."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import pytest
from celery.worker import state
from pytest_django import Settings

from joystick.gateway import pulse as listener_pulse
from joystick.gateway.pulse import Pulse
from pixelbot_site.kit import alive
from pixelbot_site.kit.alive import Sign
from pixelbot_site.metrics import port, worker
from tests.processes import free_port

TOKEN = "a-token-for-the-metrics-alone"


def get(path: str, token: str = "") -> tuple[int, str]:
    """Ask the port; return the status and the text."""
    (server,) = port._running
    request = urllib.request.Request(f"http://127.0.0.1:{server.server_address[1]}{path}")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.fixture
def served(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Open the port, with no part registered yet, and close it."""
    monkeypatch.setattr(alive, "_parts", {})
    monkeypatch.setattr(port, "_running", [])
    settings.HEALTH_PORT = free_port()
    port.serve()
    yield
    for server in port._running:
        server.shutdown()
        server.server_close()


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Run an event loop in a thread of its own."""
    running = asyncio.new_event_loop()
    thread = threading.Thread(target=running.run_forever)
    thread.start()
    yield running
    running.call_soon_threadsafe(running.stop)
    thread.join(5)
    running.close()


def test_it_is_closed_by_default(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(port, "_running", [])
    assert (settings.HEALTH_PORT, settings.HEALTH_HOST) == (0, "127.0.0.1")
    port.serve()
    assert port._running == []


def test_what_is_there_and_for_whom(served: None, settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    assert get("/health") == (503, '{"ok": false, "parts": {}}')
    assert [get(path)[0] for path in ("/metrics", "/", "/admin/", "/health/")] == [404] * 4
    settings.METRICS_TOKEN = TOKEN
    assert [get("/metrics", token)[0] for token in ("", "wrong", TOKEN[:-1])] == [401] * 3
    status, text = get("/metrics?x", TOKEN)
    assert status == 200 and "# TYPE pixelbot_events_total counter" in text and "pixelbot_database_up" not in text
    with socket.create_connection(("127.0.0.1", settings.HEALTH_PORT)) as odd:
        odd.sendall(b"\x00\xff nonsense \r\n\r\n")
        odd.recv(100)
    assert get("/health")[0] == 503
    port._running.clear()
    settings.HEALTH_PORT, taken = free_port(), socket.socket()
    with taken:
        taken.bind(("127.0.0.1", settings.HEALTH_PORT))
        taken.listen()
        port.serve()
    assert "each process needs one of its own" in caplog.text and port._running == []


def told(part: str) -> tuple[int, dict[str, Any]]:
    status, text = get("/health")
    return status, json.loads(text)["parts"][part]


def test_a_listener_is_well_while_its_loop_runs_and_the_database_takes_events(
    served: None, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alive, "LOOP_WITHIN", 1.0)
    connected = False
    pulse = Pulse(lambda: connected)

    async def begin() -> None:
        pulse.begin()

    asyncio.run_coroutine_threadsafe(begin(), loop).result(5)
    with alive.part("listener", pulse.sign):
        assert told("listener") == (
            200,
            {"ok": True, "state": "standing by", "seconds_since_batch": None, "batch_in_hand_seconds": 0.0},
        )
        pulse.is_listening = True
        assert told("listener")[1]["state"] == "not connected"
        connected = True
        pulse.take()
        pulse.store()
        status, facts = told("listener")
        assert (status, facts["state"]) == (200, "connected") and facts["seconds_since_batch"] < 5
        monkeypatch.setattr(listener_pulse, "MOST_IN_HAND", 1e-9)
        assert told("listener")[0] == 200
        pulse.take()
        status, facts = told("listener")
        assert (status, facts["ok"]) == (503, False)
        monkeypatch.setattr(listener_pulse, "MOST_IN_HAND", 30.0)
        assert told("listener")[0] == 200
        loop.call_soon_threadsafe(time.sleep, 2.0)  # the loop is stuck
        assert told("listener")[0] == 503
    assert get("/health") == (503, '{"ok": false, "parts": {}}')


def test_a_worker_is_well_while_tasks_come(served: None, monkeypatch: pytest.MonkeyPatch) -> None:
    running = [Mock(args=["tts"]), Mock(args=[])]
    running[0].name, running[1].name = "effects.drain", "effects.rescue"
    monkeypatch.setattr(state, "active_requests", running)
    pulse = worker.Pulse()
    alive.register("worker", pulse.sign)
    status, facts = told("worker")
    assert status == 200 and facts["seconds_since_task"] < 5
    assert (facts["running_tasks"], facts["lanes"]) == (2, ["tts"])
    monkeypatch.setattr(worker, "DEAF_AFTER", 0.0)
    assert told("worker")[0] == 503


def test_a_part_that_can_not_be_looked_at_is_not_well(served: None) -> None:
    def broken() -> Sign:
        raise ValueError("a secret")

    alive.register("web", lambda: Sign(True))
    alive.register("worker", broken)
    status, text = get("/health")
    assert status == 503 and "a secret" not in text
    assert json.loads(text)["parts"] == {"web": {"ok": True}, "worker": {"ok": False}}

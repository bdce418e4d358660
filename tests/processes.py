"""Real processes and servers for tests: the bot, the simulated Joystick, Redis, PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

import pytest
from django.conf import settings
from django.db import connection
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from joystick.simulator.accounts import Accounts
from joystick.simulator.happenings import Happening
from joystick.simulator.options import Options
from joystick.simulator.server import Simulator

ROOT = Path(__file__).resolve().parent.parent


def missing_part(sentence: str) -> NoReturn:
    """Skip where a real part is absent on somebody's PC; in CI, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(sentence)
    pytest.skip(sentence)


def wait_until(condition: Callable[[], Any], what: str, *, within: float = 15.0) -> Any:
    """Call `condition` until its answer is true, and return that; raise AssertionError after `within` seconds."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.02)
    raise AssertionError(f"not within {within:g} s: {what}")


def free_port() -> int:
    """Return a port that no process listens on.

    It is below those that systems give to outgoing connections: one of these could take it before the bot does.
    """
    while True:
        port = random.SystemRandom().randrange(12_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class SimulatorThread:
    """The simulated Joystick on an event loop of its own, driven from synchronous tests."""

    def __init__(self, options: Options | None = None, *, port: int = 0, accounts: Accounts | None = None) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._options, self._port, self._accounts = options, port, accounts

    def __enter__(self) -> SimulatorThread:
        self.thread.start()
        self.simulator = self.call(self._make())
        return self

    def __exit__(self, *_: object) -> None:
        self.call(self.simulator.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)
        self.loop.close()

    async def _make(self) -> Simulator:
        simulator = Simulator(self._options, port=self._port, accounts=self._accounts)
        await simulator.start()
        return simulator

    def call(self, step: Coroutine[Any, Any, Any], *, within: float = 20.0) -> Any:
        """Run a coroutine in the simulator's loop and return its result."""
        return asyncio.run_coroutine_threadsafe(step, self.loop).result(within)

    def happen(self, *happenings: Happening) -> None:
        """Send the happenings to every bot, one after another."""
        for happening in happenings:
            self.call(self.simulator.happen(happening))

    def wait_subscribed(self) -> None:
        """Wait until a bot is subscribed."""
        self.call(self.simulator.subscribed.wait())

    def lines(self) -> list[str]:
        """Return the lines that bots sent to chat."""
        return [action["text"] for action in self.simulator.actions if action["action"] == "send_message"]


class BotProcess:
    """`manage.py runbot` as a real process on a data folder of its own."""

    def __init__(self, folder: Path, port: int, *arguments: str, **environment: str) -> None:
        self.folder, self.port = folder, port
        self.environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if name not in {"DJANGO_SETTINGS_MODULE", "DATABASE_URL"}
            },
            "ENV_FILE": os.devnull,
            "DATA_DIR": str(folder),
            "MESSAGE_RATE_LIMIT": "0",
            "ADMIN_PASSWORD": "a-test-password",
            **environment,
        }
        self.command = [sys.executable, "manage.py", "runbot", "--bind", f"127.0.0.1:{port}", *arguments]
        self.process: subprocess.Popen[str] | None = None
        self.output: list[str] = []

    def start(self, *, ready: str = "Stop with Ctrl-C") -> BotProcess:
        """Start it and wait until its output contains `ready`."""
        self.output = []
        self.process = process = start_process(self.command, self.environment, self.output)
        try:
            # How quickly it starts is for the benchmark to say: here it may share two cores with three others.
            wait_until(lambda: self.says(ready) or process.poll() is not None, "the bot's greeting", within=60)
            assert self.says(ready), self.text()
        except AssertionError:
            self.kill()
            raise
        return self

    def says(self, words: str) -> bool:
        """Return whether its output contains `words`."""
        return words in self.text()

    def text(self) -> str:
        """Return all of its output, logs included."""
        return "".join(self.output)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Send it a signal; return its exit code and how many seconds it took to end."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(15)
        return code, time.monotonic() - began

    def kill(self) -> None:
        """Kill it, if it still runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(5)

    @property
    def overlay_path(self) -> str:
        """Return the overlay's path, as the greeting names it."""
        found = re.search(r"/overlay/[^/\s]+/", self.text())
        assert found, self.text()
        return found.group()

    @property
    def overlay_url(self) -> str:
        """Return the overlay's full address."""
        return f"http://127.0.0.1:{self.port}{self.overlay_path}"

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query on its SQLite database."""
        with sqlite3.connect(f"file:{self.folder / 'pixelbot.sqlite3'}?mode=ro", uri=True, timeout=10) as database:
            rows = database.execute(query, parameters).fetchall()
        database.close()
        return rows

    def one(self, query: str, *parameters: object) -> Any:
        """Return the first column of the first row, or None."""
        rows = self.rows(query, *parameters)
        return rows[0][0] if rows else None


def start_process(command: list[str], environment: dict[str, str], output: list[str]) -> subprocess.Popen[str]:
    """Start a process whose stdout and stderr are gathered in `output`, line by line."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        restore_signals=True,
    )
    stdout = process.stdout
    assert stdout is not None

    def gather() -> None:
        with stdout:
            output.extend(iter(stdout.readline, ""))

    threading.Thread(target=gather, daemon=True).start()
    return process


@contextmanager
def overlay_socket(url: str, query: str = "") -> Iterator[ClientConnection]:
    """Connect to an overlay's websocket as its page does; `url` is the page's."""
    address = url.replace("http://", "ws://") + "socket/" + query
    with connect(address, origin=Origin(url.partition("/overlay/")[0]), compression=None, proxy=None) as socket:
        yield socket


def play_next(socket: ClientConnection, *, within: float = 15.0) -> dict[str, Any]:
    """Return the next message to speak, after reporting it started and finished as the page does."""
    until = time.monotonic() + within
    while True:
        frame: dict[str, Any] = json.loads(socket.recv(timeout=until - time.monotonic()))
        if frame.get("show") == "speak":
            for report in ("started", "finished"):
                socket.send(json.dumps({"type": report, "item": frame["item"], "attempt": frame["attempt"]}))
            return frame


def at_once_in_processes(count: int, program: str, *, within: float = 120, **environment: str) -> list[str]:
    """Run `program` in `count` processes on the test's own database; return the output of each.

    Each gets its number, from 0, as its argument, and the settings and database of this process.
    """
    names = {**on_the_tests_database(), **environment}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(number)], cwd=ROOT, env=names, stdout=subprocess.PIPE, text=True
        )
        for number in range(count)
    ]
    return [process.communicate(timeout=within)[0].strip() for process in running]


def on_the_tests_database() -> dict[str, str]:
    """Return the environment of a process with the settings and the database of this one."""
    return {
        **os.environ,
        "ENV_FILE": os.devnull,
        "DJANGO_SETTINGS_MODULE": "pixelbot_site.settings",
        "SECRET_KEY": settings.SECRET_KEY,
        "DATABASE_URL": _url_of_the_tests_database(),
        "LOG_LEVEL": "ERROR",
    }


def _url_of_the_tests_database() -> str:
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    server, _, options = os.environ["TEST_DATABASE_URL"].partition("?")
    return f"{server.rpartition('/')[0]}/{name}?{options}"

"""The same code as three processes on Redis and PostgreSQL."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.journeys.way import walk
from tests.processes import SimulatorThread, start_process, wait_until
from tests.servers import running_postgres, running_redis


class Scaled:
    """daphne, the listener and a worker, as a streamer's server would start them."""

    def __init__(self, folder: Path, port: int, environment: dict[str, str]) -> None:
        self.port = port
        self.database = environment["DATABASE_URL"]
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
            **environment,
            "ENV_FILE": os.devnull,
            "DATA_DIR": str(folder),
            "MESSAGE_RATE_LIMIT": "0",
            "ADMIN_PASSWORD": "a-test-password",
        }
        self.output: list[str] = []
        self.processes: list[subprocess.Popen[str]] = []

    def start(self, *command: str) -> subprocess.Popen[str]:
        """One more process."""
        self.processes.append(start_process([sys.executable, *command], self.environment, self.output))
        return self.processes[-1]

    def says(self, words: str) -> bool:
        """Has any of them printed this?"""
        return words in "".join(self.output)

    def ask(self, query: str) -> Any:
        """The first column of the first row, or None."""
        with psycopg.connect(self.database) as connection:
            row = connection.execute(query).fetchone()
        return row[0] if row else None

    def serves(self) -> bool:
        """Does daphne answer?"""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/admin/login/", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError):
            return False

    @property
    def overlay_url(self) -> str:
        """The overlay's full address."""
        return f"http://127.0.0.1:{self.port}/overlay/{self.ask('SELECT secret FROM effects_overlay')}/"

    def stop(self) -> list[int]:
        """SIGTERM to all; returns their exit codes."""
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        return [process.wait(20) for process in self.processes]


@pytest.fixture
def scaled(tmp_path: Path, free_port: int, simulator: SimulatorThread) -> Iterator[Scaled]:
    with running_redis() as redis_url, running_postgres() as database_url:
        site = Scaled(
            tmp_path,
            free_port,
            {
                "REDIS_URL": redis_url,
                "DATABASE_URL": database_url,
                "JOYSTICK_GATEWAY_URL": simulator.simulator.url,
                "JOYSTICK_GATEWAY_TOKEN": "a-token",
            },
        )
        yield site
        print("".join(site.output))  # pytest shows it where the test failed
        for process in site.processes:
            if process.poll() is None:
                process.kill()
                process.wait()


def test_the_way_of_an_event_over_three_processes(scaled: Scaled, simulator: SimulatorThread) -> None:
    scaled.start("manage.py", "runbot", "--listener-only")
    simulator.wait_subscribed()
    scaled.start("-m", "daphne", "-b", "127.0.0.1", "-p", str(scaled.port), "pixelbot_site.asgi:application")
    scaled.start("-m", "celery", "-A", "pixelbot_site", "worker", "-B", "--concurrency", "2")
    wait_until(scaled.serves, "daphne serves", within=20)
    standby = scaled.start("manage.py", "runbot", "--listener-only")
    wait_until(lambda: scaled.says("standing by"), "a second listener stands by")

    walk(simulator, scaled.overlay_url, scaled.ask)

    assert scaled.ask("SELECT state FROM joystick_connection") == "connected"
    assert simulator.simulator.connections_made == 1
    assert standby.poll() is None
    assert "Traceback" not in "".join(scaled.output)
    assert scaled.stop()[0] == 0


def test_runbot_without_listener_only_says_which_processes_to_start(scaled: Scaled) -> None:
    process = scaled.start("manage.py", "runbot")
    assert process.wait(20) == 1
    wait_until(lambda: scaled.says("celery -A pixelbot_site worker -B"), "the sentence")

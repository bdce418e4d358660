"""The bot as several processes on Redis and PostgreSQL, as a streamer's server would start them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil
import psycopg

from tests.processes import start_process

ADMIN_PASSWORD = "a-test-password"


def try_to_log_in(port: int, username: str, password: str, **headers: str) -> tuple[urllib.request.OpenerDirector, str]:
    """A browser without pictures after one try, whose requests have these headers, and the page that it got."""
    page, cookies = f"http://127.0.0.1:{port}/admin/login/", CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
    browser.addheaders += headers.items()
    browser.open(page).close()
    token = next(cookie.value for cookie in cookies if cookie.name == "pixelbot_csrf")
    form = {"csrfmiddlewaretoken": token, "username": username, "password": password, "next": "/admin/"}
    with browser.open(page, urlencode(form).encode()) as answer:
        return browser, answer.read().decode()


def the_web_server_in_front_is_believed(port: int) -> None:
    """Somebody's wrong passwords delay nobody at another address, and the pages know that they came by HTTPS."""

    def tried(name: str, address: str) -> str:
        # Over HTTPS, Django asks where a form comes from.
        headers = {"X-Forwarded-For": address, "X-Forwarded-Proto": "https"}
        return try_to_log_in(port, name, "wrong", Origin=f"https://127.0.0.1:{port}", **headers)[1]

    for number in range(5):
        assert "Too many wrong passwords" not in tried(f"name{number}", "203.0.113.7")
    assert "Too many wrong passwords" in tried("another", "203.0.113.7")
    assert "Too many wrong passwords" not in tried("one-more", "203.0.113.8")


class Scaled:
    """Its processes, and its database."""

    def __init__(self, folder: Path, port: int, environment: dict[str, str]) -> None:
        self.port = port
        self.database = environment["DATABASE_URL"]
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
            **environment,
            "ENV_FILE": os.devnull,
            "DATA_DIR": str(folder),
            "MESSAGE_RATE_LIMIT": "0",
            "ADMIN_PASSWORD": ADMIN_PASSWORD,
        }
        self.output: list[str] = []
        self.processes: list[subprocess.Popen[str]] = []

    def start(self, *command: str, **environment: str) -> subprocess.Popen[str]:
        """One more process."""
        names = {**self.environment, **environment}
        self.processes.append(start_process([sys.executable, *command], names, self.output))
        return self.processes[-1]

    def says(self, words: str) -> bool:
        """Has any of them printed this?"""
        return words in "".join(self.output)

    def ask(self, query: str) -> Any:
        """The first column of the first row, or None."""
        with psycopg.connect(self.database) as connection:
            row = connection.execute(query).fetchone()
        return row[0] if row else None

    def do(self, statement: str) -> None:
        """Change rows."""
        with psycopg.connect(self.database) as connection:
            connection.execute(statement)

    def serves(self, port: int = 0) -> bool:
        """Does daphne answer?"""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port or self.port}/admin/login/", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def log_in(self) -> urllib.request.OpenerDirector:
        """A browser without pictures that is logged in to the dashboard."""
        return try_to_log_in(self.port, "admin", ADMIN_PASSWORD)[0]

    @property
    def overlay_url(self) -> str:
        """The overlay's full address."""
        return f"http://127.0.0.1:{self.port}/overlay/{self.ask('SELECT secret FROM effects_overlay')}/"

    def kill(self) -> None:
        """SIGKILL to all that run, and to their children: Celery's schedule in a worker would go on for ever."""
        for process in self.processes:
            if process.poll() is None:
                for each in (*psutil.Process(process.pid).children(recursive=True), process):
                    with suppress(psutil.NoSuchProcess):
                        each.kill()
                process.wait()

    def stop(self) -> list[int]:
        """SIGTERM to all; returns their exit codes."""
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        return [process.wait(20) for process in self.processes]

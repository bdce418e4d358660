"""What a start does not wait for, and what it writes to a console that knows few characters."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT

pytestmark = pytest.mark.journey  # each starts a Python process

PROGRAM = """
import gc, importlib.metadata, sys
searches, search = [], importlib.metadata.entry_points
importlib.metadata.entry_points = lambda **group: searches.append(group) or search(**group)
import django
django.setup()
from pixelbot_site import setup
from pixelbot_site.management.commands import runbot
from pixelbot_site.kit import interpreter
import pixelbot_site.asgi, pixelbot_site.urls
setup.prepare()
runbot.embedded.Worker()
runbot.Command().greeting("127.0.0.1", "http://127.0.0.1:8000", False)
gc.disable()
interpreter.settle()
assert gc.isenabled() and gc.get_freeze_count() > 100_000
print(*[name for name in sys.modules if name in sys.argv[1:] or ".migrations.0" in name], *searches)
"""
LATER = (
    "ninja",
    "authlib",
    "joserfc",
    "httpx2",
    "django.test",
    "OpenSSL",
    "pycparser",
    "pixelbot_site.bringing.views",
    "joystick.simulator.server",
)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The variables of a process with settings of its own."""
    return {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "pixelbot_site.settings",
        "ENV_FILE": os.devnull,
        "DATA_DIR": str(tmp_path),
        "ADMIN_PASSWORD": "a-test-password",
    }


def test_what_a_start_does_not_need_is_not_imported(environment: dict[str, str]) -> None:
    """They are imported when they are needed; migrations, when there is one to apply. No extensions are looked for."""
    command = [sys.executable, "-c", PROGRAM, *LATER]
    for _ in range(2):  # the first start migrates
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=False)
        assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_a_command_prints_what_its_output_has_no_character_for(environment: dict[str, str]) -> None:
    """As on Windows, where output that goes to a file or a pipe has 256 characters."""
    command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", "print('Ünal, Жанна')"]
    narrow = {**environment, "PYTHONIOENCODING": "cp1252"}
    done = subprocess.run(command, cwd=ROOT, env=narrow, capture_output=True, encoding="cp1252", check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == r"Ünal, \u0416\u0430\u043d\u043d\u0430"


def test_the_health_port_is_not_that_of_the_pages(environment: dict[str, str]) -> None:
    command = [sys.executable, "manage.py", "runbot", "--bind", "127.0.0.1:8123"]
    watched = {**environment, "HEALTH_PORT": "8123"}
    done = subprocess.run(
        command, cwd=ROOT, env=watched, capture_output=True, encoding="utf-8", check=False, timeout=60
    )
    assert done.returncode == 1
    assert "HEALTH_PORT is 8123, which is the port of the pages: give it another." in done.stderr

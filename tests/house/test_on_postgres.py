"""The tests of money and races once more, on PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.processes import ROOT
from tests.servers import running_postgres

FOLDERS = [
    "tests/economy",
    "tests/redeems",
    "tests/effects/test_control.py",
    "tests/effects/test_purchases.py",
    "tests/effects/test_purchases_migration.py",
    "tests/effects/test_queue.py",
    "tests/effects/test_wheel.py",
    "tests/joystick/test_inbox.py",
    "tests/joystick/test_commands.py",
    "tests/joystick/test_oauth.py",
    "tests/joystick/test_reactions.py",
    "tests/joystick/test_streams.py",
]


def test_money_on_postgres() -> None:
    with running_postgres() as url:
        environment = {**os.environ, "TEST_DATABASE_URL": url}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *FOLDERS]
        run = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False
        )
    assert run.returncode == 0, run.stdout[-5000:]
    assert " passed" in run.stdout

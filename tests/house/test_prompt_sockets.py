"""A websocket's message is with the system at once, and one who reads late gets all of them in order."""

from __future__ import annotations

import subprocess
import sys

from tests.processes import ROOT


def test_messages_go_out_at_once_and_in_order() -> None:
    command = [sys.executable, "-m", "tests.house.prompt_server"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert "at once: 2\nin order: True" in done.stdout, done.stdout + done.stderr

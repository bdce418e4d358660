"""`manage.py simulate`: a Joystick to point a bot at."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.sync.client import connect

from tests.processes import ROOT, start_process, wait_until


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "ENV_FILE": os.devnull,
        "DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "pixelbot_site.settings",
    }


@pytest.fixture
def output(environment: dict[str, str], free_port: int) -> Iterator[list[str]]:
    """What a running simulator prints."""
    lines: list[str] = []
    command = [
        sys.executable,
        "manage.py",
        "simulate",
        "--port",
        str(free_port),
        "--scenario",
        "busy-night",
        "--token",
        "t",
    ]
    process = start_process(command, {**environment, "PYTHONUNBUFFERED": "1"}, lines)
    yield lines
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    assert "Traceback" not in "".join(lines)


def test_it_says_how_to_point_a_bot_at_it_and_plays_to_whoever_subscribes(output: list[str], free_port: int) -> None:
    wait_until(lambda: "JOYSTICK_GATEWAY_TOKEN=t" in "".join(output), "the two lines for .env")
    url = re.search(r"JOYSTICK_GATEWAY_URL=(\S+)", "".join(output))
    assert url and str(free_port) in url[1]
    with connect(f"{url[1]}?token=t", proxy=None) as socket:
        assert json.loads(socket.recv(timeout=5)) == {"type": "welcome"}
        socket.send(json.dumps({"command": "subscribe", "identifier": '{"channel":"GatewayChannel"}'}))
        kinds = set()
        while "Tipped" not in kinds:
            message = json.loads(socket.recv(timeout=5)).get("message")
            if isinstance(message, dict):
                kinds.add(message["type"])
    assert {"enter_stream", "new_message"} <= kinds


def test_a_bot_can_be_connected_to_it_by_the_dashboards_button(output: list[str], free_port: int) -> None:
    wait_until(lambda: "JOYSTICK_API_URL=" in "".join(output), "the lines for .env")
    lines = dict(re.findall(r"(JOYSTICK_\w+)=(\S+)", "".join(output)))
    assert lines["JOYSTICK_CLIENT_ID"] == "sim-client"
    query = "response_type=code&client_id=sim-client&redirect_uri=http://127.0.0.1:1/&code_challenge_method=S256"
    url = f"{lines['JOYSTICK_SITE_URL']}/api/oauth/authorize?{query}&code_challenge={'x' * 43}&scope=chat:read"
    with urllib.request.urlopen(url, timeout=5) as answer:
        assert "Allow" in answer.read().decode()


def test_a_taken_port_is_one_clear_sentence(environment: dict[str, str], output: list[str], free_port: int) -> None:
    wait_until(lambda: output, "the first one runs")
    command = [sys.executable, "manage.py", "simulate", "--port", str(free_port)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert re.fullmatch(rf"CommandError: Port {free_port} or {free_port + 1} can't be used: .*", done.stderr.strip())

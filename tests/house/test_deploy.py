"""The files of docs/deploy: systemd takes the units, and compose.yaml starts the same processes.

`tests/journeys/test_scaled.py` starts the units' commands.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.journeys.services import DEPLOY, NAMES, unit
from tests.processes import ROOT, missing_part

OF_OTHERS = {"postgres", "redis"}


def compose() -> dict[str, Any]:
    """What stands in compose.yaml."""
    return dict(yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8")))


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        missing_part("systemd-analyze is not installed (apt-get install systemd)")
    files = []
    for name in NAMES:
        files.append(tmp_path / f"pixelbot-{name}.service")
        text = (DEPLOY / files[-1].name).read_text(encoding="utf-8")
        here = text.replace("/opt/pixelbot/.venv/bin", str(Path(sys.executable).parent)).replace(
            "/opt/pixelbot", str(ROOT)
        )
        files[-1].write_text(here, encoding="utf-8")
    command = ["systemd-analyze", "verify", "--man=no", *map(str, files)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, run.stderr) == (0, "")


def test_every_unit_is_started_again_and_as_closed_as_the_others() -> None:
    sections = [dict(unit(name)["Service"]) for name in NAMES]
    for section in sections:
        assert section.pop("ExecStart")
        assert (section["Restart"], section["NoNewPrivileges"], section["ProtectSystem"]) == (
            "always",
            "true",
            "strict",
        )
    assert all(section == sections[0] for section in sections)


def test_compose_starts_what_the_units_start() -> None:
    services = compose()["services"]
    assert set(services) == {*NAMES, *OF_OTHERS}
    assert {service["restart"] for service in services.values()} == {"always"}
    for name in NAMES:
        start = unit(name)["Service"]["ExecStart"].replace("/opt/pixelbot/.venv/bin/", "").replace("%%", "%")
        assert services[name]["command"] == start.replace("127.0.0.1", "0.0.0.0")


def test_docker_takes_the_compose_file() -> None:
    tried = (
        subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
        if shutil.which("docker")
        else None
    )
    if tried is None or tried.returncode != 0:
        return  # few machines have it; then the file was read above
    environment = {"PATH": "/usr/bin:/usr/local/bin", "POSTGRES_PASSWORD": "x", "SECRET_KEY": "y"}
    command = ["docker", "compose", "-f", str(DEPLOY / "compose.yaml"), "config", "--quiet"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr

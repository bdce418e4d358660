"""The units of docs/deploy as processes, started again when they end, as systemd does."""

from __future__ import annotations

import configparser
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.journeys.site import Scaled
from tests.processes import ROOT, free_port, start_process

DEPLOY = ROOT / "docs" / "deploy"
NAMES = ("listener", "web", "beat", "urgent", "worker")
METRICS_TOKEN = "a-token-for-the-metrics-alone"


def unit(name: str) -> configparser.ConfigParser:
    """Return what stands in `pixelbot-NAME.service`."""
    parsed = configparser.ConfigParser(interpolation=None, strict=False)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's names have capitals
    parsed.read_string((DEPLOY / f"pixelbot-{name}.service").read_text(encoding="utf-8"))
    return parsed


def command(name: str) -> list[str]:
    """Return the unit's command, with the paths of this machine."""
    words = shlex.split(unit(name)["Service"]["ExecStart"].replace("%%", "%"))
    return [words[0].replace("/opt/pixelbot/.venv/bin", str(Path(sys.executable).parent)), *words[1:]]


class Service:
    """One unit's process."""

    def __init__(self, site: Scaled, name: str) -> None:
        self.name, self.starts, self.health_port = name, 0, free_port()
        self._site, self._is_over = site, threading.Event()
        self._command = [str(site.port) if word == "8000" else word for word in command(name)]
        section = unit(name)["Service"]
        assert section["Restart"] == "always"
        self._pause = float(section["RestartSec"])
        self.process = self._start()
        threading.Thread(target=self._keep_running, daemon=True).start()

    def _start(self) -> subprocess.Popen[str]:
        self.starts += 1
        watched = {"HEALTH_PORT": str(self.health_port), "METRICS_TOKEN": METRICS_TOKEN}
        return start_process(self._command, {**self._site.environment, **watched}, self._site.output)

    def _keep_running(self) -> None:
        while True:
            self.process.wait()
            if self._is_over.wait(self._pause):
                return
            self.process = self._start()
            if self._is_over.is_set():  # meanwhile
                self.process.kill()
                return

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it for good, as `systemctl stop` does; return its exit code."""
        self._is_over.set()
        self.process.send_signal(number)  # does nothing where it has ended
        return self.process.wait(30)


@contextmanager
def running(site: Scaled, *names: str) -> Iterator[list[Service]]:
    """Run a service of each name."""
    services = [Service(site, name) for name in names]
    try:
        yield services
    finally:
        for service in services:
            service.end(signal.SIGKILL)

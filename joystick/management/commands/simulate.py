"""`manage.py simulate`: a Joystick.tv gateway on loopback, to point a bot at."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from joystick.simulator.scenarios import SCENARIOS, play
from joystick.simulator.server import Options, Simulator

log = logging.getLogger("simulator")


class Command(BaseCommand):
    """Runs until Ctrl-C."""

    help = "Run a simulated Joystick.tv gateway on 127.0.0.1. Point a bot at it with JOYSTICK_GATEWAY_URL."
    requires_system_checks: list[str] = []  # noqa: RUF012 (Django's own attribute)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The command's options."""
        parser.add_argument("--port", type=int, default=0, help="The port; without it, a free one.")
        parser.add_argument("--scenario", choices=sorted(SCENARIOS), default="quiet-evening")
        parser.add_argument("--seed", type=int, default=1, help="The same seed gives the same evening.")
        parser.add_argument("--token", help="The only token to let in; without it, any.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run it."""
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(self.simulate(**options))

    async def simulate(self, *, port: int, scenario: str, seed: int, token: str | None, **_: Any) -> None:
        """Serve and play until cancelled."""
        simulator = Simulator(Options(token=token, echo=True), port=port, seed=seed)
        try:
            await simulator.start()
        except OSError as error:
            raise CommandError(f"Port {port} can't be used: {error.strerror or error}") from error
        self.stdout.write(f"A simulated Joystick.tv is at {simulator.url}\nPoint a bot at it, in its .env:")
        self.stdout.write(f"  JOYSTICK_GATEWAY_URL={simulator.url}\n  JOYSTICK_GATEWAY_TOKEN={token or 'any-token'}")
        try:
            await play(simulator, scenario, seed=seed)
        finally:
            await simulator.stop()

"""`manage.py simulate`: a Joystick.tv gateway on loopback, to point a bot at."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from joystick.simulator.accounts import Accounts
from joystick.simulator.options import Options
from joystick.simulator.scenarios import SCENARIOS, play
from joystick.simulator.server import Simulator
from joystick.simulator.site import Site

log = logging.getLogger("simulator")


class Command(BaseCommand):
    """Runs until Ctrl-C."""

    help = "Run a simulated Joystick.tv gateway on 127.0.0.1. Point a bot at it with JOYSTICK_GATEWAY_URL."
    requires_system_checks: list[str] = []  # noqa: RUF012 (Django's own attribute)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The command's options."""
        parser.add_argument(
            "--port",
            type=int,
            default=0,
            help="The gateway's port, and the one above it for pages and API; without it, free ones.",
        )
        parser.add_argument("--scenario", choices=sorted(SCENARIOS), default="quiet-evening")
        parser.add_argument("--seed", type=int, default=1, help="The same seed gives the same evening.")
        parser.add_argument("--token", default="sim-token", help="The token to let in, beside those of OAuth.")
        parser.add_argument("--speed", type=float, default=1.0, help="So many times faster than life.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run it."""
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(self.simulate(**options))

    async def simulate(self, *, port: int, scenario: str, seed: int, token: str, speed: float, **_: Any) -> None:
        """Serve and play until cancelled."""
        options = Options(token=token, echo=True, speed=speed)
        accounts = Accounts()
        simulator = Simulator(options, port=port, seed=seed, accounts=accounts)
        site = Site(accounts, simulator.channel, port=port + 1 if port else 0)
        try:
            site.start()
            await simulator.start()
        except OSError as error:
            site.stop()
            raise CommandError(f"Port {port} or {port + 1} can't be used: {error.strerror or error}") from error
        self.stdout.write(
            f"A simulated Joystick.tv is at {simulator.url} and {site.url}.\n"
            "Point a bot at it by these lines in its .env:\n"
            f"\nJOYSTICK_GATEWAY_URL={simulator.url}\nJOYSTICK_SITE_URL={site.url}\nJOYSTICK_API_URL={site.url}\n"
            f"JOYSTICK_CLIENT_ID={accounts.client_id}\n"
            "\nThen press Connect Joystick.tv in the bot's dashboard; or do without, with one line more:\n"
            f"\nJOYSTICK_GATEWAY_TOKEN={token}\n"
        )
        self.stdout.flush()
        try:
            await play(simulator, scenario, seed=seed)
            await asyncio.Event().wait()  # the scenario is over; the server stays
        finally:
            site.stop()
            await simulator.stop()

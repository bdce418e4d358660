"""`manage.py runbot`: the bot."""

from __future__ import annotations

import pixelbot_site.embedded as embedded  # must come first: it brings Daphne's event loop

# isort: split
import asyncio
import contextlib
import logging
import os
import signal
import socket
from argparse import ArgumentParser
from functools import partial
from typing import Any

from django.conf import settings
from django.core.files import locks
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from effects.models import Overlay
from effects.queue import rescue
from joystick.account.credentials import ChannelCredentials, Credentials, Fixed
from joystick.gateway.listener import Listener
from joystick.settings_table import JoystickSettings
from joystick.simulator.options import Options
from joystick.simulator.scenarios import play
from joystick.simulator.server import Simulator
from pixelbot_site import setup
from pixelbot_site.kit import garbage
from pixelbot_site.kit.logs import STDOUT
from pixelbot_site.settings_table import LoginSettings

log = logging.getLogger("runbot")

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
DEMO_SCENARIO = "quiet-evening"


class Command(BaseCommand):
    """One process with the web server, the gateway client and a worker; or, in a larger set-up, the listener alone."""

    help = "Run Pixel Bot."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The command's options."""
        parser.add_argument("--bind", default="127.0.0.1:8000", metavar="HOST:PORT", help="Where the pages are served.")
        parser.add_argument(
            "--listener-only", action="store_true", help="Only the line to Joystick; daphne and celery run beside it."
        )
        parser.add_argument("--demo", action="store_true", help="A made-up channel with a crowd: no account needed.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare, then run until Ctrl-C or SIGTERM."""
        host, port = address(options["bind"])
        if options["demo"] != settings.DEMO:
            raise CommandError(
                "Write --demo in full: the demo has a database of its own, chosen before options are read."
            )
        if options["listener_only"]:
            self.listen_only()
            return
        if not settings.EMBEDDED:
            raise CommandError(
                "REDIS_URL is set, so the parts run as processes of their own: daphne pixelbot_site.asgi:application, "
                "manage.py runbot --listener-only, celery -A pixelbot_site worker -B. "
                "For one process, take REDIS_URL out."
            )
        with only_one():
            require_free(host, port)
            self.show_login(setup.prepare())
            garbage.settle()
            rescue.recover()
            settings.ALLOWED_HOSTS.append(host)
            embedded.Process(
                host=host,
                port=port,
                background=demo_channel if options["demo"] else real_channel,
                ready=partial(
                    self.greet, host, port, overlay_path(), options["demo"], ChannelCredentials().whose() is not None
                ),
            ).run()

    def listen_only(self) -> None:
        """The listener as a process of its own."""
        if settings.EMBEDDED:
            raise CommandError(
                "--listener-only is for a larger set-up: set REDIS_URL, or leave it out for one process."
            )
        self.show_login(setup.prepare())
        garbage.settle()
        STDOUT.put(f"The overlay's path, behind your site's address: {overlay_path()}")
        listen()

    def show_login(self, password: str | None) -> None:
        """Show a password that was made up: nobody can look it up later."""
        if password is not None:
            name = LoginSettings.current().admin_username
            STDOUT.put(f"Your login: {name}  password: {password}  (shown only this once)")

    def greet(self, host: str, port: int, overlay: str, demo: bool, has_channel: bool) -> None:
        """Say where everything is."""
        name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
        root = f"http://{name}:{port}"
        lines = ["", "Pixel Bot is running." + (" This is the demo: nothing here is real." if demo else "")]
        lines.append(f"  Dashboard  {root}/admin/")
        lines.append(f"  Overlay    {root}{overlay}")
        lines.append("             (paste it into OBS: Sources, +, Browser; 1920 x 1080)")
        login = LoginSettings.current().admin_username
        lines.append(f"  Login      {login} (forgotten? manage.py changepassword makes a new one)")
        if not demo and not has_channel:
            lines.append("No channel is connected yet. Two ways on:")
            if JoystickSettings.current().joystick_client_id:
                lines.append(f"  connect: press the button on {root}{reverse('admin:joystick_install_changelist')}")
            else:
                lines.append("  connect: put your application's JOYSTICK_CLIENT_ID into .env, and start again;")
            lines.append("  or look around first: the same command with --demo")
        if host not in LOOPBACK:
            lines.append(f"Anybody who reaches {host} can open the login page. Behind it are your viewers' points.")
        STDOUT.put("\n".join([*lines, "Stop with Ctrl-C.", ""]))


async def real_channel() -> None:
    """Hold the line to Joystick, from the moment that a channel is connected."""
    await line(JoystickSettings.current().joystick_gateway_url, ChannelCredentials()).run()


async def demo_channel() -> None:
    """A simulated Joystick in this process with a crowd in it, reached through the same client over a real socket."""
    simulator = Simulator(Options(echo=True))
    await simulator.start()
    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(play(simulator, DEMO_SCENARIO))
            both.create_task(line(simulator.url, Fixed("demo")).run())
    finally:
        await simulator.stop()


def line(url: str, credentials: Credentials, *, holder: str = "embedded") -> Listener:
    """The line to the gateway at `url`, with the settings' version and pace."""
    chosen = JoystickSettings.current()
    return Listener(
        url=url,
        credentials=credentials,
        holder=holder,
        version=chosen.joystick_event_version,
        rate_limit=chosen.message_rate_limit,
        max_chars=chosen.message_max_chars,
    )


def listen() -> None:
    """Hold the line until told to stop. A second process that does so stands by."""

    async def hold() -> None:
        url = JoystickSettings.current().joystick_gateway_url
        await line(url, ChannelCredentials(), holder=f"{socket.gethostname()}:{os.getpid()}").run()

    async def until_stopped() -> None:
        task = asyncio.create_task(embedded.keep_running(hold))
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C raises KeyboardInterrupt instead
                asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task
        log.info("stopped")

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(until_stopped())


@contextlib.contextmanager
def only_one() -> Any:
    """Refuse to run twice on one data folder: each would speak, and each would play only to its own overlays."""
    with (settings.DATA_DIR / "runbot.lock").open("w") as file:
        if not locks.lock(file, locks.LOCK_EX | locks.LOCK_NB):
            raise CommandError(
                f"Pixel Bot is running already on {settings.DATA_DIR}. Stop it, or set another DATA_DIR."
            )
        yield


def overlay_path() -> str:
    """The path of the first overlay."""
    overlay = Overlay.objects.order_by("id").first()
    return overlay.get_absolute_url() if overlay else ""


def address(bind: str) -> tuple[str, int]:
    """`HOST:PORT` → (host, port)."""
    host, _, port = bind.rpartition(":")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise CommandError(f"--bind {bind}: write it as HOST:PORT, for example 127.0.0.1:8000.")
    return host.strip("[]") or "127.0.0.1", int(port)


def require_free(host: str, port: int) -> None:
    """Raise CommandError with one sentence when the address can't be used."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = error.strerror or error
            raise CommandError(
                f"{host}:{port} can't be used ({reason}). Take another: runbot --bind 127.0.0.1:8001"
            ) from error

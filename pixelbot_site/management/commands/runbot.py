"""`manage.py runbot`: run the bot."""

from __future__ import annotations

import pixelbot_site.embedded as embedded  # must come first: it brings Daphne's event loop

# isort: split
import asyncio
import contextlib
import logging
import os
import signal
import socket
import threading
import webbrowser
from argparse import ArgumentParser
from functools import partial
from typing import TYPE_CHECKING, Any

from channels.db import database_sync_to_async
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from effects.models import Overlay
from effects.overlays import pages
from effects.queue.upkeep import rescue
from joystick.account.credentials import ChannelCredentials, Credentials, Fixed
from joystick.channel.health import LeaseLost
from joystick.gateway.listener import Listener, listing
from joystick.settings_table import ChatSettings, JoystickSettings
from pixelbot_site import setup
from pixelbot_site.apps import AT_START
from pixelbot_site.kit import interpreter
from pixelbot_site.kit.logs import STDOUT
from pixelbot_site.logins import start_link
from pixelbot_site.metrics import port as health_port
from pixelbot_site.settings_table import LOOPBACK, SESSION_ELSEWHERE, LoginSettings
from pixelbot_site.upkeep import beside, data_folder

if TYPE_CHECKING:
    from joystick.simulator.server import Simulator

log = logging.getLogger("runbot")


class Command(BaseCommand):
    """Runs web server, listener and worker in one process, or with `--listener-only` the listener alone."""

    help = "Run Pixel Bot."
    requires_system_checks = (AT_START,)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--bind", default="127.0.0.1:8000", metavar="HOST:PORT", help="Where the pages are served.")
        parser.add_argument(
            "--listener-only",
            action="store_true",
            help="Run the connection to Joystick alone, beside daphne and celery.",
        )
        parser.add_argument(
            "--proxy-headers",
            action="store_true",
            help="Believe X-Forwarded-For and X-Forwarded-Proto: for pages behind a web server that sets both.",
        )
        parser.add_argument("--demo", action="store_true", help="Use a simulated channel; no account is needed.")
        parser.add_argument("--open", action="store_true", help="Open the dashboard in the browser, logged in.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until Ctrl-C or SIGTERM. Raise CommandError where the options or the settings don't allow it."""
        host, port = parse_address(options["bind"])
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
        if port == settings.HEALTH_PORT:
            raise CommandError(f"HEALTH_PORT is {port}, which is the port of the pages: give it another.")
        with data_folder.lock():
            require_free(host, port)
            with data_folder.explained():
                self.show_login(setup.prepare())
                rescue.recover()
            interpreter.settle()
            logging.captureWarnings(True)  # printed by themselves, they would wait for a console that nobody reads
            settings.ALLOWED_HOSTS.append(host)
            if host not in LOOPBACK:
                settings.SESSION_COOKIE_AGE = SESSION_ELSEWHERE
            name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
            root = f"http://{name}:{port}"
            embedded.Process(
                host=host,
                port=port,
                proxy_headers=options["proxy_headers"],
                background=demo_channel if options["demo"] else real_channel,
                ready=partial(welcome, self.greeting(host, root, options["demo"]), root, options["open"]),
            ).run()

    def listen_only(self) -> None:
        """Prepare, then run the listener alone. Raise CommandError without REDIS_URL."""
        if settings.EMBEDDED:
            raise CommandError(
                "--listener-only is for a larger set-up: set REDIS_URL, or leave it out for one process."
            )
        with data_folder.share_database():
            with data_folder.explained():
                self.show_login(setup.prepare())
            interpreter.settle()
            health_port.serve()
            STDOUT.put(f"The overlay's path, behind your site's address: {overlay_path()}")
            listen()

    def show_login(self, password: str | None) -> None:
        """Print the password of a new login, if there is one. It is stored as a hash and can't be shown again."""
        if password is not None:
            name = LoginSettings.current().admin_username
            STDOUT.put(f"Your login: {name}  password: {password}  (shown only this once)")

    def greeting(self, host: str, root: str, demo: bool) -> str:
        """Return the addresses, the login, and how to connect a channel where none is."""
        lines = ["", "Pixel Bot is running." + (" This is the demo; its channel is simulated." if demo else "")]
        lines.append(f"  Dashboard  {root}/admin/")
        lines.append(f"  Overlay    {root}{overlay_path()}")
        lines.append("             (paste it into OBS: Sources, +, Browser; 1920 x 1080)")
        login = LoginSettings.current().admin_username
        lines.append(f"  Login      {login} (forgotten? manage.py changepassword makes a new one)")
        if not demo and ChannelCredentials().whose() is None:
            lines.append("No channel is connected yet. You can:")
            if JoystickSettings.current().joystick_client_id:
                lines.append(f"  connect it: press the button on {root}{reverse('admin:joystick_install_changelist')}")
            else:
                lines.append("  connect it: the guide on the dashboard's first page leads you there")
            lines.append("  or look around first: run the same command with --demo")
        if host not in LOOPBACK:
            lines.append(f"The login page is open to everybody who can reach {host}.")
        return "\n".join([*lines, "Stop with Ctrl-C.", ""])


def welcome(greeting: str, root: str, opens: bool) -> None:
    """Print the greeting, and open the dashboard in the browser where that is wanted."""
    STDOUT.put(greeting)
    if opens:
        # In a thread: some browsers keep whoever opened them waiting.
        threading.Thread(target=open_browser, args=(f"{root}{start_link.new()}",), daemon=True).start()


def open_browser(address: str) -> None:
    """Open the address in the browser, or say that there is none. The address is printed nowhere: it logs in."""
    try:
        is_open = webbrowser.open(address)
    except webbrowser.Error:
        is_open = False
    if not is_open:
        STDOUT.put("No browser could be opened: open the dashboard's address yourself, and log in.")


# Seconds between two looks of the demo for an open overlay.
LOOK_FOR_OVERLAY_EVERY = 0.5


async def real_channel() -> None:
    """Run the connection to Joystick; it waits while no channel is connected."""
    await make_listener(JoystickSettings.current().joystick_gateway_url, ChannelCredentials()).run()


async def demo_channel() -> None:
    """Run a simulated Joystick with a crowd, and connect the bot's own client to it over a real socket."""
    # Imported here: it is the demo's alone.
    from joystick.simulator.options import Options
    from joystick.simulator.server import Simulator

    simulator = Simulator(Options(echo=True))
    await simulator.start()
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(play_demo(simulator))
            group.create_task(make_listener(simulator.url, Fixed("demo")).run())
    finally:
        await simulator.stop()


async def play_demo(simulator: Simulator) -> None:
    """Let viewers chat until an overlay is open, and then play what it can show, again and again."""
    from joystick.simulator.scenarios import play

    chatting = asyncio.create_task(play(simulator, "before-the-show"))
    while not await database_sync_to_async(pages.is_open)():
        await asyncio.sleep(LOOK_FOR_OVERLAY_EVERY)
    chatting.cancel()
    await play(simulator, "show")


def make_listener(url: str, credentials: Credentials, **more: Any) -> Listener:
    """Return a listener of the gateway at `url`, with the settings' event version and limits."""
    current = JoystickSettings.current()
    return Listener(
        url=url,
        credentials=credentials,
        version=current.joystick_event_version,
        chat_settings=chat_settings,
        **more,
    )


def chat_settings() -> dict[str, Any]:
    """Return how the bot talks now: the dashboard may have changed it."""
    current = ChatSettings.current()
    return {
        "rate_limit": current.message_rate_limit,
        "max_chars": current.message_max_chars,
        "bot_username": current.bot_username,
        "amount": current.message_amount,
        "listing": listing(),
    }


def listen() -> None:
    """Run the connection until a signal comes. While another process holds it, this one stands by."""

    async def run() -> None:
        url = JoystickSettings.current().joystick_gateway_url
        holder = f"{socket.gethostname()}:{os.getpid()}"
        while True:
            try:
                await make_listener(url, ChannelCredentials(), holder=holder, look_after=beside.look_after).run()
            except LeaseLost as error:
                log.warning("%s", error)

    async def until_stopped() -> None:
        task = asyncio.create_task(embedded.keep_running(run))
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C raises KeyboardInterrupt instead
                asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task
        log.info("stopped")

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(until_stopped())


def overlay_path() -> str:
    """Return the path of the first overlay, or "" where all were deleted."""
    overlay = Overlay.objects.order_by("id").first()
    return overlay.page_path() if overlay else ""


def parse_address(bind: str) -> tuple[str, int]:
    """Split `HOST:PORT` into host and port. Raise CommandError for anything else."""
    host, _, port = bind.rpartition(":")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise CommandError(f"--bind {bind}: write it as HOST:PORT, for example 127.0.0.1:8000.")
    return host.strip("[]") or "127.0.0.1", int(port)


def require_free(host: str, port: int) -> None:
    """Raise CommandError where the address can't be used."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        if os.name == "posix":
            # As the server does, or the port of a bot that just stopped would count as taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = error.strerror or error
            raise CommandError(
                f"{host}:{port} can't be used ({reason}). Take another: runbot --bind 127.0.0.1:8001"
            ) from error

"""The bot as real processes, and pages of a real Chromium."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.journeys.site import Scaled
from tests.processes import BotProcess, SimulatorThread, start_process, wait_until
from tests.processes import free_port as free_port_number

# As Playwright starts its own: no sandbox (root has none), nothing fetched, and no timers slowed in covered windows.
CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--no-first-run",
    "--mute-audio",
    "--hide-scrollbars",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-component-update",
)


WITHOUT_ALERTS = """
    UPDATE joystick_reaction SET effects = (
        SELECT json_group_array(json(value)) FROM json_each(effects) WHERE json_extract(value, '$.kind') <> 'alert'
    )
"""
CORNER = """
    INSERT INTO effects_overlaywidget (overlay_id, kind, name, enabled, x, y, width, height, "order", scale, options)
    SELECT id, 'events', 'events', 1, 66, 3, 32, 34, 5, 1, '{}' FROM effects_overlay
"""


@pytest.fixture(scope="session")
def prepared_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a bot that was started once and stopped: copying it saves each test the migrations.

    Its reactions show no alerts, which would come between, and its overlay has the events in its corner.
    """
    folder = tmp_path_factory.mktemp("prepared") / "data"
    code, _ = BotProcess(folder, free_port_number()).start().stop()
    assert code == 0
    with closing(sqlite3.connect(folder / "pixelbot.sqlite3")) as connection, connection:
        connection.execute(WITHOUT_ALERTS)
        connection.execute(CORNER)
    return folder


@pytest.fixture
def make_bot(
    tmp_path: Path, free_port: int, simulator: SimulatorThread, request: pytest.FixtureRequest
) -> Iterator[Callable[..., BotProcess]]:
    """Make bots on one data folder, on the simulated Joystick; each is ended with the test.

    `@pytest.mark.empty_data` leaves the folder as a first start finds it: empty.
    """
    bots: list[BotProcess] = []
    if request.node.get_closest_marker("empty_data") is None:
        shutil.copytree(request.getfixturevalue("prepared_data"), tmp_path / "data")

    def make(*arguments: str, **environment: str) -> BotProcess:
        credentials = {"JOYSTICK_GATEWAY_URL": simulator.simulator.url, "JOYSTICK_GATEWAY_TOKEN": "a-token"}
        bots.append(BotProcess(tmp_path / "data", free_port, *arguments, **{**credentials, **environment}))
        return bots[-1]

    yield make
    for bot in bots:
        bot.kill()


@pytest.fixture
def bot(make_bot: Callable[..., BotProcess], simulator: SimulatorThread) -> BotProcess:
    """A running bot that is connected."""
    running = make_bot().start()
    simulator.wait_subscribed()
    return running


@contextmanager
def running_chromium(path: str, profile: Path, *arguments: str) -> Iterator[str]:
    """Start a headless Chromium; yield the address of its debugging socket."""
    command = [path, "--headless", "--remote-debugging-port=0", f"--user-data-dir={profile}", *CHROMIUM_ARGUMENTS]
    output: list[str] = []
    process = start_process([*command, *arguments], dict(os.environ), output)
    try:
        pattern = re.compile(r"DevTools listening on (ws://\S+)")
        found = wait_until(lambda: pattern.search("".join(output)), "Chromium tells its address", within=60)
        yield found[1]
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def page_of(address: str) -> Iterator[Page]:
    """Open a page in a context of its own, of the Chromium at `address`."""
    # Playwright itself ends with each test: while it runs, its event loop keeps others from running in this thread.
    with sync_playwright() as playwright:
        browser = playwright.chromium.connect_over_cdp(address)
        context = browser.new_context()
        yield context.new_page()
        context.close()


def open_overlay(page: Page, bot: BotProcess) -> None:
    """Open the bot's overlay, and wait until the bot knows that it is open: before, nothing is sold that needs it."""
    count = "SELECT count(*) FROM effects_overlaypage"
    before = bot.one(count)
    page.goto(bot.overlay_url)
    wait_until(lambda: bot.one(count) > before, "the overlay is connected")


@pytest.fixture(scope="session")
def lenient_chromium(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Chromium that lets sound play, as OBS's does, for all tests of this process."""
    profile = tmp_path_factory.mktemp("lenient")
    with running_chromium(chromium, profile, "--autoplay-policy=no-user-gesture-required") as address:
        yield address


@pytest.fixture(scope="session")
def strict_chromium(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Chromium that wants a click before it plays sound, for all tests of this process."""
    with running_chromium(chromium, tmp_path_factory.mktemp("strict")) as address:
        yield address


@pytest.fixture
def page(lenient_chromium: str) -> Iterator[Page]:
    """A page of a browser that lets sound play, as OBS's does."""
    with page_of(lenient_chromium) as opened:
        yield opened


@pytest.fixture
def strict_page(strict_chromium: str) -> Iterator[Page]:
    """A page of a browser that wants a click first. Evaluating a script in it counts as one: listen to its console."""
    with page_of(strict_chromium) as opened:
        yield opened


class Hand:
    """Clicks and types in a page, and counts the clicks."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = 0

    def click(self, selector: str) -> None:
        """Click on the first that `selector` finds."""
        self.page.locator(selector).first.click()
        self.clicks += 1


def log_in(page: Page, bot: BotProcess) -> None:
    """Log in through the dashboard's own form."""
    page.goto(f"http://127.0.0.1:{bot.port}/admin/")
    page.fill("#id_username", "admin")
    page.fill("#id_password", "a-test-password")
    page.click("text=Log in")


@pytest.fixture
def scaled(
    tmp_path: Path, free_port: int, simulator: SimulatorThread, redis_url: str, database: str
) -> Iterator[Scaled]:
    """The bot's larger set-up, none of its processes started yet."""
    site = Scaled(
        tmp_path,
        free_port,
        {
            "REDIS_URL": redis_url,
            "DATABASE_URL": database,
            "JOYSTICK_GATEWAY_URL": simulator.simulator.url,
            "JOYSTICK_GATEWAY_TOKEN": "a-token",
        },
    )
    yield site
    print("".join(site.output))  # pytest shows it where the test failed
    site.kill()

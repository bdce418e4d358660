"""A bot as a real process, and what it is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.journeys.site import Scaled
from tests.processes import BotProcess, SimulatorThread


@pytest.fixture
def make_bot(tmp_path: Path, free_port: int, simulator: SimulatorThread) -> Iterator[Callable[..., BotProcess]]:
    """Makes bots on one data folder, on the simulated Joystick; each is ended with the test."""
    made: list[BotProcess] = []

    def make(*arguments: str, **environment: str) -> BotProcess:
        credentials = {"JOYSTICK_GATEWAY_URL": simulator.simulator.url, "JOYSTICK_GATEWAY_TOKEN": "a-token"}
        made.append(BotProcess(tmp_path / "data", free_port, *arguments, **{**credentials, **environment}))
        return made[-1]

    yield make
    for bot in made:
        bot.kill()


@pytest.fixture
def bot(make_bot: Callable[..., BotProcess], simulator: SimulatorThread) -> BotProcess:
    """A running bot that is connected."""
    running = make_bot().start()
    simulator.wait_subscribed()
    return running


def browser_of(chromium: str, *arguments: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--disable-background-networking", *arguments]
        )
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: str) -> Iterator[Page]:
    """A page of a browser that lets sound play, as OBS's does."""
    for browser in browser_of(chromium, "--autoplay-policy=no-user-gesture-required"):
        yield browser.new_page()


@pytest.fixture
def strict_page(chromium: str) -> Iterator[Page]:
    """A page of a browser that wants a click first. To look into the page counts as one: listen to its console."""
    for browser in browser_of(chromium):
        yield browser.new_page()


def log_in(page: Page, bot: BotProcess) -> None:
    """Through the dashboard's own form."""
    page.goto(f"http://127.0.0.1:{bot.port}/admin/")
    page.fill("#id_username", "admin")
    page.fill("#id_password", "a-test-password")
    page.click("text=Log in")


@pytest.fixture
def scaled(
    tmp_path: Path, free_port: int, simulator: SimulatorThread, redis_url: str, database: str
) -> Iterator[Scaled]:
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
    for process in site.processes:
        if process.poll() is None:
            process.kill()
            process.wait()

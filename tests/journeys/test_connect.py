"""A streamer connects the channel in a real browser, in three clicks, and lets it go again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from joystick.simulator.accounts import Accounts
from joystick.simulator.happenings import chat
from joystick.simulator.site import Site
from tests.journeys.conftest import log_in
from tests.processes import BotProcess, SimulatorThread, wait_until

STATE = "SELECT state FROM joystick_connection"


@pytest.fixture
def simulator() -> Iterator[SimulatorThread]:
    """A Joystick that lets in only whom its accounts know."""
    with SimulatorThread(accounts=Accounts("the-client")) as running:
        yield running


@pytest.fixture
def site(simulator: SimulatorThread) -> Iterator[Site]:
    """Its web side."""
    assert simulator.simulator.accounts is not None
    running = Site(simulator.simulator.accounts, simulator.simulator.channel)
    running.start()
    yield running
    running.stop()


def test_three_clicks_and_the_bot_is_on_the_channel(
    make_bot: Callable[..., BotProcess], simulator: SimulatorThread, site: Site, page: Page
) -> None:
    bot = make_bot(
        JOYSTICK_GATEWAY_TOKEN="",
        JOYSTICK_CLIENT_ID="the-client",
        JOYSTICK_SITE_URL=site.url,
        JOYSTICK_API_URL=site.url,
    ).start()
    assert bot.says("/admin/joystick/install/")
    log_in(page, bot)
    page.goto(f"http://127.0.0.1:{bot.port}/admin/joystick/install/")

    page.click("text=Connect Joystick.tv")
    expect(page.locator("h1")).to_have_text("Simulated Joystick.tv")
    expect(page.locator("li")).to_have_text(["identity:read", "stream:read", "chat:read", "chat:write"])
    page.click("text=Allow")
    expect(page.locator(".messagelist")).to_contain_text("Connected to the channel of HarbourFox")

    wait_until(lambda: bot.one(STATE) == "connected", "the line stands")
    simulator.happen(chat("Bob", "!points"))
    wait_until(lambda: simulator.lines() == ["@Bob you have 0 points."], "the answer")

    page.click("#result_list .field-username a")
    page.on("dialog", lambda dialog: dialog.accept())
    page.click("text=Disconnect")
    expect(page.locator(".messagelist")).to_contain_text("Disconnected from the channel of HarbourFox")
    wait_until(lambda: bot.one(STATE) == "off", "the line is given up", within=20)
    assert ("POST", "/api/oauth/revoke") in site.requests
    assert "Traceback" not in bot.text()


def test_a_revoked_installation_is_a_red_line_and_no_loop(
    make_bot: Callable[..., BotProcess], simulator: SimulatorThread, site: Site, page: Page
) -> None:
    accounts = site.accounts
    bot = make_bot(
        JOYSTICK_GATEWAY_TOKEN="",
        JOYSTICK_CLIENT_ID="the-client",
        JOYSTICK_SITE_URL=site.url,
        JOYSTICK_API_URL=site.url,
    ).start()
    log_in(page, bot)
    page.goto(f"http://127.0.0.1:{bot.port}/admin/joystick/install/")
    page.click("text=Connect Joystick.tv")
    page.click("text=Allow")
    wait_until(lambda: bot.one(STATE) == "connected", "the line stands")

    accounts.revoke_all()
    simulator.call(simulator.simulator.disconnect("frame", reason="remote", reconnect=False))
    wait_until(lambda: bot.says("needs reconnecting"), "the log says so", within=20)
    made = simulator.simulator.connections_made
    page.goto(f"http://127.0.0.1:{bot.port}/admin/")
    expect(page.locator(".messagelist .error")).to_contain_text(["HarbourFox needs reconnecting"])
    page.wait_for_timeout(3000)
    assert simulator.simulator.connections_made == made <= 2

    page.goto(f"http://127.0.0.1:{bot.port}/admin/joystick/install/")
    page.click("text=Connect Joystick.tv")
    page.click("text=Allow")
    wait_until(lambda: bot.one(STATE) == "connected", "the line stands again", within=20)
    page.goto(f"http://127.0.0.1:{bot.port}/admin/")
    expect(page.locator(".messagelist .error")).to_have_count(0)

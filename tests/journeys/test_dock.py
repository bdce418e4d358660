"""The dock as OBS and a phone show it: what happens appears by itself, and the buttons work, without JavaScript too."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from playwright.sync_api import Locator, Page, expect

from joystick.simulator.happenings import chat, tip
from tests.journeys.conftest import log_in
from tests.journeys.way import POINTS
from tests.processes import BotProcess, SimulatorThread, overlay_socket, wait_until

SIZES = {"a dock of OBS": (400, 600), "a phone": (390, 844)}
FINGER = 44  # pixels: the least height of a button
BUTTONS = """() => [...document.querySelectorAll("button, .button")].filter(it => it.offsetParent).map(button => {
  const box = button.getBoundingClientRect();
  const text = document.createRange();
  text.selectNodeContents(button);
  return [button.innerText, box.left, box.right, box.height, text.getClientRects().length];
})"""

pytestmark = pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)


@contextmanager
def without_scripts(page: Page, size: tuple[int, int]) -> Iterator[Page]:
    """Open a page that is logged in as `page` is, and runs no script."""
    assert page.context.browser is not None
    state = page.context.storage_state()
    width, height = size
    context = page.context.browser.new_context(
        java_script_enabled=False, storage_state=state, viewport={"width": width, "height": height}
    )
    yield context.new_page()
    context.close()


def open_dock(page: Page, bot: BotProcess, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    log_in(page, bot)
    page.goto(f"http://127.0.0.1:{bot.port}/dock/")


def ask_for_approval(bot: BotProcess, simulator: SimulatorThread, words: str) -> None:
    """Have Bob buy a line that waits for approval."""
    with closing(sqlite3.connect(bot.folder / "pixelbot.sqlite3", timeout=10)) as database, database:
        database.execute("UPDATE redeems_redeem SET approval = 'always' WHERE key = 'tts'")
    simulator.happen(tip("Bob", 100), chat("Bob", f"!tts {words}"))


def fits(page: Page, size: tuple[int, int]) -> None:
    """Check that nothing is wider than the page, and each button large enough for a finger, on one line."""
    # In one step: the page replaces its buttons while it is open.
    buttons = page.evaluate(BUTTONS)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert len(buttons) >= 2
    for text, left, right, height, lines in buttons:
        assert (height >= FINGER, left >= 0, right <= size[0], lines) == (True, True, True, 1), text


def approvals(page: Page) -> Locator:
    return page.locator(".approvals li")


def test_an_approval_appears_by_itself_and_is_given(
    page: Page, bot: BotProcess, simulator: SimulatorThread, size: tuple[int, int]
) -> None:
    open_dock(page, bot, size)
    expect(page.locator("#not-live")).to_be_hidden()
    long_word = "W" * 60
    with overlay_socket(bot.overlay_url):
        ask_for_approval(bot, simulator, f"<i>hello</i> {long_word}")
        expect(approvals(page)).to_contain_text("<i>hello</i>", timeout=5000)
        # In the small window, without scrolling.
        expect(approvals(page).locator("text=Approve")).to_be_in_viewport(ratio=1)
        fits(page, size)
        approvals(page).locator("text=Approve").click()
        expect(page.locator(".messagelist")).to_contain_text("approved")
        assert page.url.endswith("/dock/")
        expect(page.locator(".lanes")).to_contain_text("WWW", timeout=15_000)
        expect(page.locator("text=Skip")).to_be_visible()
        fits(page, size)
    expect(approvals(page)).to_have_count(0)


def test_everything_is_paused_goes_on_and_is_stopped(
    page: Page, bot: BotProcess, simulator: SimulatorThread, size: tuple[int, int]
) -> None:
    paused = "SELECT count(*) FROM effects_lane WHERE paused_at IS NOT NULL"
    open_dock(page, bot, size)
    fits(page, size)
    page.click("text=Pause all")
    expect(page.locator(".messagelist")).to_contain_text("Paused:")
    assert bot.one(paused) == 5
    fits(page, size)
    page.click(".controls >> text=Go on")
    expect(page.locator(".messagelist")).to_contain_text("Resumed:")
    assert bot.one(paused) == 0
    page.click("text=Stop everything")
    expect(page.locator(".messagelist")).to_contain_text("Everything is stopped.")
    assert bot.one(paused) == 5
    assert page.url.endswith("/dock/")


def test_what_was_unfolded_stays_so_when_the_lamps_change(
    page: Page, bot: BotProcess, simulator: SimulatorThread, size: tuple[int, int]
) -> None:
    open_dock(page, bot, size)
    folded = page.locator("#lamps-that-work")
    expect(folded).not_to_have_attribute("open", "")
    page.wait_for_timeout(1500)  # until the parts were sent once
    folded.locator("summary").click()
    page.evaluate("document.activeElement.blur()")
    page.evaluate("document.querySelector('#lamps-that-work').dataset.old = 'yes'")
    expect(page.locator("#lamps-that-work[data-old]")).to_have_count(0, timeout=15_000)
    expect(folded).to_have_attribute("open", "")


def test_the_buttons_work_without_javascript(
    page: Page, bot: BotProcess, simulator: SimulatorThread, size: tuple[int, int]
) -> None:
    open_dock(page, bot, size)
    with overlay_socket(bot.overlay_url), without_scripts(page, size) as plain:
        ask_for_approval(bot, simulator, "hello")
        wait_until(lambda: bot.one("SELECT count(*) FROM effects_queueitem WHERE state = 'waiting'"), "it waits")
        plain.goto(f"http://127.0.0.1:{bot.port}/dock/")
        approvals(plain).locator("text=Reject").click()
        expect(plain.locator(".messagelist")).to_contain_text("rejected: the points went back")
        assert bot.one(POINTS) == 100
        plain.click("text=Pause all")
        expect(plain.locator(".lanes")).to_contain_text("Paused by admin.")
        plain.click(".controls >> text=Go on")
        plain.fill("#say-text", "Good evening")
        plain.click("text=Say it")
        expect(plain.locator(".messagelist")).to_contain_text("The line is on its way")
        plain.locator("#lamps-that-work summary").click()
        expect(plain.locator("#lamps-that-work .lamp").first).to_be_visible()
        assert plain.url.endswith("/dock/")

"""A viewer's card in a real browser: from any page to five hundred points in three clicks at most."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from joystick.simulator.happenings import chat
from tests.journeys.conftest import Hand, log_in
from tests.processes import BotProcess, SimulatorThread, wait_until

PATHS = ("", "effects/queueitem/", "economy/transaction/", "redeems/redeem/add/", "backups/", "joystick/install/")
MAX_CLICKS = 3


@pytest.fixture
def dashboard(bot: BotProcess, simulator: SimulatorThread, page: Page) -> Page:
    """The dashboard of a bot that knows Bob and Bobby, logged in."""
    simulator.happen(chat("Bob", "hello"), chat("Bobby", "hello"))
    wait_until(lambda: bot.one("SELECT count(*) FROM economy_viewer") == 2, "both are known")
    log_in(page, bot)
    page.locator("#user-tools").wait_for()
    return page


@pytest.mark.parametrize("javascript", [True, False])
def test_five_hundred_points_take_three_clicks_from_any_page(
    bot: BotProcess, dashboard: Page, javascript: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    browser = dashboard.context.browser
    assert browser is not None
    context = browser.new_context(java_script_enabled=javascript, storage_state=dashboard.context.storage_state())
    page, counts = context.new_page(), []
    for path in PATHS:
        page.goto(f"http://127.0.0.1:{bot.port}/admin/{path}")
        before = balance(bot)
        hand = Hand(page)
        hand.click("#find-viewer-name")
        page.keyboard.type("bob")
        page.keyboard.press("Enter")
        expect(page.locator("#content h1")).to_have_text("Bob")
        hand.click("#by-hand input[name=amount]")
        page.keyboard.type("500")
        hand.click("#by-hand button[value=points]")
        expect(page.locator(".messagelist .success")).to_have_text(f"Bob now has {before + 500} points.")
        assert balance(bot) == before + 500
        counts.append(hand.clicks)
    context.close()
    with capsys.disabled():
        print(f"clicks to 500 points: {dict(zip(PATHS, counts, strict=True))}")
    assert max(counts) <= MAX_CLICKS


def test_by_the_keyboard_alone(bot: BotProcess, dashboard: Page) -> None:
    before = balance(bot)
    dashboard.keyboard.press("/")
    expect(dashboard.locator("#find-viewer-name")).to_be_focused()
    dashboard.keyboard.type("a/b")  # in a field, it is a character like any other
    expect(dashboard.locator("#find-viewer-name")).to_have_value("a/b")
    dashboard.keyboard.press("Control+a")
    dashboard.keyboard.type("Bob")
    dashboard.keyboard.press("Enter")
    dashboard.locator("#by-hand input[name=amount]").focus()
    dashboard.keyboard.type("-100000")
    dashboard.keyboard.press("Enter")
    expect(dashboard.get_by_role("alert")).to_contain_text(f"Only {before} point")
    expect(dashboard.locator("#by-hand input[name=amount]")).to_be_focused()
    dashboard.keyboard.press("Control+a")
    dashboard.keyboard.type("500")
    dashboard.keyboard.press("Enter")
    expect(dashboard.locator("#balance")).to_have_text(str(before + 500))


def test_each_field_and_button_of_the_card_has_a_name(bot: BotProcess, dashboard: Page) -> None:
    dashboard.goto(f"http://127.0.0.1:{bot.port}/admin/economy/viewer/find/?q=bob")
    for role, name in (
        ("searchbox", "Find a viewer"),
        ("button", "Find"),
        ("spinbutton", "Amount"),
        ("textbox", "Reason"),
        ("button", "Give or take points"),
        ("button", "Give or take XP"),
        ("table", "Last receipts"),
        ("textbox", "Notes:"),
        ("textbox", "Tags:"),
    ):
        expect(dashboard.get_by_role(role, name=name, exact=True)).to_be_visible()  # type: ignore[arg-type]
    receipts = dashboard.get_by_role("table", name="Last receipts")
    expect(receipts.get_by_role("button", name="Reverse +").first).to_be_visible()
    expect(receipts.get_by_role("columnheader")).to_have_count(5)
    expect(dashboard.locator("input[name=username]")).to_be_hidden()  # folded
    dashboard.get_by_text("All fields").click()
    expect(dashboard.locator("input[name=username]")).to_be_visible()


def balance(bot: BotProcess) -> int:
    held = bot.one("SELECT balance FROM economy_points JOIN economy_viewer ON id = viewer_id WHERE key = 'bob'")
    return int(held)

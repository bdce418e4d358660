"""The page of charts on a phone: it fits, follows what happens while it is open, and is whole without JavaScript."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from joystick.simulator.happenings import started, tip
from tests.journeys.conftest import log_in
from tests.processes import BotProcess, SimulatorThread, wait_until

PHONE = (390, 844)


def test_an_open_page_follows_and_keeps_its_table_open(page: Page, bot: BotProcess, simulator: SimulatorThread) -> None:
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    log_in(page, bot)
    simulator.happen(started())
    simulator.happen(tip("Bob", 123))
    wait_until(lambda: bot.one("SELECT count(*) FROM economy_transaction") > 0, "the tip is paid")
    page.goto(f"http://127.0.0.1:{bot.port}/admin/charts/")
    tips = page.locator("#chart-tips")
    expect(tips.locator("svg")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    tips.locator("summary").click()
    expect(tips.locator("td", has_text="123")).to_be_visible()
    page.evaluate("document.activeElement.blur()")
    simulator.happen(tip("Bob", 200))
    wait_until(lambda: "323 in all" in str(tips.locator("svg").get_attribute("aria-label")), "the sum", within=40)
    expect(tips.locator("table")).to_be_visible()


def test_it_is_whole_without_javascript(page: Page, bot: BotProcess, simulator: SimulatorThread) -> None:
    simulator.happen(started(), tip("Bob", 123))
    wait_until(lambda: bot.one("SELECT count(*) FROM joystick_inboundevent") == 2, "the events are stored")
    log_in(page, bot)
    assert page.context.browser is not None
    context = page.context.browser.new_context(
        java_script_enabled=False,
        storage_state=page.context.storage_state(),
        viewport={"width": PHONE[0], "height": PHONE[1]},
    )
    plain = context.new_page()
    plain.goto(f"http://127.0.0.1:{bot.port}/admin/charts/")
    plain.click("text=7 days")
    expect(plain.locator("[aria-current=page]")).to_have_text("7 days")
    for name in ("points", "tips", "levels"):
        chart = plain.locator(f"#chart-{name}")
        box = chart.locator("svg").bounding_box()
        assert box is not None and box["width"] > 250 and box["height"] > 100
        chart.locator("summary").click()
        expect(chart.locator("table")).to_be_visible()
    assert plain.locator("#chart-tips td", has_text="123").count() == 1
    context.close()

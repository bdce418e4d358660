"""The wheel beside the forms of prizes in a real Chromium: it follows what is typed, and shows what is then drawn."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import log_in
from tests.processes import BotProcess

LIST = "/admin/effects/prize/"


@pytest.fixture
def site(page: Page, bot: BotProcess) -> Iterator[str]:
    """The dashboard's address, logged in; nothing is refused by the pages' policy meanwhile."""
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    log_in(page, bot)
    yield f"http://127.0.0.1:{bot.port}"
    assert errors == []


def chances(page: Page) -> dict[str, str]:
    """Return the chances of the legend."""
    rows = page.locator("#wheel-preview tbody tr").all_text_contents()
    return dict(re.findall(r"^(.*?)(none|[\d.]+%)", row)[0] for row in rows)


def test_the_wheel_follows_a_form_and_shows_what_saving_then_leads_to(page: Page, site: str, bot: BotProcess) -> None:
    page.goto(f"{site}{LIST}add/")
    wheel = page.locator("#wheel-preview")
    expect(wheel.locator("> svg path")).to_have_count(7)
    page.fill("#id_name", "A hat")
    page.fill("#id_weight", "300")
    page.locator("#id_colour").fill("#ffee00")
    expect(wheel.locator("[role=status]")).to_have_text("Chance of this prize: 75.00% once it is saved; now none")
    label = wheel.locator("> svg text", has_text="A hat")
    expect(label).to_have_attribute("fill", "#000000")
    assert label.evaluate("text => getComputedStyle(text).fill") == "rgb(0, 0, 0)"
    expect(wheel.locator("path[fill='#ffee00']")).to_have_count(1)
    page.fill("#id_stock", "0")
    expect(wheel.locator("> svg path")).to_have_count(6)
    page.fill("#id_stock", "")
    page.fill("#id_weight", "0")
    expect(wheel).to_contain_text("Not drawn yet: Weight: Ensure this value is greater than or equal to 1.")
    page.fill("#id_weight", "300")
    page.uncheck("#id_enabled")
    expect(wheel.locator("[role=status]")).to_have_text("Chance of this prize: none")
    page.check("#id_enabled")
    expect(wheel.locator("[role=status]")).to_contain_text("75.00%")
    assert bot.one("SELECT count(*) FROM effects_prize") == 6
    shown = chances(page)
    with page.expect_navigation():
        page.click("[name=_save]")
    assert chances(page) == shown
    listed = page.locator("#result_list tbody tr", has_text="A hat")
    expect(listed.locator(".field-chance")).to_have_text(shown["A hat"])


def test_the_wheel_follows_the_list(page: Page, site: str) -> None:
    page.goto(f"{site}{LIST}")
    assert chances(page)["10 points"] == "40.00%"
    first = page.locator("#result_list tbody tr", has_text="10 points")
    first.locator("[name$=weight]").fill("240")
    row = page.locator("#wheel-preview tbody tr", has_text="10 points")
    expect(row.locator(".changed")).to_have_text("80.00%")
    page.locator("#result_list tbody tr", has_text="A fanfare").locator("[name$=enabled]").uncheck()
    expect(page.locator("#wheel-preview tbody tr", has_text="A fanfare").locator(".changed")).to_have_text("none")
    shown = chances(page)
    page.click("#changelist-form [name=_save]")
    expect(page.locator("#wheel-preview .changed")).to_have_count(0)
    assert chances(page) == shown


def test_without_javascript_the_saved_wheel_is_there(page: Page, site: str) -> None:
    assert page.context.browser is not None
    state = page.context.storage_state()
    context = page.context.browser.new_context(java_script_enabled=False, storage_state=state)
    plain = context.new_page()
    for path in (LIST, f"{LIST}1/change/"):
        plain.goto(f"{site}{path}")
        box = plain.locator("#wheel-preview > svg").bounding_box()
        assert box is not None and box["width"] > 150 and box["height"] > 150
        assert chances(plain)["10 points"] == "40.00%"
    context.close()


@pytest.mark.parametrize("name", ["A hug from the streamer herself", "W" * 22, "抽" * 30])
def test_a_long_name_does_not_run_into_the_slice_across(page: Page, site: str, name: str) -> None:
    page.goto(f"{site}{LIST}add/")
    page.fill("#id_name", name)
    page.fill("#id_weight", "60")
    label = page.locator("#wheel-preview > svg text", has_text=name[:10])
    expect(label).to_be_visible()
    assert 40 < label.evaluate("text => text.getComputedTextLength()") < 93  # it begins at 93 from the middle

"""A streamer's first evening in a real browser: the guide, the overlay, a tip, the voice, a setting, panic, and on."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from joystick.simulator.happenings import chat, started, tip
from tests.journeys.conftest import Hand, log_in
from tests.processes import BotProcess, SimulatorThread, wait_until


def ticked(page: Page, key: str, *, reload: bool = True) -> None:
    if reload:
        page.reload()
    expect(page.locator(f"#step-{key}.done")).to_be_visible()


def test_the_first_evening(
    page: Page, bot: BotProcess, simulator: SimulatorThread, capsys: pytest.CaptureFixture[str]
) -> None:
    log_in(page, bot)
    hand, counts = Hand(page), dict[str, int]()

    page.fill("#guide-one", "kiss")
    page.fill("#guide-several", "kisses")
    hand.click("text=Use these names")
    ticked(page, "points", reload=False)  # the form's answer is the page
    counts["a name for points"], hand.clicks = hand.clicks, 0

    with page.expect_popup() as popup:
        hand.click("text=Open it in a browser")
    overlay = popup.value
    wait_until(lambda: bot.one("SELECT count(*) FROM effects_overlaypage") == 1, "the overlay is connected")
    ticked(page, "overlay")
    counts["an open overlay"], hand.clicks = hand.clicks, 0

    hand.click("#part-lamps >> text=Say a line")
    expect(overlay.locator("#caption")).to_contain_text("This is the voice of your stream.", timeout=15_000)
    expect(page.locator("#lamp-voice.green")).to_be_visible(timeout=30_000)  # an overlay played it to its end
    ticked(page, "voice")
    counts["a line heard to its end"], hand.clicks = hand.clicks, 0

    simulator.happen(started())
    simulator.happen(tip("Bob", 100))
    expect(page.locator("#part-feed")).to_contain_text("+100 kisses", timeout=5000)
    simulator.happen(chat("Bob", "!kisses"))
    wait_until(
        lambda: any("Bob you have 101 kisses" in line or "100 kisses" in line for line in simulator.lines()), "told"
    )
    ticked(page, "hello")

    hand.click(".links >> text=Settings")
    page.fill("[name=POINTS_PER_TIP_TOKEN]", "3")
    hand.click(".submit-row input")
    expect(page.locator(".messagelist .success")).to_have_text("Each token tipped: 1.0 → 3.0")
    simulator.happen(tip("Ann", 100))
    wait_until(
        lambda: bot.one("SELECT count(*) FROM economy_points WHERE balance >= 300") == 1,
        "the next tip pays three for one",
    )
    counts["a setting, felt by the next event"], hand.clicks = hand.clicks, 0

    hand.click(".breadcrumbs a")
    simulator.happen(tip("Cat", 500))
    hand.click("text=Stop everything")
    expect(page.locator(".stopped")).to_be_visible()
    expect(overlay.locator("#caption")).to_be_hidden(timeout=5000)
    hand.click(".stopped >> text=Go on")
    expect(page.locator(".stopped")).to_have_count(0)
    counts["everything stopped, and on again"] = hand.clicks
    with capsys.disabled():
        print("\nclicks: " + ", ".join(f"{what} {count}" for what, count in counts.items()))
    assert max(counts.values()) <= 3
    assert "Traceback" not in bot.text()
    overlay.close()


def test_why_something_did_not_happen_is_told_and_it_is_done_again(
    page: Page, bot: BotProcess, simulator: SimulatorThread
) -> None:
    log_in(page, bot)
    page.goto(f"http://127.0.0.1:{bot.port}/admin/")
    simulator.happen(started())
    simulator.happen(tip("Bob", 500))  # thanked aloud, and no overlay is there
    failure = page.locator("#part-failures li").first
    expect(failure).to_contain_text("no overlay began to play it", timeout=20_000)
    failure.locator("text=Do again").click()
    expect(page.locator(".messagelist").last).to_contain_text("in the queue again, free of charge")

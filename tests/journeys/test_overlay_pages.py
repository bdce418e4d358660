"""Overlay pages in a real Chromium: which is heard, one widget alone, less motion, days later."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from joystick.simulator.happenings import chat, follow, tip
from tests.journeys.conftest import open_overlay
from tests.journeys.test_overlay import alert, wheel
from tests.journeys.way import STATE
from tests.processes import BotProcess, SimulatorThread, wait_until

# How many sounds of this page are heard now, and notes that any was.
HEARD = """
  window.played = new Set();
  window.everHeard = false;
  const play = HTMLMediaElement.prototype.play;
  HTMLMediaElement.prototype.play = function () { window.played.add(this); return play.apply(this); };
  window.heard = () => [...window.played].filter((one) => !one.paused && !one.ended && !one.muted).length;
  window.plays = () => [...window.played].filter((one) => !one.paused && !one.ended).length;
  setInterval(() => { window.everHeard ||= window.heard() > 0; }, 20);
"""
LONG = "this is a rather long line that takes its time " * 4


@pytest.fixture
def second_page(page: Page) -> Iterator[Page]:
    """A second page, in the same browser."""
    opened = page.context.new_page()
    yield opened
    opened.close()


def wait_arranged(page: Page) -> None:
    """Wait until the page has its widgets. (Its policy lets Playwright poll no expression of ours inside the page.)"""
    wait_until(lambda: page.evaluate("(window.overlay?.stage.widgets.size || 0) > 0"), "the page has its widgets")


def leads(page: Page) -> bool:
    return bool(page.evaluate("overlay.sounds.leads"))


def test_two_pages_make_no_echo_and_the_second_takes_over_in_the_middle(
    bot: BotProcess, simulator: SimulatorThread, page: Page, second_page: Page
) -> None:
    for opened in (page, second_page):
        opened.add_init_script(HEARD)
        open_overlay(opened, bot)
    wait_until(lambda: leads(page) and not leads(second_page), "the first is heard")
    simulator.happen(tip("Bob", 50), chat("Bob", f"!tts {LONG}"))
    wait_until(lambda: page.evaluate("heard()") == 1 and second_page.evaluate("plays()") == 1, "both play", within=20)
    expect(second_page.locator("#caption")).to_contain_text("a rather long line", timeout=10_000)
    assert not second_page.evaluate("everHeard")
    page.close()
    gone = time.monotonic()
    wait_until(lambda: second_page.evaluate("heard()") == 1, "the second is heard", within=2)
    print(f"the second took over after {time.monotonic() - gone:.2f} s")
    wait_until(lambda: bot.one(STATE) == "done", "the line is done", within=40)
    assert bot.rows("SELECT state, attempts FROM effects_queueitem") == [("done", 1)]
    third = second_page.context.new_page()
    third.goto(bot.overlay_url)
    wait_arranged(third)
    assert leads(second_page) and not leads(third)


def test_pages_that_were_left_open_for_two_days_with_a_restart_on_each_still_play(
    bot: BotProcess, make_bot: Callable[..., BotProcess], simulator: SimulatorThread, page: Page, second_page: Page
) -> None:
    """By the browser's clock; what the bot keeps by its own is in `tests/effects/test_consumer.py`."""
    page.clock.install()  # of both
    for opened in (page, second_page):
        opened.add_init_script(HEARD)
        open_overlay(opened, bot)
    for _ in range(2):
        for _ in range(24):
            page.clock.fast_forward("01:00:00")
        bot.kill()
        with closing(sqlite3.connect(bot.folder / "pixelbot.sqlite3")) as database, database:
            alert = json.dumps([{"kind": "alert", "text": "two days later", "seconds": 2}])
            database.execute("UPDATE joystick_reaction SET effects = ? WHERE occasion = 'follow'", [alert])
        simulator.simulator.subscribed.clear()
        bot = make_bot().start()
        wait_until(lambda: bot.text().count("Main connected") == 2, "both are back", within=20)  # noqa: B023
        simulator.wait_subscribed()
    assert (page.evaluate("Date.now()") / 1000 - time.time()) / 3600 > 47
    wait_until(lambda: leads(page) + leads(second_page) == 1, "one of them is heard", within=2)
    first, silent = (page, second_page) if leads(page) else (second_page, page)
    simulator.happen(follow("Ann"), tip("Bob", 50), chat("Bob", "!tts back again"))
    for opened in (first, silent):
        expect(opened.locator("#alert")).to_have_text("two days later", timeout=15_000)
    wait_until(lambda: first.evaluate("everHeard"), "the line is heard", within=20)
    done = "SELECT count(*) FROM effects_queueitem WHERE state = 'done' AND kind IN ('alert', 'speak')"
    wait_until(lambda: bot.one(done) == 2, "both are done", within=20)
    assert not silent.evaluate("everHeard")


def test_one_widget_alone_fills_its_page_and_plays_what_is_its_own(
    bot: BotProcess, simulator: SimulatorThread, page: Page
) -> None:
    page.add_init_script(HEARD)
    page.set_viewport_size({"width": 700, "height": 800})
    page.goto(f"{bot.overlay_url}wheel/")
    wait_arranged(page)
    wait_until(lambda: leads(page), "it is heard")
    assert page.evaluate("[...document.querySelectorAll('.widget:not(.unseen)')].map((one) => one.id)") == ["wheel"]
    page.evaluate("message => overlay.receive(message)", wheel(1001, name="Prize", seconds=1, hold=5))
    other = {"type": "play", "show": "confetti", "item": 1002, "attempt": 1, "lane": "effect", "seconds": 5}
    page.evaluate("message => overlay.receive(message)", other)
    box = page.locator("#wheel").bounding_box()
    assert box is not None and (round(box["width"]), round(box["height"])) == (700, 800)
    expect(page.locator("#wheel p")).to_contain_text("wins Prize!", timeout=10_000)
    assert page.evaluate("[...overlay.player.known.keys()]") == ["1001/1"]
    # The voice is heard here, though the caption is elsewhere: this may be the only page.
    simulator.happen(tip("Bob", 50), chat("Bob", "!tts heard without a caption"))
    wait_until(lambda: bot.one(STATE) == "done", "the line is done", within=20)
    assert page.evaluate("everHeard") and page.locator("#caption").count() == 0


def test_a_widget_that_staff_move_moves_on_the_open_page(bot: BotProcess, page: Page) -> None:
    open_overlay(page, bot)
    wait_arranged(page)
    hello = {"theme": "neon", "alone": False, "leader": True, "playing": [], "type": "hello", "version": 1}
    told = page.evaluate("[...overlay.stage.widgets.values()].map(({ told }) => told)")
    moved = [{**one, "x": 10, "width": 20} for one in told if one["name"] != "events"]
    page.evaluate("message => overlay.receive(message)", {**hello, "widgets": moved})
    expect(page.locator("#events")).to_have_count(0)
    assert page.evaluate("document.querySelector('#caption').style.left") == "10%"
    assert page.evaluate("document.documentElement.dataset.theme") == "neon"


def test_with_less_motion_the_wheel_does_not_turn_and_nothing_falls(bot: BotProcess, page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    open_overlay(page, bot)
    wait_arranged(page)
    page.evaluate("message => { overlay.receive(message) }", wheel(1, seconds=3, hold=5))
    expect(page.locator("#wheel")).to_be_visible()
    angle = "getComputedStyle(document.querySelector('#wheel .disc')).transform"
    first = page.evaluate(angle)
    assert first != "none"
    page.wait_for_timeout(400)
    assert page.evaluate(angle) == first and "wins" not in page.locator("#wheel p").inner_text()
    expect(page.locator("#wheel p")).to_contain_text("wins", timeout=10_000)
    assert page.locator(".confetti").count() == 0
    page.evaluate("message => { overlay.receive(message) }", alert(2, seconds=5))
    expect(page.locator("#alert .frame")).to_be_visible()
    moves = "document.querySelector('#alert .frame').getAnimations().map((one) => one.playState)"
    wait_until(lambda: page.evaluate(moves) == ["finished"], "it is still")

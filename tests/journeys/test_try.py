"""What the streamer tries before the show: seen on the overlay as a test, and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from joystick.simulator.happenings import chat, tip
from tests.journeys.conftest import log_in, open_overlay
from tests.journeys.way import POINTS
from tests.processes import ROOT, BotProcess, SimulatorThread, wait_until

EFFECTS = [{"kind": "alert", "text": "{user} came!", "seconds": 5}, {"kind": "grant_points", "points": 50}]
SOUND = ROOT / "effects" / "static" / "effects" / "sounds" / "ding.wav"
# What the queue, the login and the open pages write; all else belongs to the show.
BESIDE = ("effects_queueitem", "effects_overlaypage", "django_session", "sqlite_sequence", "pixelbot_site_heartbeat")


@pytest.fixture
def dashboard(page: Page) -> Iterator[Page]:
    """A second page, in the same browser."""
    opened = page.context.new_page()
    yield opened
    opened.close()


def rows(bot: BotProcess) -> dict[str, int]:
    """Return how many rows each table of the show has."""
    tables = [name for (name,) in bot.rows("SELECT name FROM sqlite_master WHERE type = 'table'") if name not in BESIDE]
    return {table: bot.one(f'SELECT count(*) FROM "{table}"') for table in tables}


def test_an_unsaved_reaction_shows_on_the_overlay_with_a_mark_and_leaves_nothing_behind(
    page: Page, dashboard: Page, bot: BotProcess, simulator: SimulatorThread
) -> None:
    open_overlay(page, bot)
    log_in(dashboard, bot)
    dashboard.goto(f"http://127.0.0.1:{bot.port}/admin/joystick/reaction/add/")
    before = rows(bot)
    dashboard.select_option("#id_occasion", "menu_item")
    dashboard.fill("#id_lines", "Thank you!")
    dashboard.evaluate("effects => { document.querySelector('#id_effects').value = effects }", json.dumps(EFFECTS))
    dashboard.click("text=Try on the overlay")
    expect(page.locator("#alert")).to_have_text("admin came!", timeout=10_000)
    expect(page.locator("#test")).to_be_visible()
    expect(page.locator("#test")).to_have_text("TEST")
    expect(dashboard.locator(".messagelist")).to_contain_text(
        "It is shown on the overlay, marked TEST. A test does not say in chat “Thank you!”, nor give 50 points."
    )
    assert dashboard.input_value("#id_lines") == "Thank you!"
    expect(page.locator("#alert")).to_be_hidden(timeout=10_000)
    expect(page.locator("#test")).to_be_hidden()
    wait_until(lambda: bot.one("SELECT state FROM effects_queueitem") == "done", "the test has ended")
    assert rows(bot) == before
    assert simulator.lines() == []
    # What comes for real is not marked.
    real = json.dumps([{"kind": "alert", "text": "for real", "seconds": 2}])
    dashboard.evaluate("effects => { document.querySelector('#id_effects').value = effects }", real)
    dashboard.click("[name=_save]")
    simulator.happen(tip("Bob", 7, "a hug"))
    expect(page.locator("#alert")).to_have_text("for real", timeout=10_000)
    expect(page.locator("#test")).to_be_hidden()


def test_a_sound_plays_in_the_dashboard(page: Page, bot: BotProcess) -> None:
    log_in(page, bot)
    page.goto(f"http://127.0.0.1:{bot.port}/admin/effects/sound/")
    player = page.locator("audio").first
    player.evaluate("async audio => { await audio.play() }")
    page.wait_for_function("audio => audio.currentTime > 0", arg=player.element_handle(), timeout=10_000)


def test_a_chosen_file_is_heard_and_tried_before_it_is_saved(page: Page, dashboard: Page, bot: BotProcess) -> None:
    errors: list[str] = []
    dashboard.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    open_overlay(page, bot)
    log_in(dashboard, bot)
    dashboard.goto(f"http://127.0.0.1:{bot.port}/admin/effects/sound/add/")
    before = rows(bot)
    player = dashboard.locator("#sound_form audio")
    expect(player).to_be_hidden()
    dashboard.set_input_files("#id_file", SOUND)
    expect(player).to_be_visible()
    expect(dashboard.locator("#sound_form")).to_contain_text("It is heard here alone until you save it.")
    dashboard.fill("#id_volume", "0.5")
    player.evaluate("async audio => { await audio.play() }")
    dashboard.wait_for_function("audio => audio.currentTime > 0", arg=player.element_handle(), timeout=10_000)
    assert player.evaluate("audio => audio.volume") == 0.5
    dashboard.click("text=Try on the overlay")
    expect(dashboard.locator(".tried")).to_contain_text("This field is required.")  # the name
    dashboard.fill("#id_name", "mine")
    dashboard.click("text=Try on the overlay")
    expect(dashboard.locator(".tried")).to_have_text("It is shown on the overlay, marked TEST.", timeout=15_000)
    wait_until(lambda: bot.one("SELECT state FROM effects_queueitem") == "done", "the overlay played it", within=20)
    assert bot.one("SELECT playing_at FROM effects_queueitem") is not None
    assert rows(bot) == before
    assert dashboard.evaluate("document.querySelector('#id_file').files.length") == 1
    dashboard.click("[name=_save]")
    expect(dashboard.locator(".messagelist")).to_contain_text("was added successfully")
    assert errors == []


def test_a_simulated_tip_shows_as_a_test_and_leaves_nothing_until_it_is_done_for_real(
    page: Page, dashboard: Page, bot: BotProcess, simulator: SimulatorThread
) -> None:
    open_overlay(page, bot)
    log_in(dashboard, bot)
    simulator.happen(chat("Ann", "hello"))  # until something came, the bot knows no channel to talk to
    wait_until(lambda: bot.one("SELECT count(*) FROM economy_transaction"), "Ann was paid")
    before = rows(bot)
    dashboard.goto(f"http://127.0.0.1:{bot.port}/admin/simulate/")
    dashboard.fill("#id_amount", "250")
    dashboard.click("text=Try it in the sandbox")
    expect(dashboard.locator("#rehearsal")).to_contain_text("Said in chat: “Thank you for 250 tokens, Bob!”")
    expect(page.locator("#caption")).to_have_text("Bob tipped 250 tokens!", timeout=15_000)
    expect(page.locator("#test")).to_be_visible()
    wait_until(lambda: bot.one("SELECT state FROM effects_queueitem") == "done", "the test has ended")
    assert (rows(bot), simulator.lines()) == (before, [])
    dashboard.click("text=Do it for real")
    expect(page.locator("#caption")).to_have_text("Bob tipped 250 tokens!", timeout=15_000)
    expect(page.locator("#test")).to_be_hidden()
    wait_until(lambda: "Thank you for 250 tokens, Bob!" in simulator.lines(), "the bot thanks")
    assert bot.one(POINTS) == 250
    assert bot.one("SELECT uid FROM joystick_inboundevent ORDER BY id DESC").startswith("simulated:")


def test_a_voice_is_heard_in_the_dashboard(page: Page, bot: BotProcess) -> None:
    log_in(page, bot)
    page.goto(f"http://127.0.0.1:{bot.port}/admin/effects/speechsource/hear/")
    page.click("[value=Speak]")
    player = page.locator("#heard audio")
    page.wait_for_function("audio => audio.currentTime > 0", arg=player.element_handle(), timeout=10_000)

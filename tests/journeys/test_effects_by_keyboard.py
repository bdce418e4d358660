"""A redeem is put together without a mouse, tried, saved and bought: what its cards say happens on the overlay."""

from __future__ import annotations

import json

from playwright.sync_api import Page, expect

from joystick.simulator.happenings import chat
from tests.effects.editing import sequence
from tests.journeys.conftest import log_in, open_overlay
from tests.journeys.editor_page import choose, tab_to, titles
from tests.processes import BotProcess, SimulatorThread, wait_until


def test_a_redeem_with_a_sequence_is_made_by_keyboard_alone_and_happens(
    page: Page, bot: BotProcess, simulator: SimulatorThread
) -> None:
    overlay = page.context.new_page()
    open_overlay(overlay, bot)
    log_in(page, bot)
    page.goto(f"http://127.0.0.1:{bot.port}/admin/redeems/redeem/add/")
    expect(page.locator(".effects")).to_be_visible()
    page.locator("#id_key").focus()
    page.keyboard.type("party")
    tab_to(page, "Title")
    page.keyboard.type("Party")
    tab_to(page, "+ Add an effect")
    page.keyboard.press("Enter")
    choose(page, "Several effects")
    tab_to(page, "+ Add an effect")  # the one inside the card
    page.keyboard.press("Enter")
    tab_to(page, "Text")
    page.keyboard.type("{user} parties")
    tab_to(page, "Seconds")
    page.keyboard.press("Control+A")
    page.keyboard.type("2")
    tab_to(page, "+ Add an effect")
    page.keyboard.press("Enter")
    choose(page, "Line in chat")
    tab_to(page, "Text")
    page.keyboard.type("It was {user}.")
    page.keyboard.press("Alt+ArrowUp")
    page.keyboard.press("Alt+ArrowDown")
    tab_to(page, "Try on the overlay")
    page.keyboard.press("Enter")
    expect(overlay.locator("#alert")).to_have_text("admin parties", timeout=15_000)
    expect(overlay.locator("#test")).to_be_visible()
    expect(page.locator(".messagelist")).to_contain_text("A test does not say in chat “It was admin.”")
    assert titles(page) == ["1. Several effects in a row", "Effects", "1. Alert", "2. Line in chat"]
    expect(overlay.locator("#alert")).to_be_hidden(timeout=10_000)
    tab_to(page, "Save")
    page.keyboard.press("Enter")
    expect(page.locator(".messagelist")).to_contain_text("was added successfully")
    usual = {"design": "card", "place": "usual", "layout": "above", "volume": 1}
    assert json.loads(bot.one("SELECT effects FROM redeems_redeem WHERE key = 'party'")) == [
        sequence(
            {"kind": "alert", "text": "{user} parties", "seconds": 2, **usual},
            {"kind": "chat_line", "text": "It was {user}."},
        )
    ]
    simulator.happen(chat("Bob", "!party"))
    expect(overlay.locator("#alert")).to_have_text("Bob parties", timeout=15_000)
    wait_until(lambda: "It was Bob." in simulator.lines(), "the line comes after the alert")
    overlay.close()

"""Voices are chosen and heard in the dashboard in a real Chromium."""

from __future__ import annotations

import re
import sys
from contextlib import suppress

import pytest
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.journeys.conftest import log_in
from tests.processes import BotProcess

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the names of espeak-ng's voices")

# Keeps the players that scripts make, so that a test can look at them.
WATCHED = """
window.players = [];
window.Audio = class extends Audio { constructor(...rest) { super(...rest); window.players.push(this); } };
"""


def expect_played(page: Page, button: Locator) -> None:
    """Press the button, and wait until a sample of a new address was heard to its end."""
    before = page.evaluate("players[0].src")
    for _ in range(3):  # on a slow machine it may be refused once: one text every two seconds
        button.click()
        with suppress(PlaywrightTimeout):
            page.wait_for_function("before => players[0].src !== before && players[0].ended", arg=before, timeout=8_000)
            break
        page.wait_for_timeout(2000)
    expect(button).to_be_enabled()
    assert re.search(r"/hear/[0-9a-f-]{36}\.wav$", page.evaluate("players[0].src"))


def test_voices_are_chosen_heard_and_kept(page: Page, bot: BotProcess) -> None:
    page.add_init_script(WATCHED)
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    log_in(page, bot)
    site = f"http://127.0.0.1:{bot.port}/admin"
    page.goto(f"{site}/settings/")
    page.select_option("#id_TTS_VOICE", label="German, de")
    place = page.locator(".setting", has=page.locator("#id_TTS_VOICE"))
    expect_played(page, place.locator(".play-voice"))
    french = page.locator(".voice-checks .voice-choice", has_text="French (France), fr")
    french.locator("input").check()
    page.wait_for_timeout(2000)  # one text every two seconds
    expect_played(page, french.locator(".play-voice"))
    page.click("#settings [type=submit]")
    expect(page.locator(".messagelist")).to_contain_text("Voice: empty → gmw/de")
    expect(page.locator(".messagelist")).to_contain_text("Voices of viewers: empty → roa/fr")
    expect(page.locator("#id_TTS_VOICE")).to_have_value("gmw/de")
    # The speak effect of any row.
    page.goto(f"{site}/effects/prize/add/")
    page.click("text=+ Add an effect")
    page.locator(".effects .head select").select_option("speak")
    field = page.locator(".effects .field", has_text="voice")
    field.locator("select").select_option(label="Dutch, nl")
    assert '"voice":"gmw/nl"' in page.locator("textarea[data-effects]").input_value()
    page.wait_for_timeout(2000)
    expect_played(page, field.locator(".play-voice"))
    page.locator("textarea[data-effects]").evaluate("area => { area.value = area.value.replace('gmw/nl', 'gone') }")
    page.fill("#id_name", "A line")
    page.click("[name=_continue]")
    chosen = page.locator(".effects .field", has_text="voice").locator("select")
    expect(chosen.locator("option:checked")).to_have_text("gone (not installed)")
    expect(chosen).to_have_value("gone")
    assert errors == []


def test_the_browsers_voices_are_offered_where_the_overlay_speaks(page: Page, bot: BotProcess) -> None:
    page.add_init_script(
        """Object.defineProperty(window, "speechSynthesis", { value: {
            getVoices: () => [{ name: "Zoë", lang: "fr-FR" }], addEventListener: () => {}, cancel: () => {},
            speak: (said) => { window.uttered = said.voice?.name ?? said.text; said.onend(); },
        } });
        window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };"""
    )
    log_in(page, bot)
    page.goto(f"http://127.0.0.1:{bot.port}/admin/settings/")
    page.select_option("#id_TTS_ENGINE", "browser")
    page.click("#settings [type=submit]")
    page.select_option("#id_TTS_VOICE", label="Zoë, fr-FR")
    page.locator(".setting", has=page.locator("#id_TTS_VOICE")).locator(".play-voice").click()
    page.wait_for_function("window.uttered === 'Zoë'")
    page.check(".voice-checks [value='Zoë']")
    page.click("#settings [type=submit]")
    expect(page.locator(".messagelist")).to_contain_text("Voice: empty → Zoë")
    expect(page.locator("#id_TTS_VOICE option:checked")).to_have_text("Zoë")
    assert page.locator(".voice-checks input:checked").count() == 1


def test_without_javascript_there_is_a_list_and_a_way_to_the_page_where_it_is_heard(
    page: Page, bot: BotProcess
) -> None:
    log_in(page, bot)
    assert page.context.browser is not None
    state = page.context.storage_state()
    context = page.context.browser.new_context(java_script_enabled=False, storage_state=state)
    plain = context.new_page()
    plain.goto(f"http://127.0.0.1:{bot.port}/admin/settings/")
    plain.select_option("#id_TTS_VOICE", label="German, de")
    with context.expect_page() as opened:
        plain.locator("a.hear").first.click()
    opened.value.select_option("#id_voice", label="German, de")
    opened.value.click("[value=Speak]")
    expect(opened.value.locator("#heard audio")).to_be_visible()
    context.close()

"""A streamer without a mouse: the first evening, a redeem with a sound, a prize, what failed, and 500 points."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from joystick.simulator.happenings import chat, started, tip
from tests.journeys.conftest import open_overlay
from tests.journeys.keyboard import Keyboard
from tests.journeys.test_overlay import quiet_wav
from tests.processes import BotProcess, SimulatorThread, wait_until

# The menu is the same on every page, and has more links than the rest of most.
WITHOUT_MENU = "document.getElementById('nav-sidebar')?.remove()"
# Pages whose every stop is visited, there and back.
PAGES = (
    "",
    "settings/",
    "simulate/",
    "charts/",
    "backups/",
    "../dock/",
    "economy/viewer/",
    "economy/viewer/1/change/",
    "effects/prize/",
    "effects/prize/add/",
    "effects/queueitem/",
    "effects/sound/",
    "effects/media/add/",
    "effects/speechsource/",
    "effects/webhooktarget/add/",
    "effects/osctarget/add/",
    "joystick/builtincommand/",
    "joystick/inboundevent/",
    "joystick/reaction/1/change/",
    "redeems/redeem/",
    "redeems/redeem/1/change/",
)


@pytest.fixture
def keyboard(page: Page, bot: BotProcess, capsys: pytest.CaptureFixture[str]) -> Iterator[Keyboard]:
    """A keyboard at the dashboard, logged in. At the end, the focus was seen wherever it was."""
    page.goto(f"http://127.0.0.1:{bot.port}/admin/")
    hand = Keyboard(page)
    expect(page.get_by_label("Username")).to_be_focused()  # by the page itself
    page.keyboard.type("admin")
    hand.fill("Password", "a-test-password")
    with page.expect_navigation():
        hand.press("Enter")
    expect(page.locator("#board")).to_be_visible()
    yield hand
    # Where a page is long, a link leads past what is before; the dashboard's menu alone has seventy links.
    assert hand.longest[0] <= 100, hand.longest
    with capsys.disabled():
        print(f"\n{hand.keys} keys, at most {hand.longest[0]} times Tab for one thing ({hand.longest[1]})")
    assert not hand.faults, "\n".join(dict.fromkeys(hand.faults))
    assert "Traceback" not in bot.text()


def test_the_first_evening_by_keyboard(
    keyboard: Keyboard, page: Page, bot: BotProcess, simulator: SimulatorThread
) -> None:
    keyboard.skip()
    keyboard.fill("One", "kiss")
    keyboard.fill("Several", "kisses")
    keyboard.use_page("Use these names")
    expect(page.locator("#step-points.done")).to_be_visible()

    keyboard.skip()
    keyboard.go("Open it in a browser")
    with page.expect_popup() as popup:
        keyboard.press("Enter")
    overlay = popup.value
    wait_until(lambda: bot.one("SELECT count(*) FROM effects_overlaypage") == 1, "the overlay is connected")
    page.bring_to_front()
    keyboard.press("F5")
    page.reload()  # F5 is the browser's own key, which Playwright's keyboard does not have
    expect(page.locator("#step-overlay.done")).to_be_visible()

    keyboard.skip()
    keyboard.use_page("Say a line")
    expect(overlay.locator("#caption")).to_contain_text("This is the voice of your stream.", timeout=15_000)
    expect(page.locator("#lamp-voice.green")).to_be_visible(timeout=30_000)

    simulator.happen(started(), tip("Bob", 100))
    expect(page.locator("#part-feed")).to_contain_text("+100 kisses", timeout=5000)

    keyboard.skip()
    keyboard.skip("Skip to all pages")
    keyboard.use_page("Settings")
    keyboard.skip()
    keyboard.fill("Each token tipped", "3")
    with page.expect_navigation():
        keyboard.press("Enter")
    expect(page.locator(".messagelist .success")).to_have_text("Each token tipped: 1.0 → 3.0")
    simulator.happen(tip("Ann", 100))
    wait_until(lambda: bot.one("SELECT count(*) FROM economy_points WHERE balance >= 300") == 1, "three for one")

    keyboard.use_page("Home", back=True)
    keyboard.skip()
    simulator.happen(tip("Cat", 500))
    keyboard.use_page("Stop everything")
    expect(page.locator(".stopped")).to_be_visible()
    expect(overlay.locator("#caption")).to_be_hidden(timeout=5000)
    keyboard.use_page("Go on")
    expect(page.locator(".stopped")).to_have_count(0)
    overlay.close()


def test_a_redeem_with_a_sound_of_ones_own_by_keyboard(
    keyboard: Keyboard, page: Page, bot: BotProcess, simulator: SimulatorThread, tmp_path: Path
) -> None:
    file = tmp_path / "hymn.wav"
    file.write_bytes(quiet_wav())
    overlay = page.context.new_page()
    open_overlay(overlay, bot)
    page.bring_to_front()
    keyboard.skip()
    keyboard.skip("Skip to all pages")
    keyboard.use_page("Sounds")
    keyboard.skip()
    keyboard.use_page("Add sound")
    keyboard.skip()
    keyboard.fill("Name", "hymn")
    keyboard.go("File")
    with page.expect_file_chooser() as chooser:
        keyboard.press("Space")
    chooser.value.set_files(file)  # the window of the system, which has a keyboard's way of its own
    keyboard.use_page("Save")
    expect(page.locator(".messagelist")).to_contain_text("was added successfully")
    keyboard.use_page("Home", back=True)
    keyboard.skip()
    keyboard.use_page("Use a redeem")
    keyboard.skip()
    keyboard.use_page("Add redeem")
    keyboard.skip()
    keyboard.fill("Key", "hymn")
    keyboard.fill("Title", "The hymn")
    keyboard.fill("Cost", "5")
    keyboard.use("+ Add an effect")
    page.keyboard.type("Play a sound")
    keyboard.fill("Sound", "hymn")
    keyboard.use_page("Save")
    expect(page.locator(".messagelist")).to_contain_text("was added successfully")
    simulator.happen(tip("Bob", 100), chat("Bob", "!hymn"))
    wait_until(lambda: bot.one("SELECT state FROM effects_queueitem WHERE kind = 'play_sound'") == "done", "it played")
    overlay.close()


def test_a_prize_by_keyboard(keyboard: Keyboard, page: Page, bot: BotProcess) -> None:
    keyboard.skip()
    keyboard.use_page("Add a prize")
    keyboard.skip()
    keyboard.fill("Name", "A hat")
    keyboard.fill("Weight", "300")
    expect(page.locator("#wheel-preview [role=status]")).to_contain_text("75.00%")
    keyboard.use("+ Add an effect")
    page.keyboard.type("Alert")
    keyboard.fill("Text", "{user} wins a hat")
    keyboard.use_page("Save")
    row = page.locator("#result_list tbody tr", has_text="A hat")
    expect(row.locator(".field-chance")).to_have_text("75.00%")
    with closing(sqlite3.connect(bot.folder / "pixelbot.sqlite3")) as database:
        stored = database.execute("SELECT effects FROM effects_prize WHERE name = 'A hat'").fetchone()[0]
    assert "wins a hat" in stored


def test_why_it_did_not_happen_and_500_points_by_keyboard(
    keyboard: Keyboard, page: Page, bot: BotProcess, simulator: SimulatorThread
) -> None:
    simulator.happen(started(), tip("Bob", 500))  # thanked aloud, and no overlay is there
    expect(page.locator("#part-failures li").first).to_contain_text("no overlay began to play it", timeout=20_000)
    keyboard.skip()
    keyboard.use_page("Do again")
    expect(page.locator(".messagelist").last).to_contain_text("in the queue again, free of charge")
    keyboard.skip()
    keyboard.fill("Give points to", "Bob")
    keyboard.fill("how many", "500")
    keyboard.use_page("Give")
    assert bot.one("SELECT balance FROM economy_points") == 1000
    keyboard.press("/")
    page.keyboard.type("bob")
    with page.expect_navigation():
        keyboard.press("Enter")
    expect(page.locator("#balance")).to_have_text("1000")
    keyboard.skip()
    keyboard.fill("Amount", "-500")
    keyboard.use_page("Give or take points")
    expect(page.locator("#balance")).to_have_text("500")


@pytest.mark.skipif(sys.platform != "linux", reason="the names of espeak-ng's voices")
def test_a_long_list_of_voices_is_one_stop_in_which_arrows_move(keyboard: Keyboard, page: Page) -> None:
    keyboard.skip()
    keyboard.skip("Skip to all pages")
    keyboard.use_page("Settings")
    keyboard.skip()
    first, _, third = (text.strip() for text in page.locator(".voice-checks label").all_inner_texts()[:3])
    keyboard.use("The voice")  # the link to the group
    keyboard.go(first)
    keyboard.press("ArrowDown", "ArrowDown", "Space")
    expect(page.locator(".voice-checks label:has(:checked)")).to_have_text(third)
    assert keyboard.tab() == f"Play {third}"
    assert not keyboard.tab().startswith("Play")
    expect(page.locator(".voice-checks :focus")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_focus_is_seen_on_every_page_and_leaves_it(
    keyboard: Keyboard, page: Page, bot: BotProcess, simulator: SimulatorThread, scheme: str
) -> None:
    simulator.happen(started(), tip("Bob", 100))
    wait_until(lambda: bot.one("SELECT count(*) FROM economy_transaction") > 0, "the tip is paid")
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    # Each page is walked there and back: every second in one scheme, every sixth of the others in the other.
    for path in PAGES[::2] if scheme == "light" else PAGES[1::6]:
        answer = page.goto(f"http://127.0.0.1:{bot.port}/admin/{path}")
        assert answer is not None and answer.status == 200 and answer.url.endswith(path.removeprefix("..")), path
        page.evaluate(WITHOUT_MENU if path else "")
        there = keyboard.round()
        page.reload()
        page.evaluate(WITHOUT_MENU if path else "")
        back = keyboard.round(there[0])
        print(f"{path or 'index'}: {len(there)} stops")
        # Where a page is live, something may have come meanwhile.
        assert abs(len(there) - len(back)) <= 2, set(there) ^ set(back)

"""What is seen and heard on the stream, in a real browser: wheel, sounds, alerts, silence; and the form for effects."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from joystick.simulator.happenings import chat, tip
from tests.journeys.conftest import log_in, open_overlay
from tests.processes import BotProcess, SimulatorThread, overlay_socket, wait_until

UNDER_THE_POINTER = """() => {
    const box = document.querySelector("#wheel .face").getBoundingClientRect();
    const hit = document.elementsFromPoint(box.left + box.width / 2, box.top + box.width * 0.06);
    return hit.find((element) => element.tagName === "path" || element.tagName === "circle").getAttribute("fill");
}"""
TURNED = """() => {
    const { a, b } = new DOMMatrix(getComputedStyle(document.querySelector("#wheel .disc")).transform);
    return (Math.atan2(b, a) * 180 / Math.PI + 360) % 360;
}"""


def running(make_bot: Callable[..., BotProcess], simulator: SimulatorThread) -> BotProcess:
    bot = make_bot(
        WHEEL_SPIN_SECONDS="2", WHEEL_HOLD_SECONDS="1.5", TTS_PRE_SOUND="", COMMAND_COOLDOWN_SECONDS="0"
    ).start()
    simulator.wait_subscribed()
    simulator.happen(tip("Bob", 3000), tip("Ann", 100))
    return bot


def wait_paid(bot: BotProcess, spins: int) -> None:
    """Until so many have been paid."""
    wait_until(lambda: bot.one("SELECT count(*) FROM effects_spin WHERE paid_at IS NOT NULL") >= spins, "paid")


def test_the_wheel_lands_on_the_drawn_prize(
    make_bot: Callable[..., BotProcess], simulator: SimulatorThread, page: Page
) -> None:
    bot = running(make_bot, simulator)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    open_overlay(page, bot)
    for spun in (1, 2, 3):
        simulator.happen(chat("Bob", "!spin"))
        expect(page.locator("#wheel")).to_be_visible(timeout=10_000)
        expect(page.locator("#wheel p")).to_contain_text("wins", timeout=10_000)
        name, odds = bot.rows("SELECT prize_name, odds FROM effects_spin ORDER BY id DESC LIMIT 1")[0]
        slices = json.loads(odds)
        assert page.locator("#wheel p").text_content() == f"Bob wins {name}!"
        colour = next(one["colour"] for one in slices if one["name"] == name)
        assert page.evaluate(UNDER_THE_POINTER) == colour
        # The same, read off the angle: what stands at 0 degrees now began as far back as the wheel has turned.
        at = (360 - page.evaluate(TURNED)) % 360
        total, angle = sum(one["weight"] for one in slices), 0.0
        for one in slices:
            angle += 360 * one["weight"] / total
            if at < angle:
                assert one["name"] == name
                break
        drawn = page.evaluate("document.querySelectorAll('#wheel svg path').length")
        assert drawn == len(slices)
        wait_paid(bot, spun)
        expect(page.locator("#wheel")).to_be_hidden()
        if name == "Another spin":
            wait_until(
                lambda: (
                    bot.one(
                        "SELECT count(*) FROM effects_queueitem WHERE state IN ('pending', 'running') AND lane = 'wheel'"
                    )
                    == 0
                ),
                "the other spin is over",
            )
    assert errors == []
    assert bot.one("SELECT count(*) FROM effects_queueitem WHERE lane = 'wheel' AND state <> 'done'") == 0


def test_a_sound_is_heard_to_its_end_while_the_voice_speaks(
    make_bot: Callable[..., BotProcess], simulator: SimulatorThread, page: Page
) -> None:
    bot = running(make_bot, simulator)
    open_overlay(page, bot)
    bought = "FROM effects_queueitem WHERE state = 'done' AND purchase_id IS NOT NULL"
    done = f"SELECT count(*) {bought}"
    simulator.happen(chat("Bob", "!tts first"))  # the voice has started with it
    wait_until(lambda: bot.one(done) == 1, "the voice has spoken", within=30)
    simulator.happen(chat("Ann", "!tts this goes on beside the sound for a while"))
    playing = "SELECT count(*) FROM effects_queueitem WHERE state = 'running' AND playing_at IS NOT NULL"
    wait_until(lambda: bot.one(playing) == 1, "the voice speaks", within=30)
    simulator.happen(chat("Bob", "!sound drumroll"))
    wait_until(lambda: bot.one(done) == 3, "both are done", within=30)
    played = "SELECT playing_at, finished_at FROM effects_queueitem WHERE lane = ? AND state = 'done'"
    (sound,), speeches = bot.rows(played, "effect"), bot.rows(played, "tts")  # of the bot's own lines, too
    assert any(sound[0] < speech[1] and speech[0] < sound[1] for speech in speeches), "the lanes go side by side"


@pytest.mark.alone
def test_a_skip_and_a_panic_are_silent_at_once(
    make_bot: Callable[..., BotProcess], simulator: SimulatorThread, page: Page
) -> None:
    bot = running(make_bot, simulator)
    page.add_init_script(
        "window.playing = new Set(); const play = HTMLMediaElement.prototype.play;"
        "HTMLMediaElement.prototype.play = function () { window.playing.add(this); return play.apply(this); };"
        "window.heard = () => [...window.playing].filter((sound) => !sound.paused && !sound.ended).length;"
    )
    open_overlay(page, bot)
    long = "a very long line " * 12
    simulator.happen(chat("Bob", f"!tts {long}"))
    # The bot's own lines about Bob's tip and level come first: after one of them the lane would go on.
    expect(page.locator("#caption")).to_contain_text("a very long line", timeout=20_000)
    wait_until(lambda: page.evaluate("window.heard()") == 1, "the line is heard")
    simulator.happen(chat("Mo", "!skip", "mod"))
    expect(page.locator("#caption")).to_be_hidden()
    wait_until(lambda: page.evaluate("window.heard()") == 0, "silence", within=1)
    simulator.happen(
        chat("Ann", "hello"),
        tip("Ann", 3000),
        chat("Ann", f"!tts {long}"),
        chat("Ann", "!spin"),
        chat("Ann", "!shoutout Bob"),
    )
    for place in ("#caption", "#wheel", "#alert"):
        expect(page.locator(place)).to_be_visible(timeout=10_000)
    simulator.happen(chat("Mo", "!panic", "mod"))
    for place in ("#caption", "#wheel", "#alert"):
        expect(page.locator(place)).to_be_hidden(timeout=2_000)
    wait_until(lambda: page.evaluate("window.heard()") == 0, "silence", within=1)
    left = "SELECT count(*) FROM effects_queueitem WHERE state IN ('pending', 'running', 'waiting') AND purchase_id IS NOT NULL"
    assert bot.one(left) == 0  # a drawn prize is the viewer's, and may still bring something when it is calm again


def test_a_broken_page_of_ones_own_does_not_stop_the_lane(
    make_bot: Callable[..., BotProcess], simulator: SimulatorThread
) -> None:
    bot = running(make_bot, simulator)
    with overlay_socket(bot.overlay_url) as socket:
        simulator.happen(chat("Bob", "!sound ding"))

        def next_of(kind: str) -> dict[str, Any]:
            while True:
                frame: dict[str, Any] = json.loads(socket.recv(timeout=10))
                if frame.get("show") == kind:
                    return frame

        frame = next_of("sound")
        socket.send(json.dumps({"type": "failed", "item": frame["item"], "attempt": frame["attempt"], "reason": "no"}))
        wait_until(
            lambda: (
                "that did not happen: the overlay could not play it. Your 15 points are back." in str(simulator.lines())
            ),
            "it is told why",
        )


def test_effects_are_chosen_in_a_form(bot: BotProcess, page: Page) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    log_in(page, bot)
    page.goto(f"http://127.0.0.1:{bot.port}/admin/effects/prize/add/")
    page.fill("#id_name", "A show")
    expect(page.locator("textarea[data-effects]")).to_be_hidden()
    page.click("text=+ Add an effect")
    page.select_option(".effects fieldset >> nth=0 >> select", "play_sound")
    field = page.locator(".effects fieldset >> nth=0").locator("input[type=text]")
    field.fill("ding")
    expect(page.locator("datalist#names-sound option")).not_to_have_count(0)
    page.click("text=+ Add an effect")
    page.select_option(".effects fieldset >> nth=1 >> select", "grant_points")
    page.locator(".effects fieldset >> nth=1").locator("input[type=number]").fill("25")
    page.get_by_role("button", name="Move Give points up").click()
    page.click("text=Save and continue editing")
    stored = json.loads(bot.one("SELECT effects FROM effects_prize WHERE name = 'A show'"))
    assert stored == [{"kind": "grant_points", "points": 25}, {"kind": "play_sound", "sound": "ding", "volume": 1}]
    expect(page.locator(".effects fieldset")).to_have_count(2)
    page.get_by_role("button", name="Remove Give points").click()
    page.locator(".effects fieldset >> nth=0").locator("input[type=text]").fill("")
    page.click("text=Save and continue editing")
    expect(page.locator("#id_effects_error")).to_contain_text("play_sound: sound: Field required")
    expect(page.locator(".effects .field .errorlist")).to_have_text("Field required.")
    assert errors == []

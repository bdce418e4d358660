"""Each widget in a real Chromium: its data, its updates and its events, and names that are nothing but text."""

from __future__ import annotations

import base64
import io
import math
import struct
import wave
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.effects.test_themes import SCENES, colour, contrast
from tests.journeys.conftest import open_overlay
from tests.journeys.test_overlay import MARKUP
from tests.journeys.test_overlay_pages import wait_arranged
from tests.overlay_scene import THEMES
from tests.processes import BotProcess, wait_until

FILES = "/static/effects/overlay/widgets"
# The elements in the widget that are none of its own.
TAGS = """() => {
    const own = new Set("div span p b bdi i ul ol li dl dt dd h1 h2 section svg path circle text canvas".split(" "));
    return [...document.querySelectorAll("#it *")].map((one) => one.tagName.toLowerCase()).filter((tag) => !own.has(tag));
}"""


# A moment so many seconds from the one at which a test shows it: the run may have begun long before.
def soon(seconds: float) -> dict[str, float]:
    return {"soon": seconds}


def now(data: Any) -> Any:
    """Return the data with moments in place of what `soon` wrote."""
    if not isinstance(data, dict):
        return data
    if data.keys() == {"soon"}:
        return (datetime.now(UTC) + timedelta(seconds=data["soon"])).isoformat()
    return {key: now(value) for key, value in data.items()}


# Of each widget: its first data, words that they show, then other data, and words that these show.
DATA: dict[str, tuple[dict[str, Any], list[str], dict[str, Any], list[str]]] = {
    "queue": (
        {"playing": [{"name": MARKUP, "what": "voice"}], "waiting": 3}, [f"now: {MARKUP} · voice; 3 wait"],
        {"playing": [], "waiting": 1}, ["1 waits"],
    ),
    "goal": (
        {"title": MARKUP, "now": 250, "target": 2000, "unit": "tokens", "milestones": [{"at": 500, "label": "a song"}]},
        [MARKUP, "250 / 2,000 tokens", "500: a song"],
        {"title": "Lamp", "now": 600, "target": 2000, "unit": "", "milestones": [{"at": 500, "label": "a song"}]},
        ["Lamp", "600 / 2,000"],
    ),
    "leaderboard": (
        {"title": "Most points", "places": [{"name": MARKUP, "amount": 12345}, {"name": "Bob", "amount": 2}]},
        ["Most points", MARKUP, "12,345", "Bob"],
        {"title": "Most XP", "places": [{"name": "Bob", "amount": 20_000}]}, ["Most XP", "20,000"],
    ),
    "latest": (
        {"cells": [{"kind": "tip", "label": "Latest tip", "name": MARKUP, "tokens": 50}]}, ["Latest tip", MARKUP, "50"],
        {"cells": [{"kind": "follower", "label": "Latest follower", "name": "Cat", "tokens": 0}]}, ["Latest follower", "Cat"],
    ),
    "ticker": (
        {"speed": 4, "items": [{"text": "Welcome", "name": ""}, {"text": f"{MARKUP} tipped", "name": MARKUP}]},
        ["Welcome", f"{MARKUP} tipped"],
        {"speed": 4, "items": [{"text": "Welcome", "name": ""}]}, ["Welcome"],
    ),
    "countdown": (
        {"title": MARKUP, "over": "It is time!", "end": soon(9000)}, [MARKUP, "2:"],
        {"title": "", "over": "It is time!", "end": soon(-5)}, ["It is time!"],
    ),
    "counter": (
        {"label": MARKUP, "number": 1234}, [MARKUP, "1,234"], {"label": "falls", "number": 1235}, ["falls", "1,235"],
    ),
    "text": ({"text": f"thanks {MARKUP}"}, [f"thanks {MARKUP}"], {"text": "other"}, ["other"]),
    "stats": (
        {"began": soon(-3700), "cells": [{"kind": "time", "label": "time", "number": None}, {"kind": "tokens", "label": "tokens", "number": 1234}]},
        ["1:0", "1,234", "tokens"],
        {"began": soon(-60), "cells": [{"kind": "viewers", "label": "viewers", "number": 7}]}, ["7", "viewers"],
    ),
    "chat": (
        {"lines": 3, "seconds": 0, "latest": [{"uid": "1", "username": MARKUP, "text": MARKUP, "badges": ["moderator"]}]},
        [f"{MARKUP} {MARKUP}"],
        {"lines": 3, "seconds": 0, "latest": []}, [],
    ),
}  # fmt: skip


# How far the speech is, and how high the caption's bars are then, from its beginning to its end.
BARS = """() => new Promise((resolve) => {
    const seen = [];
    (function look() {
      const speech = [...overlay.sounds.playing][0]?.audio;
      const high = [...document.querySelectorAll("#it .bars i")].map((bar) => new DOMMatrix(getComputedStyle(bar).transform).d);
      if (speech) { seen.push([speech.currentTime, ...high]); }
      if (speech || seen.length === 0) { setTimeout(look, 20); } else { resolve(seen); }
    })();
})"""


def speech(*amplitudes: float) -> bytes:
    """Return a WAV with a tone of each amplitude, for a second each."""
    rate = 8000
    tone = [math.sin(2 * math.pi * 300 * at / rate) for at in range(rate)]
    samples = [int(32767 * amplitude * one) for amplitude in amplitudes for one in tone]
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, rate, 0, "NONE", ""))
        out.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return file.getvalue()


def show(page: Page, kind: str, snapshot: dict[str, Any], **told: Any) -> None:
    """Have the page show this widget alone, in the middle."""
    place = {"x": 20, "y": 20, "width": 60, "height": 60, "order": 1, "scale": 1}
    files = {"script": f"{FILES}/{kind}.js", "style": f"{FILES}/{kind}.css"}
    widget = {"kind": kind, "name": "it", "plays": [], **place, **files, "snapshot": snapshot, **told}
    hello = {"type": "hello", "version": 1, "theme": "calm", "alone": False, "leader": True, "playing": []}
    page.evaluate("message => overlay.receive(message)", {**hello, "widgets": [widget]})


@pytest.fixture
def stage(bot: BotProcess, page: Page) -> Page:
    """An overlay's page that gets only what the test hands it, and whose policy would let a script run."""
    unguarded = page.context.browser.new_context(bypass_csp=True, viewport={"width": 1280, "height": 720}).new_page()  # type: ignore[union-attr]
    open_overlay(unguarded, bot)
    wait_arranged(unguarded)
    return unguarded


def expect_words(page: Page, words: list[str]) -> None:
    for one in words:
        expect(page.locator("#it")).to_contain_text(one)


@pytest.mark.usefixtures("bot")
def test_each_shows_its_data_and_what_it_is_told_later(stage: Page) -> None:
    errors: list[str] = []
    stage.on("pageerror", lambda error: errors.append(str(error)))
    stage.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
    for kind, (first, words, later, later_words) in DATA.items():
        show(stage, kind, now(first))
        expect_words(stage, words)
        assert stage.evaluate(TAGS) == [], kind
        stage.evaluate("message => overlay.receive(message)", {"type": "update", "widget": "it", "data": now(later)})
        if kind != "ticker":  # it goes on with what it had until it has passed
            expect_words(stage, later_words)
            assert MARKUP not in stage.locator("#it").inner_text(), kind
    expect_pops(stage)
    assert errors == [] and stage.evaluate("window.ran") is None


def expect_pops(stage: Page) -> None:
    """Expect a counter's number to pop when it changes, and to be still where less motion is wanted."""
    pops = """async (message) => {
        await overlay.receive(message);
        return document.querySelector("#it .number").getAnimations().map((one) => one.effect.getTiming().duration);
    }"""

    def update(number: int | None, label: str = "deaths") -> list[float]:
        """Return how many milliseconds each animation of the number has then."""
        data = {"label": label, "number": number}
        found: list[float] = stage.evaluate(pops, {"type": "update", "widget": "it", "data": data})
        return found

    show(stage, "counter", {"label": "deaths", "number": 4})
    expect_words(stage, ["4"])
    assert update(4, "died") == []
    assert update(5) == [600]
    assert update(6) == [600]  # again, from the beginning
    stage.emulate_media(reduced_motion="reduce")
    assert update(7) == [1]
    update(None)
    expect(stage.locator("#it")).to_be_hidden()
    assert update(8) == []  # it is there again: nothing was counted


def test_the_chat_follows_its_events(stage: Page) -> None:
    show(stage, "chat", {"lines": 4, "seconds": 0, "latest": []})
    lines = stage.locator("#it li")

    def happen(*events: dict[str, Any]) -> None:
        told = [{"kind": "new_message", "uid": "", "username": "", "text": "", **event} for event in events]
        stage.evaluate("message => overlay.receive(message)", {"type": "events", "events": told})

    happen(
        {"uid": "1", "username": "Ann", "text": "one"}, {"uid": "2", "username": "Bob", "text": "!points"},
        {"uid": "3", "username": "Robot", "text": "beep", "bot": True}, {"uid": "4", "username": "Bob", "text": "two"},
        {"uid": "5", "username": "Ann", "text": "three"}, {"uid": "6", "username": "Cat", "text": "four"},
    )  # fmt: skip
    expect(lines).to_have_text(["Ann one", "Bob two", "Ann three", "Cat four"])
    happen({"uid": "7", "username": "Dan", "text": "five"})
    expect(lines).to_have_text(["Bob two", "Ann three", "Cat four", "Dan five"])
    happen({"kind": "message_deleted", "uid": "6"})
    expect(lines).to_have_text(["Bob two", "Ann three", "Dan five"])
    happen({"uid": "8", "username": "ann", "text": "six"}, {"kind": "author_muted", "uid": "5"})
    expect(lines).to_have_text(["Bob two", "Dan five"])
    happen({"kind": "user_muted", "username": "DAN"})
    expect(lines).to_have_text(["Bob two"])


def test_a_milestone_that_is_reached_is_celebrated_and_one_that_was_is_not(stage: Page) -> None:
    goal = {
        "title": "Lamp",
        "now": 600,
        "target": 2000,
        "unit": "",
        "milestones": [{"at": 500, "label": "a song"}, {"at": 900, "label": "a dance"}],
    }
    show(stage, "goal", goal)
    expect(stage.locator("#it .reached")).to_have_count(1)
    assert stage.locator("#it.met, #it .confetti").count() == 0
    stage.evaluate(
        "message => overlay.receive(message)", {"type": "update", "widget": "it", "data": {**goal, "now": 950}}
    )
    expect(stage.locator("#it.met .confetti")).to_have_count(1)
    expect(stage.locator("#it .confetti")).to_have_count(0, timeout=10_000)


def test_the_credits_roll_and_are_over_with_their_time(stage: Page) -> None:
    show(stage, "credits", {}, plays=["credits"])
    sections = [{"title": "Tips", "names": ["Ann", MARKUP]}, {"title": "Raids", "names": ["Hal"]}]
    message = {
        "type": "play", "show": "credits", "item": 1, "attempt": 1, "lane": "effect", "title": "Thank you!", "last": "Bye.",
        "sections": sections, "seconds": 2,
    }  # fmt: skip
    expect(stage.locator("#it")).to_be_hidden()
    stage.evaluate("message => { overlay.receive(message) }", message)
    expect(stage.locator("#it .roll")).to_contain_text("Thank you!TipsAnn")
    assert stage.evaluate(TAGS) == []
    top = "document.querySelector('#it .roll').getBoundingClientRect().top"
    first = stage.evaluate(top)
    wait_until(lambda: stage.evaluate(top) < first, "it moves up")
    expect(stage.locator("#it")).to_be_hidden(timeout=5000)
    assert stage.evaluate("window.ran") is None


# What of an alert is read on what, as the page computes it: [colour, ground] of the accented words, and of a ribbon.
READ = """async ([theme, item, design, accent]) => {
    document.documentElement.dataset.theme = theme;
    const frame = () => new Promise(requestAnimationFrame);
    overlay.receive({ type: "silence" });
    while (document.querySelector("#it .alert")) { await frame(); }
    overlay.receive({
        type: "play", show: "alert", item, attempt: 1, lane: "notification", seconds: 60, design, accent,
        parts: ["a ", "name", ""], text: "a name",
    });
    while (!document.querySelector(`#it .alert.${design}`)) { await frame(); }
    const style = (what) => getComputedStyle(document.querySelector(`#it ${what}`));
    const ground = design === "words" ? style(".alert").getPropertyValue("--ground").trim()
        : style(design === "ribbon" ? "p.words" : ".frame").backgroundColor;
    return [style(".accent").color, ground];
}"""
PICTURE = base64.b64decode("R0lGODlhAQABAIAAAP8AAAAAACwAAAAAAQABAAACAkQBADs=")


def play_alert(page: Page, item: int, **message: Any) -> None:
    told = {"type": "play", "show": "alert", "item": item, "attempt": 1, "lane": "notification", "seconds": 60}
    page.evaluate("message => { overlay.receive({ type: 'silence' }); overlay.receive(message) }", {**told, **message})


def test_alerts_in_each_design_with_and_without_their_picture(stage: Page) -> None:
    stage.route("**/media/cat", lambda route: route.fulfill(body=PICTURE, content_type="image/gif"))
    show(stage, "alert", {}, plays=["alert"])
    alert = stage.locator("#it .alert")
    for item, (design, place) in enumerate(
        [("card", "centre"), ("banner", "bottom"), ("words", "centre"), ("ribbon", "centre"), ("toast", "top-right")], 1
    ):
        more = {"detail": "d", "detail_parts": ["thanks, ", MARKUP, ""], "place": "usual", "design": design}
        play_alert(stage, item, parts=["", MARKUP, " tipped ", "50"], **more, media="media/cat", layout="beside")
        expect(alert).to_have_class(f"alert {design} {place} beside")
        expect(alert.locator("p")).to_have_text([f"{MARKUP} tipped 50", f"thanks, {MARKUP}"])
        expect(alert.locator("bdi.accent")).to_have_text([MARKUP, "50", MARKUP])
        expect(alert.locator("img")).to_have_count(1)
        assert stage.evaluate(TAGS) == ["img"]
        play_alert(stage, item + 10, text=MARKUP, design=design, place="top-left", media="media/gone", layout="above")
        expect(alert).to_have_class(f"alert {design} top-left plain")  # without its picture, and without accents
        expect(alert).to_have_text(MARKUP)
    # One of before designs, and one of a version to come.
    for item, design in ((21, ""), (22, "hologram")):
        play_alert(stage, item, text="old", design=design)
        expect(alert).to_have_class("alert card centre plain")
    play_alert(stage, 23, text="over soon", seconds=0.6)
    expect(stage.locator("#it")).to_be_hidden(timeout=3000)
    assert stage.evaluate("window.ran") is None


def test_an_accent_of_any_colour_can_be_read_in_each_theme(stage: Page) -> None:
    show(stage, "alert", {}, plays=["alert"])
    wait_until(
        lambda: stage.evaluate("getComputedStyle(document.querySelector('#it')).position") == "absolute", "it is there"
    )
    cases = [(theme, "card", accent) for theme in THEMES for accent in ("#ffe600", "#203060", "#808080")]
    cases += [("paper", design, "#ffe600") for design in ("banner", "words", "ribbon", "toast")]
    for item, (theme, design, accent) in enumerate(cases, 1):
        seen, ground = stage.evaluate(READ, [theme, item, design, accent])
        for scene in SCENES:
            behind = colour(ground, scene)
            found = contrast(colour(seen, behind), behind)
            assert found >= 4.5, f"{theme}, {design}, {accent}: {seen} on {ground} over {scene}: {found:.2f}"


def test_a_long_name_is_cut_and_keeps_within_its_place(stage: Page) -> None:
    name = "\N{HEBREW LETTER ALEF}W" * 60
    places = [{"name": name, "amount": 5}]
    for kind, data in (
        ("leaderboard", {"title": name, "places": places}),
        ("latest", {"cells": [{"kind": "tip", "label": "Latest tip", "name": name, "tokens": 5}]}),
        ("queue", {"playing": [{"name": name, "what": "voice"}], "waiting": 3}),
        ("text", {"text": name}),
        ("goal", {"title": name, "now": 1, "target": 10, "unit": "", "milestones": []}),
    ):
        show(stage, kind, data)
        expect_words(stage, [name])
        wide = stage.evaluate(
            "() => { const it = document.querySelector('#it'); return it.scrollWidth - it.clientWidth; }"
        )
        assert wide <= 1, kind


def test_the_captions_bars_are_as_high_as_the_speech_is_loud_also_where_it_is_not_heard(stage: Page) -> None:
    stage.route("**/speech/9.wav", lambda route: route.fulfill(body=speech(0, 0.5, 0.02), content_type="audio/wav"))
    show(stage, "caption", {}, plays=["speak"])
    stage.evaluate("overlay.sounds.lead(false)")
    message = {
        "type": "play", "show": "speak", "item": 1, "attempt": 1, "lane": "tts", "text": "hello", "speech": "speech/9.wav",
        "pre_sound": "", "said": "", "volume": 1, "seconds": 3,
    }  # fmt: skip
    stage.evaluate("message => { overlay.receive(message) }", message)
    seen = stage.evaluate(BARS)

    def heights(begin: float, end: float) -> list[float]:
        found = [high for at, *bars in seen for high in bars if begin <= at <= end]
        assert len(found) > 20, seen
        return found

    silent, loud, soft = heights(0.3, 0.9), heights(1.4, 1.9), heights(2.4, 2.9)
    assert max(silent) < 0.2 and min(loud) > 0.9 and 0.2 < min(soft) <= max(soft) < 0.6
    # A text that nobody says has no bars.
    stage.evaluate("message => { overlay.receive(message) }", {**message, "item": 2, "speech": "", "seconds": 30})
    expect(stage.locator("#it")).to_be_visible()
    assert not stage.locator("#it .bars").is_visible()

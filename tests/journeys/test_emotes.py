"""Emotes as pictures in a real Chromium, under the overlay's own policy: from one host alone, and else as their codes."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

from playwright.sync_api import Page, Route, expect

from joystick.simulator.happenings import Happening
from tests.effects.test_themes import SCENES, colour, contrast
from tests.journeys.conftest import open_overlay
from tests.journeys.test_overlay_pages import wait_arranged
from tests.overlay_scene import THEMES
from tests.processes import BotProcess, SimulatorThread, wait_until

HOST = "images.joystick.tv"
PICTURE = base64.b64decode("R0lGODlhAQABAIAAAP8AAAAAACwAAAAAAQABAAACAkQBADs=")
CHAT = """
    INSERT INTO effects_overlaywidget (overlay_id, kind, name, enabled, x, y, width, height, "order", scale, options)
    SELECT id, 'chat', 'chat', 1, 10, 10, 60, 80, 9, 1, ? FROM effects_overlay
"""
# A line's text: each picture as its code in brackets, if it was loaded.
WORDS = """() => [...document.querySelectorAll("#chat .words")].map((words) => [...words.childNodes].map(
    (node) => node.nodeName === "IMG" ? `[${node.complete && node.naturalWidth ? node.alt : "?"}]` : node.textContent
).join(""))"""
LOADS = """(url) => new Promise((resolve) => {
    const made = new Image();
    made.onload = () => resolve(true);
    made.onerror = () => resolve(false);
    made.src = url;
})"""
# The name's colour and what it stands on, in each theme.
NAMES = """(themes) => themes.map((theme) => {
    document.documentElement.dataset.theme = theme;
    const { told, mounted } = overlay.stage.widgets.get("chat");
    const latest = ["#ffe600", "#203060", "#808080", "#000000", "#ffffff"].map((color, place) => {
      return { uid: `${place}`, username: "Ann", text: "hi", color };
    });
    mounted.update({ ...told.snapshot, latest });
    return [...document.querySelectorAll("#chat li")].map((line) => {
      return [getComputedStyle(line.querySelector(".who")).color, getComputedStyle(line).backgroundColor];
    });
})"""


class Hosts:
    """Everything that the browser asks of other hosts; each answers with a picture."""

    def __init__(self, page: Page) -> None:
        self.asked: list[str] = []
        page.context.route(lambda url: not url.startswith("http://127.0.0.1"), self.answer)

    def answer(self, route: Route) -> None:
        self.asked.append(route.request.url)
        gone = "expired" in route.request.url
        route.fulfill(status=403) if gone else route.fulfill(body=PICTURE, content_type="image/gif")


def emote(code: str, url: str = "") -> dict[str, str]:
    return {"code": code, "url": url or f"https://{HOST}/{len(code)}.gif"}


def line(text: str, *emotes: dict[str, str], **data: Any) -> Happening:
    return Happening("new_message", "Ann", text, {"emotes": list(emotes), **data})


def set_chat(bot: BotProcess, options: str) -> None:
    with closing(sqlite3.connect(bot.folder / "pixelbot.sqlite3")) as database, database:
        database.execute("DELETE FROM effects_overlaywidget WHERE kind = 'chat'")
        database.execute(CHAT, [options])


def test_emotes_are_pictures_of_one_host_once_they_are_switched_on(
    make_bot: Callable[..., BotProcess], simulator: SimulatorThread, page: Page
) -> None:
    bot = make_bot().start()
    simulator.wait_subscribed()
    set_chat(bot, "{}")
    hosts = Hosts(page)
    refused: list[str] = []
    page.on(
        "console", lambda message: refused.append(message.text) if "Content Security Policy" in message.text else None
    )
    open_overlay(page, bot)
    wait_arranged(page)

    def expect_words(*texts: str) -> None:
        wait_until(lambda: page.evaluate(WORDS)[-len(texts) :] == list(texts), f"{texts}, not {page.evaluate(WORDS)}")

    # Off: not even what is put into the page by other means is loaded.
    simulator.happen(line("off :a:", emote(":a:")))
    expect_words("off :a:")
    assert refused == []
    assert not page.evaluate(LOADS, f"https://{HOST}/by-hand.gif") and hosts.asked == []
    assert len(refused) == 1  # so its absence below says something
    refused.clear()

    # On: the page that is open loads itself anew, since its policy is another.
    set_chat(bot, '{"emotes": "pictures"}')
    with page.expect_navigation():
        hello = {
            "type": "hello",
            "version": 1,
            "theme": "calm",
            "alone": False,
            "leader": True,
            "playing": [],
            "widgets": [],
        }
        page.evaluate("message => { overlay.receive(message) }", {**hello, "pictures_from": [HOST]})
    expect_words("off [:a:]")  # what was written before
    wrong = [
        "https://evil.example/a.gif", f"https://{HOST}.evil.example/a.gif", f"https://evil.example/{HOST}", f"http://{HOST}/a.gif",
        f"https://{HOST}:8443/a.gif", f"https://me:secret@{HOST}/a.gif", f"https://{HOST}@evil.example/a.gif", "/a.gif", "data:image/gif,x",
    ]  # fmt: skip
    simulator.happen(
        line("<3:a::aa: :a:a: <b>:b:</b>.*", *map(emote, (":a:", ":aa:", "<3", ".*", ":a:a:"))),
    )
    expect_words("[<3][:a:][:aa:] [:a:a:] <b>:b:</b>[.*]")
    simulator.happen(
        *(line("no :a:", emote(":a:", url)) for url in wrong),
        line(":old: and :a:", emote(":old:", f"https://{HOST}/expired.gif"), emote(":a:")),
        line(":a:" * 20, emote(":a:")),
        line("seen", highlight=True, author={"username": "Ann", "color": "#ffe600", "badges": {"mod": True}}),
    )
    expect_words(*["no :a:"] * 5, ":old: and [:a:]", "[:a:]" * 12 + ":a:" * 8, "seen")
    expect(page.locator("#chat .highlight")).to_have_text(["Ann seen"])
    expect(page.locator("#chat .highlight .icon")).to_have_count(1)
    assert [url for url in hosts.asked if not url.startswith(f"https://{HOST}/")] == [] == refused
    assert not page.evaluate(LOADS, "https://evil.example/by-hand.gif")
    assert page.evaluate(LOADS, f"https://{HOST}/by-hand.gif")  # so the counting above counts
    assert [url for url in hosts.asked if "evil" in url] == []

    # With its line a picture vanishes.
    uid = page.evaluate("document.querySelector('#chat li:nth-last-child(2)').dataset.uid")
    page.evaluate(
        "message => { overlay.receive(message) }",
        {"type": "events", "events": [{"kind": "message_deleted", "uid": uid}]},
    )
    expect(page.locator("#chat img")).to_have_count(1)
    page.evaluate(
        "message => { overlay.receive(message) }",
        {"type": "events", "events": [{"kind": "user_muted", "username": "ANN"}]},
    )
    expect(page.locator("#chat li")).to_have_count(0)

    for theme, names in zip(THEMES, page.evaluate(NAMES, THEMES), strict=True):
        for seen, ground in names:
            for scene in SCENES:
                behind = colour(ground, scene)
                found = contrast(colour(seen, behind), behind)
                assert found >= 4.5, f"{theme}: {seen} on {ground} over {scene}: {found:.2f}"
        assert len({seen for seen, _ in names}) >= 3, theme  # they are the viewers' own

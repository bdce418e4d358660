"""A scene with every widget of an overlay at once, for pictures: what it shows is made up."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Page

from tests.processes import ROOT

STYLE = (ROOT / "effects/static/effects/overlay/themes.css").read_text(encoding="utf-8")
THEMES = re.findall(r'^\[data-theme="(\w+)"\] \{', STYLE, re.M)
# What lies behind: a dark game, and a light one.
DARK = "radial-gradient(circle at 30% 40%, #3d5a2f, #141a1f 60%, #0c0a14)"
LIGHT = "linear-gradient(160deg, #dfe9f2, #f7efe2 50%, #c9e4c5)"
FILES = "/static/effects/overlay/widgets"
SLICES = [
    ("10 points", 40, "#5c6bc0"), ("50 points", 25, "#26a69a"), ("A fanfare", 15, "#ffa726"),
    ("Another spin", 10, "#ec407a"), ("250 points", 6, "#ab47bc"), ("50 XP", 4, "#8d6e63"),
]  # fmt: skip
EMOTE_HOST = "images.joystick.tv"
EMOTES = [{"code": f":{name}:", "url": f"https://{EMOTE_HOST}/{name}.svg"} for name in ("foxwave", "lantern")]
END = (datetime.now(UTC) + timedelta(hours=1, minutes=24)).isoformat()
# kind: place (x, y, width, height), what it plays, snapshot.
WIDGETS: dict[str, tuple[tuple[int, int, int, int], list[str], dict[str, Any]]] = {
    "stats": ((2, 3, 31, 12), [], {"began": datetime.now(UTC).isoformat(), "cells": [
        {"kind": "viewers", "label": "viewers", "number": 34}, {"kind": "tokens", "label": "tokens", "number": 1770},
        {"kind": "followers", "label": "followers", "number": 12}]}),
    "goal": ((35, 3, 32, 12), [], {"title": "A new lamp", "now": 1250, "target": 2000, "unit": "tokens", "milestones": [
        {"at": 500, "label": "a song"}, {"at": 1500, "label": "a dance"}]}),
    "events": ((69, 3, 29, 26), [], {"lines": 3, "seconds": 60}),
    "leaderboard": ((2, 17, 22, 37), [], {"title": "Most points tonight", "places": [
        {"name": name, "amount": amount} for name, amount in (
            ("MossyLantern", 12450), ("quillbadger", 9320), ("TinPanSally", 4100), ("Oxbow_9", 880))]}),
    "countdown": ((2, 56, 18, 14), [], {"title": "Subathon", "over": "", "end": END}),
    "queue": ((2, 72, 26, 6), [], {"playing": [{"name": "TinPanSally", "what": "voice"}], "waiting": 3}),
    "text": ((2, 79, 26, 6), [], {"text": "12 new followers tonight"}),
    "counter": ((75, 50, 23, 6), [], {"label": "deaths", "number": 14}),
    "wheel": ((26, 16, 28, 53), ["wheel"], {}),
    "alert": ((54, 28, 44, 19), ["alert"], {}),
    "caption": ((29, 70, 44, 16), ["speak"], {}),
    "chat": ((75, 57, 23, 29), [], {"lines": 6, "seconds": 0, "emotes_from": "", "latest": [
        {"uid": "1", "username": "RookAndRye", "text": "love the new lights :lantern:", "badges": ["moderator"],
         "color": "#ff5252", "emotes": EMOTES},
        {"uid": "2", "username": "VelvetMoth", "text": "good luck! :foxwave:", "badges": [], "color": "#203060",
         "highlight": True, "emotes": EMOTES},
        {"uid": "3", "username": "NorthPier77", "text": "evening everyone! how is the harbour tonight?", "badges": []},
        {"uid": "4", "username": "HarbourFox", "text": "thank you all", "badges": ["streamer"]}]}),
    "latest": ((2, 86, 71, 8), [], {"cells": [
        {"kind": "tip", "label": "Latest tip", "name": "MossyLantern", "tokens": 250},
        {"kind": "top_tip", "label": "Top tip", "name": "CopperKettle", "tokens": 1000},
        {"kind": "follower", "label": "Latest follower", "name": "quillbadger", "tokens": 0},
        {"kind": "subscriber", "label": "Latest subscriber", "name": "Oxbow_9", "tokens": 0}]}),
    "ticker": ((0, 95, 100, 5), [], {"speed": 20, "items": [
        {"text": "Welcome to the harbour", "name": ""},
        {"text": "CopperKettle dropped in with 37 viewers", "name": "CopperKettle"}]}),
}  # fmt: skip
PLAYS: list[dict[str, Any]] = [
    {"show": "alert", "lane": "notification", "parts": ["", "RookAndRye", " is live: go and say hello!"], "seconds": 60},
    {"show": "speak", "lane": "tts", "text": "TinPanSally said: you are doing great tonight, I love the new lights",
     "user": "TinPanSally", "prefix": "TinPanSally said:", "speech": "", "said": "", "pre_sound": "", "seconds": 4},
    {"show": "wheel", "lane": "wheel", "prize": 2, "prize_name": "A fanfare", "user": "VelvetMoth", "seconds": 0.5,
     "hold": 60, "sounds": {}, "volumes": {},
     "slices": [{"name": name, "weight": weight, "colour": colour} for name, weight, colour in SLICES]},
]  # fmt: skip
EVENTS = [
    {"kind": "tipped", "username": "MossyLantern", "text": "MossyLantern tipped 250 tokens"},
    {"kind": "followed", "username": "quillbadger", "text": "quillbadger is now following"},
    {"kind": "stream_dropped_in", "username": "CopperKettle", "text": "CopperKettle dropped in with 37 viewers"},
]
# Each design of an alert once, as seeded reactions and streamers use them.
ALERTS: list[dict[str, Any]] = [
    {"design": "card", "parts": ["Incredible: ", "MossyLantern", " tipped ", "250 tokens"],
     "detail_parts": ["for “", "a song", "”. Thank you!"], "detail": "with"},
    {"design": "banner", "parts": ["", "CopperKettle", " drops in with ", "37 viewers"],
     "detail_parts": ["Welcome, everybody!"], "detail": "with"},
    {"design": "words", "parts": ["", "Oxbow_9", " subscribed!"], "detail_parts": ["Three months now"], "detail": "with"},
    {"design": "ribbon", "parts": ["", "quillbadger", " gave ", "12 subscriptions"], "detail_parts": ["Thank you!"],
     "detail": "with"},
    {"design": "toast", "parts": ["", "TinPanSally", " is following now"], "detail_parts": ["Welcome!"], "detail": "with"},
]  # fmt: skip


# What the scene has no room for, side by side: place, and what it plays.
LARGE: dict[str, tuple[tuple[int, int, int, int], dict[str, Any]]] = {
    "credits": ((4, 0, 42, 100), {"title": "Thank you!", "last": "See you on Friday", "seconds": 10, "sections": [
        {"title": "Most tokens", "names": ["CopperKettle", "MossyLantern"]}, {"title": "Followers", "names": ["quillbadger"]},
        {"title": "Raids", "names": ["CopperKettle"]}, {"title": "Redeems", "names": ["TinPanSally", "VelvetMoth"]}]}),
    "media": ((52, 8, 44, 84), {"media": "media/harbour", "video": False, "loops": True, "volume": 0, "place": "centre",
                                "text": "The harbour tonight", "seconds": 60}),
}  # fmt: skip


def fill_large(page: Page, theme: str, number: int) -> None:
    """Have an overlay's page show the credits and a picture in this theme. `number` differs from call to call."""
    hello = {"type": "hello", "version": 1, "theme": theme, "alone": False, "leader": False, "playing": []}
    widgets = [
        {"kind": kind, "name": kind, "plays": [kind], "x": place[0], "y": place[1], "width": place[2], "height": place[3],
         "order": 1, "scale": 1, "script": f"{FILES}/{kind}.js", "style": f"{FILES}/{kind}.css", "snapshot": {}}
        for kind, (place, _) in LARGE.items()
    ]  # fmt: skip
    frames = [{"type": "silence"}, {**hello, "widgets": widgets}]
    frames += [
        {"type": "play", "show": kind, "lane": kind, "item": 5000 + number * 10 + at, "attempt": 1, **message}
        for at, (kind, (_, message)) in enumerate(LARGE.items())
    ]
    for frame in frames:
        page.evaluate("message => { overlay.receive(message) }", frame)


def alert(page: Page, theme: str, number: int, **message: Any) -> None:
    """Have an overlay's page show this alert in this theme, and nothing else. `number` differs from call to call."""
    told = {
        "kind": "alert", "name": "alert", "plays": ["alert"], "x": 0, "y": 0, "width": 100, "height": 100, "order": 1,
        "scale": 1, "script": f"{FILES}/alert.js", "style": f"{FILES}/alert.css", "snapshot": {},
    }  # fmt: skip
    hello = {"type": "hello", "version": 1, "theme": theme, "alone": False, "leader": False, "playing": []}
    play = {"type": "play", "show": "alert", "lane": "notification", "item": number, "attempt": 1, "seconds": 60}
    for frame in ({"type": "silence"}, {**hello, "widgets": [told]}, {**play, **message}):
        page.evaluate("message => { overlay.receive(message) }", frame)


def told() -> list[dict[str, Any]]:
    """Return the widgets as an overlay's first message tells of them, with confetti over all."""
    everywhere: dict[str, tuple[tuple[int, int, int, int], list[str], dict[str, Any]]] = {
        "confetti": ((0, 0, 100, 100), ["confetti"], {})
    }
    return [
        {
            "kind": kind, "name": kind, "plays": plays, "x": place[0], "y": place[1], "width": place[2],
            "height": place[3], "order": 1, "scale": 0.8 if kind in ("alert", "caption") else 1,
            "script": f"{FILES}/{kind}.js", "style": f"{FILES}/{kind}.css", "snapshot": snapshot,
        }
        for kind, (place, plays, snapshot) in {**WIDGETS, **everywhere}.items()
    ]  # fmt: skip


def fill(page: Page, theme: str, number: int) -> None:
    """Have an overlay's page show every widget in this theme. `number` differs from call to call."""
    hello = {"type": "hello", "version": 1, "theme": theme, "alone": False, "leader": False, "playing": []}
    frames = [{"type": "silence"}, {**hello, "widgets": told()}, {"type": "events", "events": EVENTS}]
    frames += [{**play, "type": "play", "item": 1000 + number * 10 + at, "attempt": 1} for at, play in enumerate(PLAYS)]
    for frame in frames:
        page.evaluate("message => { overlay.receive(message) }", frame)


def set_scene(page: Page, background: str) -> None:
    """Lay a picture behind the page; its policy must be off."""
    page.evaluate("css => { document.documentElement.style.background = css }", background)

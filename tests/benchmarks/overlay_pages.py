"""What overlay pages cost in a real Chromium: `python -m tests.benchmarks.overlay_pages [--quick]` (needs Chromium).

Frames a second of what moves, beside those of the same page with nothing on it; the page's memory after 5,000 events
beside that after 500; and the bot's share of a core while 20 pages are open and nothing happens, beside that without.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from tests.benchmarks.embedded import show
from tests.journeys.test_overlay import quiet_wav
from tests.overlay_scene import SLICES, WIDGETS, told
from tests.processes import BotProcess, free_port, wait_until

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
# OBS lets its sources play sound, and draws them at the size of the stream.
ARGUMENTS = ["--autoplay-policy=no-user-gesture-required", "--mute-audio"]
SIZE = {"width": 1920, "height": 1080}
COLOURS = ["#e53935", "#ffb300", "#43a047", "#1e88e5"]
# The pauses between the frames of some time, in milliseconds.
FRAMES = """(milliseconds) => new Promise((resolve) => {
    const pauses = []; const began = performance.now(); let last = began;
    requestAnimationFrame(function next(now) {
      pauses.push(now - last); last = now;
      if (now - began < milliseconds) { requestAnimationFrame(next); } else { resolve(pauses.slice(1)); }
    });
})"""
# Hand messages to the page as fast as it takes them, and wait until it has played what was among them.
RECEIVE = """async (messages) => {
  for (const message of messages) { await overlay.receive(message); }
  await Promise.all(overlay.player.lanes.values());
  return [...overlay.player.known.values()].filter((state) => state !== "finished").length;
}"""


# A sound that is over soon: the test answers for the bot.
SHORT = "sound/short"


def main() -> None:
    """Measure and print."""
    quick = "--quick" in sys.argv
    with tempfile.TemporaryDirectory(prefix="pixelbot-benchmark-") as folder, sync_playwright() as playwright:
        bot = BotProcess(Path(folder), free_port()).start()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            print_rates(opened(browser, bot), tries=1 if quick else 5)
            print_memory(opened(browser, bot), *((50, 200) if quick else (500, 5000)))
            print_waiting(browser, bot, pages=3 if quick else 20, seconds=1 if quick else 10)
        finally:
            browser.close()
            bot.kill()


def opened(browser: Browser, bot: BotProcess) -> Page:
    """Return a page with every widget, which gets nothing of the bot's own meanwhile."""
    page = browser.new_page(viewport=SIZE)  # type: ignore[arg-type]
    page.route(f"**/{SHORT}", lambda route: route.fulfill(body=quiet_wav(), content_type="audio/wav"))
    page.goto(f"{bot.overlay_url}?preview=1")
    wait_until(lambda: page.evaluate("(window.overlay?.stage.widgets.size || 0) > 0"), "the page has its widgets")
    hello = {"type": "hello", "version": 1, "theme": "neon", "alone": False, "leader": True, "playing": []}
    page.evaluate("message => overlay.receive(message)", {**hello, "widgets": told()})
    assert page.evaluate("overlay.stage.widgets.size") == len(WIDGETS) + 1
    return page


def print_rates(page: Page, tries: int) -> None:
    """Frames a second of alert, wheel and confetti: the best of some tries, since others may take the machine."""
    empty = max(rates(page, [], tries))
    print(f"{'frames a second of an empty page':<58} {empty:8.1f}", flush=True)
    wheel = {"show": "wheel", "seconds": 9, "hold": 9}
    fallen = {"show": "confetti", "colours": COLOURS, "amount": 150, "seconds": 4}
    for what, messages, after in (
        ("an alert that comes", [{"show": "alert", "text": "a line", "seconds": 9}], 0),
        ("a wheel that turns", [wheel], 200),
        ("a wheel that was won, with confetti", [{**wheel, "seconds": 0.1}], 400),
        ("confetti over the page, 150 pieces", [fallen], 600),
        ("confetti over the page, 400 pieces", [{**fallen, "amount": 400}], 600),
        ("all of them at once", [{"show": "alert", "text": "a line", "seconds": 9}, wheel, fallen], 200),
    ):
        found = sorted(rates(page, messages, tries, after))
        verdict = "met" if found[-1] >= 55 else "MISSED"
        share = f"{100 * found[-1] / empty:.0f} % of the empty page's; from {found[0]:.1f}"
        print(f"{what:<58} {found[-1]:8.1f}     goal ≥ 55 {verdict:<7} {share}", flush=True)


def rates(page: Page, messages: list[dict[str, Any]], tries: int, after: int = 0) -> list[float]:
    """Return the frames a second while these are played, from `after` so many milliseconds on, of each try."""
    found = []
    for _ in range(tries):
        for message in messages:
            page.evaluate("message => { overlay.receive(message) }", item(**message))
        page.wait_for_timeout(after)
        pauses = page.evaluate(FRAMES, 1500)
        found.append(1000 * len(pauses) / sum(pauses))
        page.evaluate("overlay.receive({ type: 'silence' })")
        page.wait_for_timeout(100)
    return found


def print_memory(page: Page, few: int, many: int) -> None:
    """The heap and what is in the document, after a few events and after many."""
    before = memory(page)
    happen(page, 0, few)
    early = memory(page)
    happen(page, few, many)
    late = memory(page)
    for what, (heap, nodes) in {"a new page": before, f"after {few:,} events": early, f"after {many:,}": late}.items():
        print(f"{'memory of a page, ' + what:<58} {heap:8.2f} MB  {nodes} nodes in the document", flush=True)
    show(f"more after {many:,} events than after {few:,}", late[0] - early[0], "MB", 20)


def memory(page: Page) -> tuple[float, int]:
    """Return the megabytes of its heap of scripts after a collection of garbage, and the number of its nodes."""
    session = page.context.new_cdp_session(page)
    page.wait_for_timeout(1000)  # what falls or fades is over
    for _ in range(2):
        session.send("HeapProfiler.collectGarbage")
    heap = session.send("Runtime.getHeapUsage")["usedSize"] / 1e6
    counters = session.send("Memory.getDOMCounters")
    session.detach()
    return heap, counters["nodes"]


def happen(page: Page, first: int, last: int) -> None:
    """Let these events happen: what chat and the platform tell, items of the queue, and new data of widgets."""
    for start in range(first, last, 100):
        messages = [message for number in range(start, min(start + 100, last)) for message in event(number)]
        assert page.evaluate(RECEIVE, messages) == 0, "an item was not played to its end"


def event(number: int) -> Iterator[dict[str, Any]]:
    """Yield what a page is told of one event: each is told, some have an item, and some change a widget's data."""
    kind = ("new_message", "tipped", "new_message", "followed", "stream_dropped_in")[number % 5]
    words = {"username": f"viewer{number}", "text": f"viewer{number} says something for the {number}th time"}
    yield {"type": "events", "events": [{"kind": kind, "uid": str(number), "badges": ["moderator"], **words}]}
    kind = list(WIDGETS)[number % len(WIDGETS)]
    if snapshot := WIDGETS[kind][2]:
        yield {"type": "update", "widget": kind, "data": snapshot}
    if number % 10 == 0:
        yield item(show="alert", text=f"line {number}", seconds=0.02)
    if number % 50 == 5:
        said = {"text": f"viewer{number} said: hello", "user": f"viewer{number}", "prefix": f"viewer{number} said:"}
        yield item(
            show="speak",
            seconds=0.1,
            speech=SHORT,
            pre_sound=SHORT,
            pre_delay_ms=0,
            volume=0.1,
            **said,
        )
    if number % 50 == 1:
        yield item(show="wheel", seconds=0.05, hold=0.1)
    if number % 10 == 2:
        yield item(show="confetti", colours=COLOURS, amount=100, seconds=0.1)


def item(**message: Any) -> dict[str, Any]:
    """Return a new item of the queue as the page gets it."""
    item.last = getattr(item, "last", 0) + 1  # type: ignore[attr-defined]
    slices = [{"name": name, "weight": weight, "colour": colour} for name, weight, colour in SLICES]
    wheel = {"slices": slices, "prize": 1, "prize_name": "Prize", "user": "Ann", "sounds": {}, "volumes": {}}
    more = wheel if message["show"] == "wheel" else {}
    return {"type": "play", "item": item.last, "attempt": 1, "lane": message["show"], **more, **message}  # type: ignore[attr-defined]


def print_waiting(browser: Browser, bot: BotProcess, pages: int, seconds: float) -> None:
    """The bot's share of a core while pages are open and nothing happens."""
    assert bot.process is not None
    process = psutil.Process(bot.process.pid)

    def share() -> float:
        process.cpu_percent()
        time.sleep(seconds)
        return float(process.cpu_percent())

    for page in [page for context in browser.contexts for page in context.pages]:
        page.close()
    time.sleep(2)
    without = min(share() for _ in range(3))
    tabs = [browser.new_page() for _ in range(pages)]
    for tab in tabs:
        tab.goto(bot.overlay_url)
    wait_until(lambda: bot.one("SELECT count(*) FROM effects_overlaypage") >= pages, "all are connected", within=60)
    time.sleep(3)
    found = sorted(share() for _ in range(3))
    more = f"{without:.1f} % without; up to {found[-1]:.1f} %"
    show(f"the bot's share of a core, {pages} pages that wait", found[0], "%", 5, more)


if __name__ == "__main__":
    main()

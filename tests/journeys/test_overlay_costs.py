"""What overlay pages cost, loosely: frames, memory, the bot's time. `tests.benchmarks.overlay_pages` has the exact figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psutil
import pytest
from playwright.sync_api import Browser, Page

from tests.benchmarks.overlay_pages import FRAMES, happen, memory, opened
from tests.journeys.conftest import open_overlay
from tests.journeys.test_overlay import alert, happened, wheel
from tests.journeys.test_overlay_pages import leads, wait_arranged
from tests.processes import BotProcess, SimulatorThread, wait_until


def test_what_happened_leaves_nothing_in_the_page(bot: BotProcess, page: Page) -> None:
    browser = page.context.browser
    assert isinstance(browser, Browser)
    tab = opened(browser, bot)
    happen(tab, 0, 100)
    early = memory(tab)
    happen(tab, 100, 300)
    late = memory(tab)
    print(f"heap and nodes after 100 events {early}, after 300 {late}")
    # Each of the 200 events between would leave a node at least; which lines are shown makes ten more or less.
    assert late[0] - early[0] < 1 and late[1] - early[1] < 50
    tab.close()


@pytest.mark.alone
def test_alert_wheel_and_confetti_take_no_frames_from_the_page(bot: BotProcess, page: Page) -> None:
    """Beside those of the same page with nothing on it: on a slow machine both are fewer. `tests.benchmarks.overlay_pages`
    has the exact figures.
    """
    open_overlay(page, bot)
    wait_arranged(page)

    def rate(*messages: dict[str, Any], after: int = 0) -> float:
        best = 0.0
        for attempt in range(4):  # another process may take the machine for a moment
            if best >= 55:
                break
            for message in messages:
                page.evaluate("message => { overlay.receive(message) }", {**message, "attempt": attempt + 1})
            page.wait_for_timeout(after)
            pauses = page.evaluate(FRAMES, 1000)
            best = max(best, float(1000 * len(pauses) / sum(pauses)))
            page.evaluate("overlay.receive({ type: 'silence' })")
        return best

    empty = rate()
    rates = {
        "alert": rate({"type": "events", "events": happened(3)}, alert(1, seconds=9)),
        "wheel": rate(wheel(2, seconds=9), after=200),
        "confetti": rate(wheel(3, seconds=0.1, hold=9), after=400),
    }
    print(f"frames a second: empty {empty:.1f}", *(f"{name} {found:.1f}" for name, found in rates.items()))
    for name, found in rates.items():
        assert found >= min(55, empty * 0.85), f"{name}: {found:.1f} of {empty:.1f}"


def test_twenty_pages_that_wait_cost_next_to_nothing(
    make_bot: Callable[..., BotProcess], simulator: SimulatorThread, page: Page
) -> None:
    bot = make_bot().start()
    simulator.wait_subscribed()
    assert bot.process is not None
    process = psutil.Process(bot.process.pid)

    def share() -> float:
        process.cpu_percent()
        page.wait_for_timeout(1500)
        return float(process.cpu_percent())

    before = share()
    opened = [page.context.new_page() for _ in range(20)]
    for one in opened:
        one.goto(bot.overlay_url)
    wait_until(lambda: bot.text().count("Main connected") == 20, "all are connected", within=30)
    assert sum(leads(one) for one in opened) == 1
    page.wait_for_timeout(1000)
    with_pages = min(share() for _ in range(2))
    print(f"the bot's share of a core: {before:.1f} % without a page, {with_pages:.1f} % with twenty")
    assert with_pages <= before + 6

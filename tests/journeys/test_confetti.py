"""Confetti on the overlay in a real Chromium: it falls over the whole picture, is acknowledged, and lies still if asked."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests.journeys.conftest import open_overlay
from tests.journeys.test_media import REMEMBER, dashboard, have_tried  # noqa: F401 (the fixture)
from tests.journeys.test_overlay import Server, server  # noqa: F401 (the fixture)
from tests.processes import BotProcess, wait_until

# How many pixels of the upper and of the lower half are drawn on, the first colour, and a sum that motion changes.
LOOK = """() => {
  const canvas = document.querySelector("canvas.confetti");
  const { width, height } = canvas;
  const data = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  const seen = { upper: 0, lower: 0, places: 0, colours: [], still: canvas.dataset.still, width, height };
  for (let at = 3; at < data.length; at += 4) {
    if (data[at] > 200) {
      const row = Math.floor(at / 4 / width);
      seen[row < height / 2 ? "upper" : "lower"] += 1;
      seen.places = (seen.places + (at % 1000003) * row) % 1000000007;
      seen.colours.push([data[at - 3] > 200, data[at - 2] > 200, data[at - 1] > 200].join());
    }
  }
  return { ...seen, colours: [...new Set(seen.colours)] };
}"""
MESSAGE: dict[str, Any] = {
    "type": "play", "show": "confetti", "item": 1, "attempt": 1, "lane": "effect", "colours": ["#ff0000"], "amount": 400, "seconds": 5
}  # fmt: skip


def test_it_falls_over_the_whole_picture_and_is_gone_at_the_end(server: Server, page: Page) -> None:  # noqa: F811
    server.send(**MESSAGE)
    server.wait_reports(("started", 1))
    page.wait_for_timeout(2200)
    seen = page.evaluate(LOOK)
    assert {"width": seen["width"], "height": seen["height"]} == page.viewport_size
    assert seen["upper"] > 500 and seen["lower"] > 500 and seen["colours"] == ["true,false,false"]
    page.wait_for_timeout(200)
    assert page.evaluate(LOOK)["places"] != seen["places"] and seen["still"] == "false"
    server.wait_reports(("started", 1), ("finished", 1))
    expect(page.locator("canvas.confetti")).to_have_count(0)


def test_what_is_stopped_is_gone_at_once(server: Server, page: Page) -> None:  # noqa: F811
    server.send(**{**MESSAGE, "seconds": 60})
    server.wait_reports(("started", 1))
    server.send(type="stop", item=1)
    expect(page.locator("canvas.confetti")).to_have_count(0)


def test_with_less_motion_it_lies_still(server: Server, page: Page) -> None:  # noqa: F811
    page.emulate_media(reduced_motion="reduce")
    server.send(**MESSAGE)
    server.wait_reports(("started", 1))
    page.wait_for_timeout(1500)
    seen = page.evaluate(LOOK)
    page.wait_for_timeout(500)
    assert page.evaluate(LOOK)["places"] == seen["places"] and seen["still"] == "true"
    assert seen["upper"] > 500 and seen["lower"] > 500


def test_what_is_tried_falls_on_the_overlay_and_is_done(
    dashboard: Page,  # noqa: F811
    page: Page,
    bot: BotProcess,
) -> None:
    open_overlay(page, bot)
    page.evaluate(REMEMBER, "canvas.confetti")
    have_tried(dashboard, bot, {"kind": "confetti", "amount": 200, "seconds": 2})
    state = "SELECT state FROM effects_queueitem WHERE kind = 'confetti'"
    wait_until(lambda: bot.one(state) == "done", "the overlay has acknowledged it")
    assert page.evaluate("window.shown") == {"text": "", "marked": True}

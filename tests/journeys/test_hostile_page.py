"""A page of somebody else's in the browser in which the streamer is logged in: it reads, changes, frames and hears nothing.

It comes from another site, and once more from another program on the same PC, whose pages browsers count as the same
site as the bot's: there the cookies are sent along.
"""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.journeys.conftest import log_in
from tests.processes import BotProcess, wait_until

READ = """async (address) => {
  let text = "";
  for (const credentials of ["include", "omit"]) {
    const answer = await fetch(address, { credentials }).catch(() => null);
    text += answer ? await answer.text() : "";
  }
  return text.slice(0, 80);
}"""
# As a page without the permission of CORS can: the browser sends such a request, and keeps the answer from the page.
SEND = """async ([address, type, body]) => {
  await fetch(address, {
    method: "POST", credentials: "include", mode: "no-cors", headers: { "Content-Type": type }, body,
  }).catch(() => null);
}"""
SUBMIT = """([address, fields]) => {
  const form = document.createElement("form");
  form.method = "POST";
  form.action = address;
  for (const [name, value] of Object.entries(fields)) {
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = name;
    field.value = value;
    form.append(field);
  }
  document.body.append(form);
  form.submit();
}"""
FRAME = """(address) => new Promise((resolve) => {
  const frame = document.createElement("iframe");
  frame.onload = resolve;
  frame.src = address;
  document.body.append(frame);
})"""
LISTEN = """(address) => new Promise((resolve) => {
  const socket = new WebSocket(address);
  socket.onopen = () => resolve("open");
  socket.onerror = () => resolve("refused");
})"""


class Hostile(BaseHTTPRequestHandler):
    """Serves an empty page."""

    def do_GET(self) -> None:
        """Answer with a page that has no policy of its own."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Win a prize</title><body></body>")

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


@pytest.fixture(params=["localhost", "127.0.0.1"], ids=["another site", "another program on this PC"])
def hostile(request: pytest.FixtureRequest, bot: BotProcess, page: Page) -> Iterator[Page]:
    """The hostile page, open in the browser that is logged in to the dashboard."""
    log_in(page, bot)
    page.locator("#user-tools").wait_for()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page.goto(f"http://{request.param}:{server.server_address[1]}/")
    assert page.title() == "Win a prize"
    yield page
    server.shutdown()
    server.server_close()


def test_it_reads_frames_and_hears_nothing(bot: BotProcess, hostile: Page) -> None:
    site = f"127.0.0.1:{bot.port}"
    for path in (
        "/admin/",
        "/admin/api/viewers",
        "/admin/api/openapi.json",
        "/static/effects/overlay/main.js",
        "/static/admin/css/base.css",
        bot.overlay_path,
    ):
        assert hostile.evaluate(READ, f"http://{site}{path}") == "", path
    overlay = (bot.overlay_path, f"{bot.overlay_path}?preview=1")
    framed = ("/admin/", "/admin/login/", "/admin/api/docs", "/admin/effects/overlay/1/change/", *overlay)
    for path in framed:
        hostile.evaluate(FRAME, f"http://{site}{path}")
    frames = hostile.frames[1:]
    # Playwright may hear of a frame's navigation after the page hears of its end: no address yet says nothing.
    wait_until(lambda: all(frame.url for frame in frames), "the frames to have loaded")
    assert [frame.url for frame in frames] == ["chrome-error://chromewebdata/"] * len(framed)
    socket = f"ws://{site}{bot.overlay_path}socket/"  # whose address it would have to know
    assert hostile.evaluate(LISTEN, socket) == "refused"
    hostile.goto(bot.overlay_url)  # the bot's own page
    assert hostile.evaluate(LISTEN, socket) == "open"


def test_it_changes_nothing_by_the_api(bot: BotProcess, hostile: Page) -> None:
    redeems, lanes = "SELECT key, enabled FROM redeems_redeem ORDER BY key", "SELECT * FROM effects_lane"
    before = bot.rows(redeems), bot.rows(lanes)
    for path, body in (
        ("redeems/tts/toggle", ""),
        ("queue/panic", ""),
        ("lanes/tts/pause", ""),
        ("events/simulate", '{"kind": "tipped", "username": "Mallory", "tokens": 1000}'),
    ):
        for kind in ("text/plain", "application/x-www-form-urlencoded"):
            hostile.evaluate(SEND, [f"http://127.0.0.1:{bot.port}/admin/api/{path}", kind, body])
    assert (bot.rows(redeems), bot.rows(lanes)) == before
    assert bot.one("SELECT count(*) FROM economy_viewer") == 0


def test_it_changes_nothing_by_a_form(bot: BotProcess, hostile: Page) -> None:
    tables = [f"SELECT * FROM {table}" for table in ("auth_user", "effects_overlay", "django_session")]
    before = [bot.rows(query) for query in tables]
    page, passwords = hostile.url, {"password1": "a-good-password", "password2": "a-good-password"}
    for path, fields in (
        ("auth/user/add/", {"username": "mallory", **passwords}),
        ("auth/user/1/password/", passwords),
        ("effects/overlay/1/delete/", {"post": "yes"}),
        ("login/", {"username": "admin", "password": "a-test-password"}),
        ("logout/", {}),
    ):
        hostile.goto(page)
        with hostile.expect_navigation() as navigation:
            hostile.evaluate(SUBMIT, [f"http://127.0.0.1:{bot.port}/admin/{path}", fields])
        assert navigation.value is not None and navigation.value.status == 403, path
    assert [bot.rows(query) for query in tables] == before


def test_a_name_that_suddenly_leads_to_this_pc_opens_no_page(bot: BotProcess) -> None:
    """A site may let its own name lead to 127.0.0.1, so that its page counts as the bot's (DNS rebinding)."""
    for path in ("/admin/login/", "/admin/api/viewers", bot.overlay_path):
        connection = http.client.HTTPConnection("127.0.0.1", bot.port, timeout=10)
        connection.request("GET", path, headers={"Host": f"evil.example:{bot.port}"})
        assert connection.getresponse().status == 400
        connection.close()

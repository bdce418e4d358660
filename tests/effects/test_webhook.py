"""The webhook, and the line in chat: at a real server."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from effects.library.chat_line import chat_line
from effects.library.run_effects import run_effects
from effects.library.webhook import webhook
from effects.models import QueueItem, State
from effects.outside import webhooks
from effects.outside.webhooks import is_allowed
from effects.queue import items, worker
from effects.registry import Effect, kinds
from pixelbot_site.kit.steps import planned

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken")]

SECRET = "sixteen characters"
# The kinds that are tried here.
HERE = (chat_line, run_effects, webhook)


class Listener(BaseHTTPRequestHandler):
    heard: list[tuple[bytes, str]]
    status: int

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.heard.append((body, self.headers["X-PixelBot-Signature"]))
        self.send_response(self.status)
        self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def listener(settings: Any) -> Iterator[tuple[str, type[Listener]]]:
    handler = type("Handler", (Listener,), {"heard": [], "status": 204})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/hook/"
        settings.WEBHOOK_ADDRESSES, settings.WEBHOOK_SECRET = [url], SECRET
        yield url, handler
        server.shutdown()


def called(url: str) -> QueueItem:
    item = items.enqueue(Effect("webhook", {"url": url, "text": "hello"}))
    worker.drain("effect")
    item.refresh_from_db()
    return item


def test_it_is_signed(listener: tuple[str, type[Listener]]) -> None:
    url, handler = listener
    item = called(f"{url}lamp")
    assert item.state == State.DONE, item.error
    ((body, signature),) = handler.heard
    assert signature == "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    said = json.loads(body)
    assert (said["item"], said["viewer"], said["text"]) == (item.pk, "", "hello")


@pytest.mark.parametrize("status", [302, 404, 500])
def test_any_other_answer_fails_and_no_redirect_is_followed(listener: tuple[str, type[Listener]], status: int) -> None:
    url, handler = listener
    handler.status = status
    item = called(url)
    assert (item.state, item.error) == (State.FAILED, f"the address answered {status}")


def test_its_title_keeps_the_address_to_itself() -> None:
    """An address can be a secret; titles are read by whoever may steer the queue."""
    secret = {"kind": "webhook", "url": "https://example.org/hooks/secret"}
    named = {"kind": "webhook", "target": "Lamp", "text": "on"}
    titles = [effect.title for effect in planned([secret, {**secret, "text": "hello {user}"}, named], {"user": "Bob"})]
    assert titles == ["webhook", "hello Bob", "Lamp"]
    kind = kinds.get("webhook")
    assert kind is not None
    assert kind.left_out_of_tests(kind.payload(url=secret["url"])) == "call a webhook"


def test_nobody_there(listener: tuple[str, type[Listener]], settings: Any) -> None:
    settings.WEBHOOK_ADDRESSES = ["http://127.0.0.1:1/"]
    assert "could not be reached" in called("http://127.0.0.1:1/").error
    assert called("http://127.0.0.1:1/\x07").error == "the address could not be reached (InvalidURL)"


def drip(server: socket.socket, stop: threading.Event) -> None:
    """Answer the first who comes byte by byte, and never come to the end."""
    connection, _ = server.accept()
    with connection, contextlib.suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not stop.wait(0.05):
            connection.sendall(b"x")


def test_a_server_that_drips_its_answer_is_given_up(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "DEADLINE", 0.5)
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        settings.WEBHOOK_ADDRESSES = [url]
        threading.Thread(target=drip, args=(server, stop), daemon=True).start()
        threading.Timer(4, stop.set).start()
        began = time.monotonic()
        item = called(url)
        stop.set()
    assert time.monotonic() - began < 3
    assert (item.state, item.error) == (State.FAILED, "the address did not answer within 0.5 s")


def test_a_name_that_is_looked_up_slowly_is_given_up(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "DEADLINE", 0.5)
    settings.WEBHOOK_ADDRESSES = ["http://slow.example/"]
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(10) and [])
    began = time.monotonic()
    item = called("http://slow.example/")
    took = time.monotonic() - began
    over.set()
    assert took < 8 and (item.state, item.error) == (State.FAILED, "the address did not answer within 0.5 s")


def test_only_allowed_addresses(settings: Any) -> None:
    settings.WEBHOOK_ADDRESSES = ["https://example.org/hooks/", "https://example.com/one"]
    for url in ("https://example.org/hooks/", "https://example.org/hooks/a?b", "https://example.com/one"):
        assert is_allowed(url)
    for url in (
        "https://example.org/",
        "https://example.org/hooks/../admin",
        "https://example.org/hooks/%2e%2e/admin",
        "https://example.org/hooks/%252E./admin",
        "https://example.org/hooks/%5c..",
        "https://example.com/one/two",
        "https://example.org.evil.net/hooks/",
        "https://me@example.org/hooks/",
        "http://127.0.0.1/",
        "",
    ):
        assert not is_allowed(url)


def test_a_line_is_said(said: list[str], django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        item = items.enqueue(Effect("chat_line", {"text": "hello"}))
    assert (said, item.state) == (["hello"], State.DONE)

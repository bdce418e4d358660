"""The platform's web side on loopback: the consent page, the OAuth endpoints, and the REST API v1."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from joystick.simulator.accounts import Accounts, OAuthRefusal
from joystick.simulator.channel import CALLS, Channel

log = logging.getLogger("simulator")

MAX_BODY_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks: `query` and `body` as mappings, the body from a form or JSON."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Mapping[str, Any]
    authorization: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body and where to go on."""

    status: int
    body: str = ""
    content_type: str = "application/json"
    location: str = ""


class NotFound(Exception):
    """There is no such page."""


class Site:
    """The web side. `start` serves it on a thread of its own; port 0 takes a free one."""

    def __init__(self, accounts: Accounts, channel: Channel | None = None, *, port: int = 0) -> None:
        self.accounts = accounts
        self.channel = channel or Channel(username=accounts.username)
        self.requests: list[tuple[str, str]] = []
        """(method, path) of everything that was asked."""
        self._port = port
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        """Begin to listen on 127.0.0.1. Raises OSError when the port is taken."""
        self._server = _Server(("127.0.0.1", self._port), _handler(self))
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="simulated-site", daemon=True).start()

    def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    @property
    def url(self) -> str:
        """The address of both the site and its API."""
        return f"http://127.0.0.1:{self._port}"

    # --- pages -----------------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Answer | None:
        """What the platform answers; None: nothing, the answer is lost on the way."""
        self.requests.append((request.method, request.path))
        try:
            if request.path == "/api/oauth/authorize":
                return self._consent(request)
            if request.path.startswith("/api/oauth/") and request.method == "POST":
                return self._oauth(request)
            if request.path.startswith("/api/v1/"):
                return self._rest(request)
            raise NotFound
        except OAuthRefusal as refusal:
            return Answer(refusal.status, json.dumps({"error": str(refusal)}))
        except NotFound:
            return Answer(404, json.dumps({"error": "Not found"}))

    def _consent(self, request: Request) -> Answer:
        query = dict(request.query)
        self.accounts.check_request(query)
        if request.method == "GET":
            return Answer(200, _consent_page(query), "text/html; charset=utf-8")
        if request.body.get("answer") == "allow":
            back = {"code": self.accounts.allow(query)}
        else:
            back = {"error": "access_denied"}
        if "state" in query:
            back["state"] = query["state"]
        return Answer(302, location=f"{query['redirect_uri']}?{urlencode(back)}")

    def _oauth(self, request: Request) -> Answer | None:
        form = {key: str(value) for key, value in request.body.items()}
        match request.path.rpartition("/")[2]:
            case "token":
                answer = self.accounts.token(form, request.authorization)
                if self.accounts.lose_answers > 0:
                    self.accounts.lose_answers -= 1
                    return None
                return Answer(200, json.dumps(answer))
            case "introspect":
                return Answer(200, json.dumps(self.accounts.introspect(form, request.authorization)))
            case "revoke":
                self.accounts.revoke(form, request.authorization)
                return Answer(200, "{}")
        raise NotFound

    def _rest(self, request: Request) -> Answer:
        granted = self.accounts.scope_of(request.authorization.removeprefix("Bearer "))
        if granted is None:
            return Answer(401, json.dumps({"error": "Unauthorized"}))
        found = CALLS.get((request.method, request.path.removeprefix("/api/v1")))
        if found is None:
            raise NotFound
        scope, step = found
        if scope not in granted.split():
            return Answer(403, json.dumps({"error": "You are missing a permission for that action"}))
        return Answer(200, json.dumps(step(self.channel, {**request.query, **request.body})))


def _consent_page(query: Mapping[str, str]) -> str:
    scopes = "".join(f"<li>{escape(scope)}</li>" for scope in query.get("scope", "").split())
    return (
        "<!doctype html><title>Simulated Joystick.tv</title><h1>Simulated Joystick.tv</h1>"
        f"<p>The bot would like to:</p><ul>{scopes}</ul>"
        '<form method="post"><button name="answer" value="allow">Allow</button> '
        '<button name="answer" value="deny">Deny</button></form>'
    )


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = False


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def handle_request(self) -> None:
            address = urlsplit(self.path)
            length = min(int(self.headers.get("Content-Length") or 0), MAX_BODY_BYTES)
            text = self.rfile.read(length).decode("utf-8", "replace")
            request = Request(
                method=self.command,
                path=address.path,
                query=dict(parse_qsl(address.query)),
                body=_body(text, self.headers.get_content_type()),
                authorization=self.headers.get("Authorization", ""),
            )
            answer = site.answer(request)
            self.close_connection = True
            if answer is None:
                return
            data = answer.body.encode()
            self.send_response(answer.status)
            if answer.location:
                self.send_header("Location", answer.location)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_DELETE = handle_request

        def log_message(self, format: str, *args: Any) -> None:
            log.debug("site: %s %s", self.command, urlsplit(self.path).path)

    return Handler


def _body(text: str, content_type: str) -> dict[str, Any]:
    if content_type == "application/json":
        try:
            value = json.loads(text)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}
    return dict(parse_qsl(text))

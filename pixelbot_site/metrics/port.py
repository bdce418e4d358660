"""HEALTH_PORT: a small web server of each process, for its `/health` and for what it has counted.

It has threads of its own, so that it answers while the event loop or a worker is stuck, and asks no database.
"""

from __future__ import annotations

import json
import logging
import socket
import socketserver
import sys
from http.server import BaseHTTPRequestHandler
from typing import Any

from django.conf import settings

from pixelbot_site.kit import alive
from pixelbot_site.kit.alive import Sign
from pixelbot_site.kit.threads import start_service
from pixelbot_site.metrics import text

log = logging.getLogger("health")

# Seconds for a request: who asks is a program beside the bot.
WITHIN = 5.0


class Answer(BaseHTTPRequestHandler):
    """Answers one request."""

    timeout = WITHIN
    server_version, sys_version = "pixelbot", ""

    def do_GET(self) -> None:
        """Answer `/health` and `/metrics`; 404 for anything else, and for `/metrics` without METRICS_TOKEN."""
        path = self.path.partition("?")[0]
        if path == "/health":
            self._send_health()
        elif path == "/metrics" and text.is_on():
            self._send_metrics()
        else:
            self._send(404, b"There is no such thing.\n")

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: it would be a line every few seconds."""

    def _send_health(self) -> None:
        signs = alive.signs()
        ok = bool(signs) and all(sign.ok for sign in signs.values())  # none: it has not begun yet
        told = {"ok": ok, "parts": {name: {"ok": sign.ok, **sign.facts} for name, sign in signs.items()}}
        self._send(200 if ok else 503, json.dumps(told).encode(), "application/json")

    def _send_metrics(self) -> None:
        if text.is_allowed(self.headers.get("Authorization", "")):
            self._send(200, text.of_process(), text.CONTENT_TYPE)
        else:
            self._send(401, b"Send the token: Authorization: Bearer ...\n", more={"WWW-Authenticate": "Bearer"})

    def _send(self, status: int, body: bytes, kind: str = "text/plain", more: dict[str, str] | None = None) -> None:
        self.send_response(status)
        headers = {"Content-Type": kind, "Content-Length": str(len(body)), "Cache-Control": "no-store", **(more or {})}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class Server(socketserver.ThreadingTCPServer):
    """Not `http.server`'s own, which asks a name server for our name before it listens."""

    daemon_threads = True
    allow_reuse_address = sys.platform != "win32"  # there, two processes could have the same port

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log what went wrong with a request in our own log: mostly, somebody hung up."""
        log.debug("a request could not be answered", exc_info=True)


_running: list[Server] = []


def serve() -> None:
    """Open HEALTH_PORT, where it is set and this process has not opened it yet. If it is taken, that is logged."""
    host, port = settings.HEALTH_HOST, settings.HEALTH_PORT
    if not port or _running:
        return
    kind = type("Server", (Server,), {"address_family": socket.AF_INET6 if ":" in host else socket.AF_INET})
    try:
        server = kind((host, port), Answer)
    except OSError as error:
        # The bot runs on: what nobody can watch is better than what does not run.
        log.error("HEALTH_PORT %d can't be opened (%s): each process needs one of its own", port, error)
        return
    _running.append(server)
    start_service("health", server.serve_forever)


def serve_web() -> None:
    """Do the same in the process of the web server, and let it tell whether its event loop answers."""
    daphne = sys.modules.get("daphne.server")  # it was imported first of all, since it brings the loop
    if daphne is not None:
        alive.register("web", lambda: Sign(alive.answers(daphne.twisted_loop)))
        serve()

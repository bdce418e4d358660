"""A real HTTP server on this PC that speaks OpenAI's protocol, or whatever a test has it say."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[BaseHTTPRequestHandler], None]


class AIServer:
    """What was asked, and what is answered. `leave` ends answers that go on and on."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.heard: list[tuple[str, dict[str, str], Any]] = []
        self.answer: Answer = says("Hello there.")
        self.leave = threading.Event()


@contextmanager
def running() -> Iterator[AIServer]:
    """Run a server until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.heard.append((self.path, dict(self.headers.items()), body))
            with suppress(OSError):  # who asked is gone
                server.answer(self)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        server = AIServer(f"http://127.0.0.1:{http.server_port}/v1")
        threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.leave.set()
        http.shutdown()


def sends(status: int, body: bytes, **headers: str) -> Answer:
    """Answer with this body."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return answer


def says(content: Any, *, usage: Any = None, **message: Any) -> Answer:
    """Answer as an AI does, with this content."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content, **message}}
    body: dict[str, Any] = {"id": "1", "object": "chat.completion", "model": "small", "choices": [choice]}
    return sends(200, json.dumps(body | ({} if usage is None else {"usage": usage})).encode())

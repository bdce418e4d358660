"""A real UDP server that hears OSC."""

from __future__ import annotations

import socket
import threading
import time
from types import TracebackType
from typing import Any

from pythonosc.osc_message import OscMessage


class OSCListener:
    """Listens on a free port of 127.0.0.1, and keeps each datagram with the moment at which it came."""

    def __init__(self) -> None:
        self.heard: list[tuple[float, bytes]] = []

    def __enter__(self) -> OSCListener:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.1)
        self.port: int = self.socket.getsockname()[1]
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._is_over.set()
        self._thread.join(5)
        self.socket.close()

    def _listen(self) -> None:
        while not self._is_over.is_set():
            try:
                self.heard.append((time.monotonic(), self.socket.recv(65_535)))
            except TimeoutError:
                continue

    def values(self, address: str = "") -> list[Any]:
        """Return the values that came for `address` ("": for any), in their order."""
        messages = [OscMessage(datagram) for _, datagram in list(self.heard)]
        return [message.params[0] for message in messages if address in ("", message.address)]

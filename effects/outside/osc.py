"""Sending OSC: typed values as UDP datagrams, at most RATE a second to each place.

What can't be sent yet waits, and of one address only the newest value does. The rate is kept in each process: where
several Celery workers send, each keeps its own, and the place may get as many times more.
"""

from __future__ import annotations

import logging
import math
import re
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import connections
from pythonosc.osc_message_builder import BuildError, OscMessageBuilder

from effects.outside.hosts import Endpoint
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.threads import start_service

log = logging.getLogger("osc")

# Datagrams to one place in any SPAN of seconds.
RATE = 10
SPAN = 1.0
# Addresses that may wait for one place.
MAX_WAITING = 200

Value = float | int | bool | str
YES = ("true", "yes", "on", "1")
NO = ("false", "no", "off", "0")
# What is sent back where no resting value was given.
RESTING = {"float": "0", "int": "0", "bool": "false", "text": ""}


def typed(kind: str, text: str) -> Value:
    """Return the value that `text` stands for as a float, int, bool or text. Raise ValueError, saying what is wrong."""
    if kind == "text":
        return text.replace("\0", "")  # a zero would end the text on the wire
    word = text.strip().casefold()
    if kind == "bool":
        if word in YES + NO:
            return word in YES
        raise ValueError(f"“{text:.40}” is neither true nor false")
    # Only digits that are written as everywhere: Python also takes 1_000 and letters of other scripts.
    if kind == "int":
        if re.fullmatch(r"[+-]?[0-9]{1,10}", word) and -(2**31) <= int(word) < 2**31:
            return int(word)
        raise ValueError(f"“{text:.40}” is no whole number of 32 bits")
    if re.fullmatch(r"[+-]?[0-9]{1,20}(\.[0-9]{0,20})?", word) and math.isfinite(float(word)):
        return float(word)
    raise ValueError(f"“{text:.40}” is no number")


_TYPES: dict[type, str] = {float: "f", int: "i", str: "s"}


@dataclass(frozen=True, slots=True)
class Message:
    """A value for an address. `sent` is called once it has left, and never where a newer value took its place."""

    address: str
    value: Value
    sent: Callable[[], object] = field(default=lambda: None)

    @property
    def datagram(self) -> bytes:
        """Return the message as it is on the wire. Raise Failed where it can't be written."""
        builder = OscMessageBuilder(self.address)
        if isinstance(self.value, bool):
            builder.add_arg(self.value, "T" if self.value else "F")
        else:
            builder.add_arg(self.value, _TYPES[type(self.value)])
        try:
            return builder.build().dgram
        except (BuildError, UnicodeError) as error:
            raise Failed("the value can't be written as OSC") from error


class Sender:
    """Sends what it is given, at once or when the rate allows it; a thread sends what had to wait."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[Endpoint, dict[str, Message]] = {}
        self._sent_at: dict[Endpoint, deque[float]] = {}
        self._sockets: dict[socket.AddressFamily, socket.socket] = {}
        self._thread: threading.Thread | None = None

    def send(self, endpoint: Endpoint, message: Message) -> None:
        """Send the message now, or let it wait for its turn. Raise Failed where it can't be sent or too many wait."""
        datagram = message.datagram  # also for one that waits: what can't be written fails here
        with self._changed:
            waiting = self._waiting.get(endpoint, {})
            if waiting or self._pause(endpoint) > 0:
                if message.address not in waiting and len(waiting) >= MAX_WAITING:
                    raise Failed("too many values wait to be sent there")
                self._waiting.setdefault(endpoint, {})[message.address] = message
                self._start_thread()
                self._changed.notify()
                return
            try:
                self._transmit(endpoint, datagram)
            except OSError as error:
                raise Failed(f"it could not be sent ({error.strerror or type(error).__name__})") from error
        message.sent()

    def _pause(self, endpoint: Endpoint) -> float:
        """Return the seconds until the next datagram may go there; 0 or less: now."""
        moments = self._sent_at.setdefault(endpoint, deque(maxlen=RATE))
        return moments[0] + SPAN - time.monotonic() if len(moments) == RATE else 0.0

    def _transmit(self, endpoint: Endpoint, datagram: bytes) -> None:
        if endpoint.family not in self._sockets:
            self._sockets[endpoint.family] = socket.socket(endpoint.family, socket.SOCK_DGRAM)
            self._sockets[endpoint.family].setblocking(False)
        self._sent_at[endpoint].append(time.monotonic())
        self._sockets[endpoint.family].sendto(datagram, (str(endpoint.ip), endpoint.port))

    def _start_thread(self) -> None:
        if self._thread is None or not self._thread.is_alive():  # a fork leaves it behind
            self._thread = start_service("osc", self._send_waiting)

    def _send_waiting(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                pause = min(map(self._pause, self._waiting))
                if pause > 0:
                    self._changed.wait(pause)
                    continue
                gone = self._take_free()
            try:
                for message in gone:
                    message.sent()
            finally:
                connections.close_all()

    def _take_free(self) -> list[Message]:
        """Send what the rate allows now, and return it."""
        gone = []
        for endpoint, waiting in list(self._waiting.items()):
            while waiting and self._pause(endpoint) <= 0:
                message = waiting.pop(next(iter(waiting)))
                try:
                    self._transmit(endpoint, message.datagram)
                    gone.append(message)
                except OSError as error:
                    log.warning("%s could not be sent: %s", message.address, error)
            if not waiting:
                del self._waiting[endpoint]
        return gone


_sender = Sender()


def send(endpoint: Endpoint, message: Message) -> None:
    """Send by this process's sender, as `Sender.send` does."""
    _sender.send(endpoint, message)

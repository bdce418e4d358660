"""Whose lines in chat are the bot's own, found by comparing what was just said with what is heard."""

from __future__ import annotations

import time
from collections import deque

# Seconds within which a line that was said comes back, if the platform sends it back at all.
ECHO_WITHIN = 10.0
MAX_REMEMBERED = 50
# Lines in a row by one name, before that name counts as the bot's: once, somebody may repeat the bot by chance.
ENOUGH = 3


class Echoes:
    """The lines that were just said. Not thread-safe: it belongs to one event loop."""

    def __init__(self, known_name: str = "") -> None:
        self.set_known_name(known_name)
        self._said: deque[tuple[float, str]] = deque(maxlen=MAX_REMEMBERED)
        self._name = ""
        self._in_a_row = 0

    def set_known_name(self, name: str) -> None:
        """Take the name that the streamer wrote down for the bot, maybe "" or a wrong one."""
        self._known = name.strip().casefold()

    def said(self, text: str) -> None:
        """Remember a line that was sent to chat."""
        self._said.append((time.monotonic(), _plain(text)))

    def show_another_name(self, username: str, text: str) -> bool:
        """Take a line that was heard; return whether it is the last of ENOUGH that show another name than the known."""
        since, plain = time.monotonic() - ECHO_WITHIN, _plain(text) if self._said else ""
        heard = next((line for line in self._said if line[0] > since and line[1] == plain), None)
        if heard is None:
            return False
        # The first to be heard is the platform's own echo; who repeats the bot comes after it.
        self._said.remove(heard)
        self._in_a_row = self._in_a_row + 1 if username == self._name else 1
        self._name = username
        return self._in_a_row == ENOUGH and username.casefold() != self._known


def _plain(text: str) -> str:
    return " ".join(text.split())

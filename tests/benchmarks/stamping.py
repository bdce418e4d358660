"""`manage.py runbot`, which prints how long each `!sound` was on its way through it (`tests.benchmarks.embedded`).

From the chat line's text, as the websocket library hands it over, to the overlay's frame, when it has been handed to the
web server: the milliseconds between are printed, one line each.
"""

from __future__ import annotations

import sys
import time
from typing import Any
from unittest.mock import patch

import django

django.setup()

from django.core.management import execute_from_command_line

from effects.overlays.sockets import OpenSockets
from joystick.gateway import session
from joystick.protocol import frames
from joystick.protocol.frames import Control
from tests.benchmarks.embedded import MARK

_read, _tell = frames.read_frame, OpenSockets.tell
_began = 0.0


def read(text: str) -> frames.ReceivedFrame | Control:
    """The first of ours to see a frame from Joystick."""
    global _began
    if "!sound" in text:
        _began = time.monotonic()
    return _read(text)


async def tell(sockets: OpenSockets, message: dict[str, Any]) -> None:
    """The last of ours to see a frame for an overlay."""
    await _tell(sockets, message)
    if message["frame"].get("show") == "sound":
        print(f"{MARK}{(time.monotonic() - _began) * 1000:.3f}", flush=True)


if __name__ == "__main__":
    with patch.object(session, "read_frame", read), patch.object(OpenSockets, "tell", tell):
        execute_from_command_line(["manage.py", *sys.argv[1:]])

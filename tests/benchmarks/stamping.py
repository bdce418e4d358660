"""`manage.py runbot`, which prints how long each `!sound` was on its way through it (`tests.benchmarks.embedded`).

From the chat line's text, as the websocket library hands it over, to the overlay's frame, when it has been handed to the
web server: the milliseconds between are printed, one line each.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import django

django.setup()

from django.core.management import execute_from_command_line

from effects.consumers import OverlayConsumer
from joystick.protocol.received import read
from tests.benchmarks.embedded import MARK

_read, _show = read, OverlayConsumer.overlay_message
_began = 0.0


def read(text: str) -> Any:
    """The first of ours to see a frame from Joystick."""
    global _began
    if "!sound" in text:
        _began = time.monotonic()
    return _read(text)


async def show(consumer: OverlayConsumer, message: dict[str, Any]) -> None:
    """The last of ours to see a frame for an overlay."""
    await _show(consumer, message)
    if message["frame"].get("type") == "sound":
        print(f"{MARK}{(time.monotonic() - _began) * 1000:.3f}", flush=True)


if __name__ == "__main__":
    read, OverlayConsumer.overlay_message = read, show  # type: ignore[method-assign]
    execute_from_command_line(["manage.py", *sys.argv[1:]])

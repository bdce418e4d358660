"""The messages to the overlays. No other module sends to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pixelbot_site.kit.channel_layer import group_send
from pixelbot_site.kit.transactions import after_commit

GROUP = "overlay"
"""The channel layer's group that every connected overlay is a member of."""


def show(item_id: int, message: Mapping[str, Any]) -> None:
    """Tell every overlay to show the queue item `item_id`: `message` goes to its socket, with the id added."""
    group_send(GROUP, {"type": "overlay.message", "frame": frame(item_id, message)})


def stop(item_id: int) -> None:
    """Tell every overlay to drop the item at once, in case it still has it."""
    group_send(GROUP, {"type": "overlay.message", "frame": {"type": "stop", "item": item_id}})


def silence() -> None:
    """Tell every overlay to drop everything at once, sound and pictures."""
    group_send(GROUP, {"type": "overlay.message", "frame": {"type": "silence"}})


def done(item_id: int) -> None:
    """Tell every overlay that the item happened: one that has not begun it yet need not any more."""
    group_send(GROUP, {"type": "overlay.message", "frame": {"type": "done", "item": item_id}})


def happened(events: Sequence[Mapping[str, Any]]) -> None:
    """After the commit, tell every overlay what happened on the channel: a passing word, not kept and not repeated."""
    if events:
        frame = {"type": "events", "events": [dict(event) for event in events]}
        after_commit(group_send, GROUP, {"type": "overlay.message", "frame": frame})


def recheck() -> None:
    """Close the sockets whose secret is not valid any more."""
    group_send(GROUP, {"type": "overlay.recheck"})


def frame(item_id: int, message: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON object that an overlay gets for a queue item."""
    return {**message, "item": item_id}

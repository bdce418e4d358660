"""The messages to the overlays. No other module sends to their group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from effects.overlays import screens
from pixelbot_site.kit.channel_layer import group_send
from pixelbot_site.kit.transactions import after_commit

# The channel layer's group of all connected overlays.
GROUP = "overlay"


def show(item_id: int, message: Mapping[str, Any], screen: str = "") -> None:
    """Have every overlay of a screen show the queue item: `message`, with the item's id, goes to its socket."""
    group_send(GROUP, {"type": "overlay.message", "frame": frame(item_id, message), "screen": screen})


def stop(item_id: int) -> None:
    """Have every overlay stop the item at once, if it still plays or waits there."""
    group_send(GROUP, {"type": "overlay.message", "frame": {"type": "stop", "item": item_id}})


def silence(screen: str | None = None) -> None:
    """Have every overlay, or those of a screen, stop all sound and pictures at once."""
    group_send(GROUP, {"type": "overlay.message", "frame": {"type": "silence"}, "screen": screen})


def is_for(message: Mapping[str, Any], screen: str) -> bool:
    """Return whether a message is for the overlays of a screen, or for all."""
    return message.get("screen") in (None, screen)


def done(item_id: int) -> None:
    """Tell every overlay that the item happened: one that has not begun it need not play it any more."""
    group_send(GROUP, {"type": "overlay.message", "frame": {"type": "done", "item": item_id}})


def happened(events: Sequence[Mapping[str, Any]]) -> None:
    """Tell the overlays, after the commit, what happened on the present channel. It is neither stored nor repeated.

    Names and texts are as they came: `effects.overlays.feed` makes them fit for the screen.
    """
    if events:
        frame = {"type": "events", "events": [dict(event) for event in events]}
        message = {"type": "overlay.events", "batch": uuid4().hex, "frame": frame, "screen": screens.here()}
        after_commit(group_send, GROUP, message)


def recheck() -> None:
    """Have every overlay's socket check its secret again, and close if it is no longer valid.

    One that is gets its widgets anew.
    """
    group_send(GROUP, {"type": "overlay.recheck"})


def tell_leader(overlay_id: int, channel: str) -> None:
    """Tell the pages of the overlay which of them is heard: the one of this channel, or "" for none."""
    group_send(GROUP, {"type": "overlay.leader", "overlay": overlay_id, "leader": channel})


def frame(item_id: int, message: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON object that an overlay gets for a queue item. What `type` is in the queue is `show` there."""
    return {**message, "type": "play", "show": message.get("type"), "item": item_id}

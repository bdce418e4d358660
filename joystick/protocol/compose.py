"""Compose messages of the v2 envelope as Joystick sends them, for the simulator and the API's `events/simulate`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

# The keys of `author.badges` (Joystick's developer page, July 2026).
BADGES = ("bot", "new", "streamer", "staff", "mod", "subscriber", "host")
# The kinds that name their viewer in `data.username` and, again, as their text.
PRESENCE = frozenset({"enter_stream", "leave_stream"})


def compose(
    kind: str,
    *,
    uid: str,
    channel_id: str,
    at: datetime,
    username: str = "",
    text: str = "",
    data: Mapping[str, Any] | None = None,
    badges: Collection[str] = (),
    streamer: str = "",
) -> dict[str, Any]:
    """Return a frame's `message`. `badges` are names out of BADGES.

    `data` holds the keys that only this kind has, or those that a line in chat has otherwise than usual.
    """
    body: dict[str, Any]
    if kind == "new_message":
        body = {**_chat_line(username, text, badges, streamer), **(data or {})}
    elif kind in PRESENCE:
        body = {"username": username}
    else:
        body = {**({"who": username} if username else {}), **(data or {})}
    return {
        "v": 2,
        "type": kind,
        "id": uid,
        "channel_id": channel_id,
        "occurred_at": timestamp(at),
        "text": username if kind in PRESENCE else text,
        "data": body,
    }


def timestamp(at: datetime) -> str:
    """Return `at` as the platform writes it: in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _chat_line(username: str, text: str, badges: Collection[str], streamer: str) -> dict[str, Any]:
    return {
        "author": {
            "username": username,
            "nickname": None,
            "color": None,
            "badges": {badge: badge in badges for badge in BADGES},
        },
        "streamer": {"username": streamer},
        "subscription": None,
        "text": text,
        "visibility": "public",
        "highlight": False,
        "emotes": [],
        "mentions": [],
    }

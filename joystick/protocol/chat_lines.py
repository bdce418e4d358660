"""How a line in chat is read: its author and their badges, and the pictures of the emotes in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from joystick.protocol.envelope import Envelope, FrameError
from joystick.protocol.events import ChatMessage, Emote
from pixelbot_site.kit.clean import MAX_NAME, clean_name, clean_text

# Different emotes of a line that are kept.
MAX_EMOTES = 20
MAX_URL = 1000

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_URL = re.compile(r"https://[!-~]+")
# Where clients saw an emote's picture, the smallest first. v2 has `url` alone.
_PICTURES = ("signedThumbnailUrl", "thumbnailUrl", "signedUrl", "url")


def read(envelope: Envelope) -> ChatMessage:
    """Build a line in chat. v2 has badges, v1 has flags of the author. Raises FrameError without an author."""
    author = _object(envelope.data.get("author"))
    username = clean_name(author.get("username"))
    if not username:
        raise FrameError(f"{envelope.kind} names no author")
    badges = author.get("badges")
    flags = badges if isinstance(badges, dict) else author
    on = {name for name, value in flags.items() if value is True}
    return ChatMessage(
        uid=envelope.uid,
        kind=envelope.kind,
        channel_id=envelope.channel_id,
        occurred_at=envelope.occurred_at,
        text=envelope.text,  # what a viewer typed: no markup is taken out of it
        username=username,
        streamer=clean_name(_object(envelope.data.get("streamer")).get("username")),
        is_bot="bot" in on or "isBot" in on,
        is_streamer="streamer" in on or "isStreamer" in on,
        is_moderator="mod" in on or "isModerator" in on,
        is_subscriber="subscriber" in on or "isSubscriber" in on,
        # Any visibility that we do not know counts as private: a whisper must not be answered in chat.
        is_public=envelope.data.get("visibility", "public") == "public",
        is_highlighted=envelope.data.get("highlight") is True,
        color=_color(author.get("color") or author.get("usernameColor")),
        emotes=_emotes(envelope.data.get("emotes") or envelope.data.get("emotesUsed")),
    )


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _color(value: Any) -> str:
    return value.lower() if isinstance(value, str) and _COLOR.fullmatch(value) else ""


def _emotes(value: Any) -> tuple[Emote, ...]:
    """Return the emotes that have a picture, each code once. What is no list, or not described, has none."""
    found: dict[str, Emote] = {}
    for item in value if isinstance(value, list) else ():
        code = clean_text(_object(item).get("code"), MAX_NAME).strip()
        url = next(_urls(_object(item)), "")
        if code and url and len(found) < MAX_EMOTES:
            found.setdefault(code, Emote(code, url))
    return tuple(found.values())


def _urls(item: Mapping[str, Any]) -> Iterator[str]:
    for key in _PICTURES:
        url = item.get(key)
        if isinstance(url, str) and len(url) <= MAX_URL and _URL.fullmatch(url):
            yield url

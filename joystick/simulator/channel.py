"""The simulated channel as the REST API v1 tells of it, and as bots change it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from joystick.simulator.happenings import CHANNEL_ID, STREAMER, Happening, chat
from joystick.simulator.options import Options


@dataclass(slots=True)
class Channel:
    """What the platform knows of it."""

    username: str = STREAMER
    live_at: datetime | None = None
    title: str = "An evening at the harbour"
    tags: list[str] = field(default_factory=lambda: ["music", "chatting"])
    welcome: str = ""
    viewers: int = 0
    followers: list[str] = field(default_factory=list)
    subscribers: list[str] = field(default_factory=list)
    moderators: list[str] = field(default_factory=list)
    banned_words: list[str] = field(default_factory=list)
    muted: set[str] = field(default_factory=set)
    """Who may write nothing, by name in lower case."""

    def set_live(self, live: bool) -> None:
        """Go live, or end."""
        self.live_at = datetime.now(UTC).replace(microsecond=0) if live else None

    def takes(self, happening: Happening) -> bool:
        """Change with what happens. Return False for a line of somebody muted, which does not happen."""
        if happening.kind in {"stream_started", "stream_ended"}:
            self.set_live(happening.kind == "stream_started")
        return happening.kind != "new_message" or happening.username.lower() not in self.muted

    def answers(self, action: Mapping[str, Any], line: Happening | None, options: Options) -> Iterator[Happening]:
        """Mute the author of `line`, or unmute somebody, and yield the events that tell of an action.

        The platform tells of no deleted line.
        """
        name = str(action.get("username", ""))
        if action["action"] == "mute_user" and line is not None:
            self.muted.add(line.username.lower())
            yield Happening("user_muted", line.username, f"{line.username} was muted")
        if action["action"] == "unmute_user" and name.lower() in self.muted:
            self.muted.discard(name.lower())
            yield Happening("user_unmuted", name, f"{name} was unmuted")
        if action["action"] == "send_message" and options.echo:
            yield chat(options.bot_username, str(action.get("text", "")), "bot")


Step = Callable[[Channel, Mapping[str, Any]], Any]


def identity(channel: Channel, given: Mapping[str, Any]) -> dict[str, Any]:
    """`GET /me/identity`."""
    return {
        "channel_id": CHANNEL_ID,
        "username": channel.username,
        "nickname": None,
        "photo_url": None,
        "live": channel.live_at is not None,
    }


def stream(channel: Channel, given: Mapping[str, Any]) -> dict[str, Any]:
    """`GET /me/stream`."""
    return {
        "channel_id": CHANNEL_ID,
        "live": channel.live_at is not None,
        "live_at": channel.live_at.strftime("%Y-%m-%dT%H:%M:%SZ") if channel.live_at else None,
        "stream_title": channel.title,
        "view_count": channel.viewers,
        "tags": channel.tags,
        "online_photo_url": None,
        "offline_photo_url": None,
    }


def update(channel: Channel, given: Mapping[str, Any]) -> dict[str, Any]:
    """`PUT /me/stream`."""
    channel.title = given.get("stream_title", channel.title)
    channel.tags = given.get("tags", channel.tags)
    channel.welcome = given.get("chat_welcome_message", channel.welcome)
    return stream(channel, given)


def page(people: str) -> Step:
    """A list of usernames, page by page: 20 on one, at most 100."""

    def step(channel: Channel, given: Mapping[str, Any]) -> dict[str, Any]:
        names = getattr(channel, people)
        number, per_page = int(given.get("page", 1)), min(int(given.get("per_page", 20)), 100)
        pages = max(1, -(-len(names) // per_page))
        return {
            "items": [{"username": name} for name in names[(number - 1) * per_page : number * per_page]],
            "pagination": {
                "next_page": number + 1 if number < pages else None,
                "previous_page": number - 1 if number > 1 else None,
                "total_items": len(names),
                "total_pages": pages,
            },
        }

    return step


def banned_words(channel: Channel, given: Mapping[str, Any]) -> dict[str, Any]:
    """`GET /banned-words`."""
    return {"banned_words": channel.banned_words}


def ban_word(channel: Channel, given: Mapping[str, Any]) -> dict[str, Any]:
    """`POST /banned-words`."""
    channel.banned_words.append(given["word"])
    return {}


def allow_word(channel: Channel, given: Mapping[str, Any]) -> dict[str, Any]:
    """`DELETE /banned-words`."""
    channel.banned_words[:] = [word for word in channel.banned_words if word != given["word"]]
    return {}


# (method, path) → (the scope that it takes, what it does)
CALLS: dict[tuple[str, str], tuple[str, Step]] = {
    ("GET", "/me/identity"): ("identity:read", identity),
    ("GET", "/me/stream"): ("stream:read", stream),
    ("PUT", "/me/stream"): ("stream:manage", update),
    ("GET", "/followers"): ("followers:read", page("followers")),
    ("GET", "/subscribers"): ("subscribers:read", page("subscribers")),
    ("GET", "/moderators"): ("moderators:read", page("moderators")),
    ("GET", "/banned-words"): ("stream:manage", banned_words),
    ("POST", "/banned-words"): ("stream:manage", ban_word),
    ("DELETE", "/banned-words"): ("stream:manage", allow_word),
}

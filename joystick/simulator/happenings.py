"""Things that happen on a simulated channel, and how Joystick tells of them in either envelope."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from joystick.protocol.compose import PRESENCE, compose, timestamp

CHANNEL_ID = "7860fca4b9788715c5a3472b5d3bfb6d72042410a651f6a95dfb2bdba6db9bfe"
STREAMER = "HarbourFox"

V1_TYPES = {
    "new_message": "new_message",
    "enter_stream": "enter_stream",
    "leave_stream": "leave_stream",
    "tipped": "Tipped",
    "followed": "Followed",
    "subscribed": "Subscribed",
    "stream_started": "Started",
    "stream_ended": "Ended",
    "viewer_count_updated": "ViewerCountUpdated",
    "wheel_spin_claimed": "WheelSpinClaimed",
    "resubscribed": "Resubscribed",
    "gifted_subscriptions": "GiftedSubscriptions",
    "stream_dropped_in": "StreamDroppedIn",
    "tip_goal_increased": "TipGoalIncreased",
    "stream_ending": "StreamEnding",
    "stream_resuming": "StreamResuming",
}


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing: `kind` as in v2, the acting viewer, the display text, and the keys that only this kind has."""

    kind: str
    username: str = ""
    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    badges: frozenset[str] = frozenset()
    uid: str = field(default_factory=lambda: str(uuid4()))
    channel_id: str = CHANNEL_ID
    streamer: str = STREAMER
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def message(self, version: str) -> dict[str, Any]:
        """The `message` of the frame in the envelope `version`, "v1" or "v2"."""
        return self._v1() if version == "v1" else self._v2()

    def _v2(self) -> dict[str, Any]:
        return compose(
            self.kind,
            uid=self.uid,
            channel_id=self.channel_id,
            at=self.at,
            username=self.username,
            text=self.text,
            data=self.data,
            badges=self.badges,
            streamer=self.streamer,
        )

    def _v1(self) -> dict[str, Any]:
        kind = V1_TYPES.get(self.kind, self.kind)
        if self.kind == "new_message":
            return self._v1_chat()
        common = {"id": self.uid, "type": kind, "createdAt": timestamp(self.at), "channelId": self.channel_id}
        if self.kind in PRESENCE:
            return {"event": "UserPresence", **common, "text": self.username}
        who = {"who": self.username, "what": kind} if self.username else {}
        return {"event": "StreamEvent", **common, "text": self.text, "metadata": json.dumps({**who, **self.data})}

    def _v1_chat(self) -> dict[str, Any]:
        word, _, rest = self.text.removeprefix("!").partition(" ") if self.text.startswith("!") else ("", "", "")
        return {
            "event": "ChatMessage",
            "createdAt": timestamp(self.at),
            "messageId": self.uid,
            "type": "new_message",
            "visibility": "public",
            "text": self.text,
            "botCommand": word or None,
            "botCommandArg": rest.split(" ")[0] or None,
            "emotesUsed": [],
            "author": {
                "slug": self.username.lower(),
                "username": self.username,
                "usernameColor": None,
                "displayNameWithFlair": self.username,
                "isStreamer": "streamer" in self.badges,
                "isModerator": "mod" in self.badges,
                "isSubscriber": "subscriber" in self.badges,
            },
            "streamer": {"slug": self.streamer.lower(), "username": self.streamer, "usernameColor": None},
            "channelId": self.channel_id,
            "mention": False,
            "mentionedUsername": None,
            "highlight": False,
            **self.data,
        }


def chat(username: str, text: str, *badges: str) -> Happening:
    """A line in chat. Badges: bot, new, streamer, staff, mod, subscriber, host."""
    return Happening("new_message", username, text, badges=frozenset(badges))


def tip(username: str, tokens: int, item: str | None = None) -> Happening:
    """A tip, for something of the tip menu or for nothing."""
    reason = f" for <strong class='text-verdigris'>{item}</strong>" if item else ""
    text = f"{username} tipped {tokens} tokens{reason}"
    return Happening("tipped", username, text, {"how_much": tokens, "tip_menu_item": item})


def follow(username: str) -> Happening:
    """A new follower."""
    return Happening("followed", username, f"{username} is now following")


def subscribe(username: str, months: int = 1) -> Happening:
    """A subscription."""
    return Happening("subscribed", username, f"{username} subscribed", {"how_much": months})


def enter(username: str) -> Happening:
    """Somebody comes in."""
    return Happening("enter_stream", username)


def leave(username: str) -> Happening:
    """Somebody leaves."""
    return Happening("leave_stream", username)


def viewer_count(number: int) -> Happening:
    """How many are watching."""
    return Happening("viewer_count_updated", data={"number_of_viewers": number})


def spin(username: str, tokens: int, prize: str) -> Happening:
    """The platform's wheel stopped."""
    return Happening("wheel_spin_claimed", username, f"{username} won {prize}", {"how_much": tokens, "prize": prize})


def gift(username: str, count: int) -> Happening:
    """Subscriptions given away."""
    text = f"{username} gave away {count} subscriptions"
    return Happening("gifted_subscriptions", username, text, {"how_much": count})


def raid(username: str, viewers: int) -> Happening:
    """Another streamer comes in with viewers."""
    text = f"{username} dropped in with {viewers} viewers"
    return Happening("stream_dropped_in", username, text, {"number_of_viewers": viewers})


def goal(username: str, tokens: int, current: int) -> Happening:
    """A tip moved the tip goal; the tip itself is another event."""
    data = {"amount": tokens, "by_user": username, "current": current, "previous": current - tokens}
    return Happening("tip_goal_increased", text="Tip goal moved", data=data)


def started() -> Happening:
    """The channel goes live."""
    return Happening("stream_started", text=f"{STREAMER} went live")


def ended() -> Happening:
    """The channel ends."""
    return Happening("stream_ended", text="The stream is over")

"""What the bot does in chat beyond talking: each is an action of Joystick's socket, sent once the transaction commits.

Joystick answers none of them; a failure comes as an error frame, which reaches the feed and the log. Whether the
streamer allowed the action is known beforehand where the channel is connected (OAuth), and Failed is raised then.
"""

from __future__ import annotations

from effects import chat
from joystick.account import scopes
from pixelbot_site.kit.errors import Failed


def say(text: str, *, channel_id: str = "") -> None:
    """Say `text` in chat, as `effects.chat.say` does for the floors below. Scope chat:write."""
    scopes.need("chat:write", channel_id=channel_id)
    chat.say(text, channel_id=channel_id)


def whisper(username: str, text: str, *, channel_id: str = "") -> None:
    """Say `text` to one viewer only. Scope chat:whisper:write."""
    scopes.need("chat:whisper:write", channel_id=channel_id)
    chat.act("send_whisper", {"username": username, "text": text}, channel_id=channel_id)


def answer(username: str, text: str, *, channel_id: str = "") -> None:
    """Whisper where the bot may; else say it in chat."""
    try:
        whisper(username, text, channel_id=channel_id)
    except Failed:
        chat.say(f"@{username} {text}", channel_id=channel_id)


def delete_message(message_id: str, *, channel_id: str = "") -> None:
    """Take a line out of chat; `message_id` is its event's uid. Scope chat:moderate."""
    _moderate("delete_message", {"message_id": message_id}, channel_id)


def mute(message_id: str, *, channel_id: str = "") -> None:
    """Mute the author of a line. The streamer can't be muted. Scope chat:moderate."""
    _moderate("mute_user", {"message_id": message_id}, channel_id)


def unmute(username: str, *, channel_id: str = "") -> None:
    """Let a muted viewer talk again. Scope chat:moderate."""
    _moderate("unmute_user", {"username": username}, channel_id)


def _moderate(action: str, words: dict[str, str], channel_id: str) -> None:
    scopes.need("chat:moderate", channel_id=channel_id)
    chat.act(action, words, channel_id=channel_id)

"""What the bot does in chat: each function sends one action over Joystick's socket once the transaction commits.

Joystick confirms none of them; a failure comes as an error frame, which reaches the feed and the log. For a channel
connected by OAuth, an action whose scope was not granted raises Failed at once.
"""

from __future__ import annotations

from effects import chat
from effects.chat import Priority
from effects.overlays import messages
from joystick.account import scopes
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.phrases import Kind


def say(text: str, *, channel_id: str = "") -> None:
    """Say `text` in chat, as `effects.chat.say` does for the floors below. Scope chat:write."""
    scopes.require_for_channel("chat:write", channel_id=channel_id)
    chat.say(text, Priority.ANSWER, channel_id=channel_id)


def whisper(username: str, text: str, *, channel_id: str = "", kind: Kind = Kind.ANSWER) -> None:
    """Whisper `text` to one viewer. Scope chat:whisper:write."""
    scopes.require_for_channel("chat:whisper:write", channel_id=channel_id)
    words = {"username": username, "text": text}
    chat.act("send_whisper", words, channel_id=channel_id, priority=Priority.ANSWER, kind=kind)


def answer(username: str, text: str, *, channel_id: str = "", kind: Kind = Kind.ANSWER) -> None:
    """Whisper `text` where the bot may; otherwise say it in chat, to the viewer by name."""
    try:
        whisper(username, text, channel_id=channel_id, kind=kind)
    except Failed:
        chat.say(f"@{username} {text}", Priority.ANSWER, channel_id=channel_id, kind=kind)


def delete_message(message_id: str, *, channel_id: str = "") -> None:
    """Delete a line from chat; `message_id` is its event's uid. Scope chat:moderate."""
    _moderate("delete_message", {"message_id": message_id}, channel_id)
    messages.happened([{"kind": "message_deleted", "uid": message_id, "username": "", "text": ""}])


def mute(message_id: str, *, username: str = "", channel_id: str = "") -> None:
    """Mute the author of a line. Joystick refuses to mute the streamer. Scope chat:moderate.

    `username` is the author, whose earlier lines go from the screen also where this one never came there.
    """
    _moderate("mute_user", {"message_id": message_id}, channel_id)
    gone = [{"kind": "author_muted", "uid": message_id, "username": "", "text": ""}]
    if username:
        gone.append({"kind": "user_muted", "uid": message_id, "username": username, "text": ""})
    messages.happened(gone)


def unmute(username: str, *, channel_id: str = "") -> None:
    """Let a muted viewer talk again. Scope chat:moderate."""
    _moderate("unmute_user", {"username": username}, channel_id)


def _moderate(action: str, arguments: dict[str, str], channel_id: str) -> None:
    scopes.require_for_channel("chat:moderate", channel_id=channel_id)
    chat.act(action, arguments, channel_id=channel_id)

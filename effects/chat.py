"""What shall be said or done in chat: dropped into a mailbox that the gateway empties, from wherever in the bot."""

from __future__ import annotations

import time

from pixelbot_site.kit.channel_layer import group_send
from pixelbot_site.kit.transactions import after_commit

MAILBOX = "chat"
"""The channel layer's group that whoever holds the socket listens to."""


def say(text: str, *, channel_id: str = "") -> None:
    """Say `text` in chat once the transaction has committed; without a channel id, in the channel last heard from."""
    act("send_message", {"text": text}, channel_id=channel_id)


def act(action: str, words: dict[str, str], *, channel_id: str = "") -> None:
    """The same for any action of the platform; `words` are its keys, less the channel."""
    message = {"type": "chat.action", "action": action, "words": words, "channel_id": channel_id, "at": time.time()}
    after_commit(group_send, MAILBOX, message)

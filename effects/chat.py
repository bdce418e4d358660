"""Lines and actions for chat, put into a mailbox that the gateway on the floor above empties."""

from __future__ import annotations

import time

from pixelbot_site.kit.channel_layer import group_send
from pixelbot_site.kit.transactions import after_commit

# The channel layer's group that the process with Joystick's socket belongs to.
MAILBOX = "chat"


def say(text: str, *, channel_id: str = "") -> None:
    """Say `text` in chat after the commit; without a channel id, in the channel that was last heard from."""
    act("send_message", {"text": text}, channel_id=channel_id)


def act(action: str, words: dict[str, str], *, channel_id: str = "") -> None:
    """Perform any action of the platform after the commit. `words`: its fields, without the channel."""
    # `at` lets the gateway drop a line that is too old by the time it can be sent.
    message = {"type": "chat.action", "action": action, "words": words, "channel_id": channel_id, "at": time.time()}
    after_commit(group_send, MAILBOX, message)

"""The chat: the latest lines with names and badges. Commands, bots, and what was deleted or muted are not shown."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from effects.overlays import facts
from effects.overlays.onscreen import OnScreen
from effects.overlays.registry import Box, Options, widget

KINDS = ("new_message", "message_deleted", "author_muted", "user_muted")
COMMAND = "!"
# Lines that are looked through for those that are shown.
LOOKED_AT = 60


class Chat(Options):
    """How many lines, and for how many seconds each is there; 0: until newer ones take its place."""

    lines: int = Field(8, ge=1, le=20)
    seconds: float = Field(0, ge=0, le=600)


@widget("chat", title="Chat", box=Box(74, 44, 24, 44), vertical=Box(3, 70, 94, 13), options=Chat, events=KINDS)
def chat(options: Chat, screen: OnScreen) -> dict[str, Any]:
    """Return the options and the latest lines, the oldest first."""
    rows = facts.latest(("new_message",), LOOKED_AT, facts.stream_began())
    shown = [
        {
            "uid": fact.uid,
            "username": screen.name(fact.username),
            "text": screen.text(fact.text),
            "badges": fact.more.get("badges", []),
        }
        for fact in rows
        if not (fact.more.get("bot") or fact.text.startswith(COMMAND) or screen.hides(fact.username))
    ]
    return {"lines": options.lines, "seconds": options.seconds, "latest": shown[: options.lines][::-1]}

"""The chat: the latest lines with names and badges. Commands, bots, and what was deleted or muted are not shown."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, field_validator

from effects.overlays import facts
from effects.overlays.onscreen import OnScreen
from effects.overlays.registry import Box, Options, widget

KINDS = ("new_message", "message_deleted", "author_muted", "user_muted")
COMMAND = "!"
# Lines that are looked through for those that are shown.
LOOKED_AT = 60


# A name with dots, not an address: `https://` and nothing else goes before it.
HOST = re.compile(r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")


class Chat(Options):
    """How many lines, and for how many seconds each is there; 0: until newer ones take its place.

    `emotes`: as their codes, or as the platform's pictures, which the overlay then loads from `emote_host`.
    """

    lines: int = Field(8, ge=1, le=20)
    seconds: float = Field(0, ge=0, le=600)
    emotes: Literal["text", "pictures"] = Field(
        "text", description="Pictures are loaded from the host below, which then knows the address of your network."
    )
    # Joystick does not document the host. Pictures of its users come from this one.
    emote_host: str = Field(
        "images.joystick.tv",
        max_length=253,
        description="Joystick's pictures come from there. Those of any other host are shown as text.",
    )

    @field_validator("emote_host")
    @classmethod
    def _plain(cls, host: str) -> str:
        if not HOST.fullmatch(host.lower()):
            raise ValueError("one host's name, such as images.joystick.tv, without https://")
        return host.lower()


def pictures_from(options: Chat) -> str:
    """Return the host of the emotes' pictures; "" where emotes are shown as text."""
    return options.emote_host if options.emotes == "pictures" else ""


@widget(
    "chat",
    title="Chat",
    box=Box(74, 44, 24, 44),
    vertical=Box(3, 70, 94, 13),
    options=Chat,
    events=KINDS,
    pictures_from=pictures_from,
)
def chat(options: Chat, screen: OnScreen) -> dict[str, Any]:
    """Return the options and the latest lines, the oldest first."""
    rows = facts.latest(("new_message",), LOOKED_AT, facts.stream_began())
    shown = [
        {
            "uid": fact.uid,
            "username": screen.name(fact.username),
            "text": screen.text(fact.text),
            "badges": fact.more.get("badges", []),
            **{name: fact.more[name] for name in ("highlight", "color", "emotes") if name in fact.more},
        }
        for fact in rows
        if not (fact.more.get("bot") or fact.text.startswith(COMMAND) or screen.hides(fact.username))
    ]
    latest = shown[: options.lines][::-1]
    return {"lines": options.lines, "seconds": options.seconds, "emotes_from": pictures_from(options), "latest": latest}

"""Lines and actions for chat, put into a mailbox that the gateway on the floor above empties."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import Any, Self

from pixelbot_site.kit import origin, phrases, present_channel
from pixelbot_site.kit.channel_layer import group_send
from pixelbot_site.kit.phrases import Kind
from pixelbot_site.kit.transactions import after_commit

# The channel layer's group that the process with Joystick's socket belongs to.
MAILBOX = "chat"
# How several names are said in one line.
NAMES_AND_LAST = phrases.news("names.and", "{names} and {last}")
NAMES_AND_MORE = phrases.news("names.and_more", "{names} and {count} more")
# What `overheard` collects; None: nothing is collected.
_overheard: ContextVar[list[dict[str, Any]] | None] = ContextVar("overheard", default=None)


class Line(str):
    """A line with the template that it was made of, and what {user} and other words stood for in it."""

    template: str
    words: Mapping[str, str | int]

    def __new__(cls, text: str = "", template: str = "", words: Mapping[str, str | int] | None = None) -> Self:
        """Make it of the text alone where it is copied."""
        line = super().__new__(cls, text)
        line.template, line.words = template, words or {}
        return line


class Priority(StrEnum):
    """What a line is, which decides how long it may wait, and which lines go when chat has no room for all.

    `joystick.gateway.outgoing.waiting` has the times.
    """

    MODERATION = "moderation"
    ANSWER = "answer"
    """Answers to viewers, refunds, and what staff say."""
    THANKS = "thanks"
    GREETING = "greeting"
    """Waits ten seconds for others alike, so that several are greeted in one line."""
    LEVEL_UP = "level_up"
    CHATTER = "chatter"


def say(
    text: str,
    priority: Priority,
    *,
    channel_id: str = "",
    kind: Kind | None = None,
    worth: int = 0,
    template: str = "",
    words: Mapping[str, str | int] | None = None,
) -> None:
    """Say `text` in chat after the commit; without a channel id, in the present channel, or else where something was
    heard last.

    A phrase that is switched off is not said. `kind` is what the line is; None: what its phrase is, or else an answer
    where it has the priority of one, or news. Of thanks, those with the largest `worth` (in tokens) go first. Lines
    that wait and are made of the same `template` may be said as one, with the names of all their users; `words` are
    what {user} and other words stood for in it.
    """
    if phrases.is_off(text):
        return
    if kind is None:
        kind = phrases.kind_of(text, Kind.ANSWER if priority == Priority.ANSWER else Kind.NEWS)
    if isinstance(text, Line):
        template, words = text.template, text.words
    more = {"worth": worth, "template": template, "filling": dict(words or {})}
    act("send_message", {"text": str(text)}, channel_id=channel_id, priority=priority, kind=kind, **more)


def act(
    action: str,
    words: dict[str, str],
    *,
    channel_id: str = "",
    priority: Priority = Priority.MODERATION,
    kind: Kind = Kind.ANSWER,
    **more: object,
) -> None:
    """Perform any action of the platform after the commit. `words`: its fields, without the channel."""
    message = {
        "type": "chat.action",
        "action": action,
        "words": words,
        "channel_id": channel_id or present_channel.present(),
        "at": time.time(),  # lets the gateway drop a line that is too old by the time it can be sent
        "priority": priority.value,
        "kind": kind.value,
        **_of_event(),
        **more,
    }
    collected = _overheard.get()
    if collected is not None:
        collected.append(message)
    else:
        after_commit(group_send, MAILBOX, message)


def _of_event() -> dict[str, object]:
    event = origin.current()
    return {} if event is None else {"event": event.uid, "event_at": event.arrived}


@contextmanager
def overheard() -> Iterator[list[dict[str, Any]]]:
    """Collect what the block would say or do in chat, instead of saying it: for what is only tried."""
    collected: list[dict[str, Any]] = []
    token = _overheard.set(collected)
    try:
        yield collected
    finally:
        _overheard.reset(token)

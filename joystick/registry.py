"""Handlers of events and commands in chat, and what they answer with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from economy.ledger import Award
from economy.models import Viewer
from effects.registry import Effect
from joystick.events import ChatMessage
from pixelbot_site.kit.registry import Registry
from pixelbot_site.kit.rules import Rules


@dataclass(frozen=True, slots=True)
class Outcome:
    """What shall come of an event. A handler decides; the inbox does it.

    `afterwards` is called once the awards so far are paid (a command wants to see them) and answers with an Outcome.
    """

    awards: tuple[Award, ...] = ()
    effects: tuple[Effect, ...] = ()
    lines: tuple[str, ...] = ()
    afterwards: Callable[[], Outcome] | None = None


NOTHING = Outcome()

E = TypeVar("E")
Handler = Callable[[E, Rules], Outcome]

_handlers: dict[type[Any], list[Handler[Any]]] = {}


def on(event: type[E]) -> Callable[[Handler[E]], Handler[E]]:
    """Register the decorated function as a handler of `event`: an Event class, or LevelUp.

    It is called with the event and the Rules, returns an Outcome, and touches nothing itself. Handlers of one type run
    in the order of their modules' names.
    """

    def register(handler: Handler[E]) -> Handler[E]:
        _handlers.setdefault(event, []).append(handler)
        return handler

    return register


def handlers(event: object) -> list[Handler[Any]]:
    """The handlers of `event`'s type."""
    return _handlers.get(type(event), [])


def handled_types() -> list[type[Any]]:
    """Every type that has a handler."""
    return list(_handlers)


@dataclass(frozen=True, slots=True)
class Call:
    """A command as it was typed: `!name words`, by `viewer`, in `message`."""

    name: str
    words: str
    viewer: Viewer
    message: ChatMessage
    rules: Rules
    now: datetime


Answer = Callable[[Call], str]
"""Does what the command says and returns the reply for chat. May raise Refused with a sentence instead."""


@dataclass(frozen=True, slots=True)
class Command:
    """A registered command. `help` is one line for people; `aliases` are other words for it."""

    name: str
    help: str
    answer: Answer
    aliases: tuple[str, ...] = field(default=())


commands: Registry[Command] = Registry("command")


def command(name: str, *aliases: str, help: str) -> Callable[[Answer], Answer]:
    """Register the decorated function as the chat command `!name`, and under each of `aliases`."""

    def register(answer: Answer) -> Answer:
        entry = Command(name, help, answer, aliases)
        for word in (name, *aliases):
            commands.add(word, entry, answer.__module__)
        return answer

    return register

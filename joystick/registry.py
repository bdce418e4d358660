"""The registries of event handlers and of chat commands, and what both return."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from economy.earning.pay import Award
from economy.models import Viewer
from economy.viewers import people
from economy.viewers.roles import Role
from effects.chat import Priority
from effects.models import QueueItem, State
from effects.queue.folding import Shared
from effects.registry import Effect
from joystick.protocol.events import ChatMessage
from joystick.settings_table import Rules
from pixelbot_site.kit import phrases, present_channel
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.phrases import Kind, Phrase
from pixelbot_site.kit.registry import Registry


@dataclass(slots=True)  # not frozen: one for each event, and three times as quick to make
class Outcome:
    """What a handler wants done about an event. The handler decides; the inbox does it (`joystick.inbox.outcomes`).

    `priority` is that of `lines`, and `kind` what they and the whispers are. `whispers` are pairs (username, text).
    `present` and `left` are usernames. `flags` are pairs (username, flags): what badges say about a viewer, by the
    names in `economy.models.FLAGS`. `after_paying` is called with the viewers that were read so far, by key, once all
    awards so far are paid, since a command must see them; it returns another Outcome. `viewer` is the viewer that
    `effects` belong to. `is_taken_out`: a filter had the line removed, so that nobody shall see it or a reaction to it.
    """

    awards: tuple[Award, ...] = ()
    effects: tuple[Effect | Shared, ...] = ()
    lines: tuple[str, ...] = ()
    priority: Priority = Priority.CHATTER
    kind: Kind = Kind.NEWS
    whispers: tuple[tuple[str, str], ...] = ()
    present: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    flags: tuple[tuple[str, Mapping[str, bool]], ...] = ()
    after_paying: Callable[[Mapping[str, Viewer]], Outcome] | None = None
    viewer: Viewer | None = None
    is_taken_out: bool = False


NOTHING = Outcome()

E = TypeVar("E")
Handler = Callable[[E, Rules], Outcome]

_handlers: dict[type[Any], list[Handler[Any]]] = {}


def on(event: type[E]) -> Callable[[Handler[E]], Handler[E]]:
    """Register the decorated function as a handler of `event`: an Event class, or LevelUp.

    It is called with the event and the Rules, returns an Outcome, and has no side effects. Handlers of one type run in
    the order of their modules' names.
    """

    def register(handler: Handler[E]) -> Handler[E]:
        _handlers.setdefault(event, []).append(handler)
        return handler

    return register


def handlers(event: object) -> list[Handler[Any]]:
    """Return the handlers of the event's type, in the order in which they run."""
    return _handlers.get(type(event), [])


def handled_types() -> list[type[Any]]:
    """Return every type that has a handler."""
    return list(_handlers)


MISUSED = phrases.refusal("command.misused", "write it like this: {usage}")
NEVER_SEEN = phrases.refusal("command.never_seen", "I have never seen {name} here")
# What is said of the state of a queue item.
STATES = {
    State.WAITING: phrases.answer("state.waiting", "waiting"),
    State.PENDING: phrases.answer("state.pending", "pending"),
    State.RUNNING: phrases.answer("state.running", "running"),
    State.DONE: phrases.answer("state.done", "done"),
    State.FAILED: phrases.answer("state.failed", "failed"),
    State.EXPIRED: phrases.answer("state.expired", "expired"),
    State.SKIPPED: phrases.answer("state.skipped", "skipped"),
    State.CANCELLED: phrases.answer("state.cancelled", "cancelled"),
}


def state_of(item: QueueItem) -> str:
    """Return the word for an item's state."""
    return STATES[State(item.state)]()


@dataclass(frozen=True, slots=True)
class Call:
    """A command as typed: `!name words`, by `viewer`, in `message`. `usage` shows how it should be written."""

    name: str
    words: str
    viewer: Viewer
    message: ChatMessage
    rules: Rules
    now: datetime
    usage: str = ""

    def argument(self, position: int) -> str:
        """Return the word at `position`, counted from 0; "" when there is none."""
        words = self.words.split()
        return words[position] if position < len(words) else ""

    def somebody(self, position: int) -> Viewer:
        """Return the viewer named at `position`. Raises Refused when there is no such viewer."""
        name = self.argument(position)
        if not name:
            raise self.misused()
        viewer = people.find(name)
        if viewer is None:
            raise Refused(NEVER_SEEN(name=name.removeprefix("@")[:40]))
        return viewer

    def misused(self) -> Refused:
        """Return the refusal that tells how the command is written."""
        return Refused(MISUSED(usage=self.usage))

    def item(self, position: int) -> QueueItem:
        """Return the queue item whose number is at `position`. Raises Refused when there is none."""
        number = self.argument(position).removeprefix("#")
        item = None
        if number.isdecimal() and len(number) < 18:  # a larger number is outside the column's range
            # A moderator here decides on nothing that came of another channel.
            own = QueueItem.objects.select_related("viewer").filter(present_channel.is_here(nullable=True))
            item = own.filter(pk=int(number)).first()
        if item is None:
            raise self.misused()
        return item

    def amount(self, position: int) -> int:
        """Return the whole number at `position`. Raises Refused for zero and for anything else."""
        try:
            value = int(self.argument(position))
        except ValueError:
            value = 0
        if value == 0 or abs(value) > MAX_TYPED_AMOUNT:
            raise self.misused()
        return value


MAX_TYPED_AMOUNT = 10**12

# A command's function: it acts and returns the reply ("" for none), or raises Refused.
Answer = Callable[[Call], str]


@dataclass(frozen=True, slots=True)
class Command:
    """A registered command, as the code has it or as the streamer changed it (`joystick.chat.built_in`).

    `key` is its name in the code, `name` the word that it answers to, beside `aliases`. `help` is one line for people,
    `arguments` what follows the word, as in `VIEWER N`. Cooldowns are in seconds. `listed`: `!help` names it.
    """

    key: str
    name: str
    help: Phrase
    answer: Answer
    aliases: tuple[str, ...] = field(default=())
    arguments: Phrase | None = None
    role: Role = Role.EVERYONE
    cooldown: float | None = None
    global_cooldown: float = 0
    whisper: bool = False
    listed: bool = True

    @property
    def usage(self) -> str:
        """Return how it is written: `!give VIEWER N`."""
        return f"!{self.name} {self.arguments()}" if self.arguments is not None else f"!{self.name}"

    @property
    def words(self) -> tuple[str, ...]:
        """Return every word that it answers to."""
        return self.name, *self.aliases


commands: Registry[Command] = Registry("command")


def command(
    name: str,
    *aliases: str,
    help: str,
    usage: str = "",
    role: Role = Role.EVERYONE,
    cooldown: float | None = None,
    global_cooldown: float = 0,
    whisper: bool = False,
) -> Callable[[Answer], Answer]:
    """Register the decorated function as the chat command `!name`, and under each of `aliases`.

    `usage` shows what follows the word (`VIEWER N`); `role` is the lowest that may use it. Seconds between two uses are
    `cooldown` for one viewer (None: the setting COMMAND_COOLDOWN_SECONDS) and `global_cooldown` for all together.
    `whisper`: the answer is whispered where the bot may (scope chat:whisper:write), and said in chat otherwise. All of
    it is the default of a row, which the streamer may change.
    """

    def register(answer: Answer) -> Answer:
        about = Phrase(f"command.help.{name}", help, Kind.ANSWER)
        arguments = Phrase(f"command.usage.{name}", usage, Kind.ANSWER) if usage else None
        entry = Command(name, name, about, answer, aliases, arguments, role, cooldown, global_cooldown, whisper)
        for word in entry.words:
            commands.add(word, entry, answer.__module__)
        for phrase in filter(None, (about, arguments)):
            phrases.phrases.add(phrase.key, phrase, answer.__module__)
        return answer

    return register

"""The actions of Joystick's socket, and how several lines become one."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pixelbot_site.kit.plural import span

# The actions that say something in chat. Every other one is moderation.
SPOKEN = {"send_message", "send_whisper"}
# How many users a line made of several names; the others are counted.
MAX_NAMED = 10
# The words that are added up where lines become one, and those of which the smallest and the largest are said. All
# others must be the same in each.
SUMMED = {"tokens", "count", "viewers"}
SPANNED = {"level"}
# Stands between answers that share a line.
BETWEEN_ANSWERS = " | "


@dataclass(frozen=True, slots=True)
class Action:
    """An action of Joystick's socket. `arguments` are its keys without the channel's.

    `at` is when the action was asked for, in Unix seconds; `arrived` is when it came to the gateway, in monotonic ones.
    "" as `channel_id` means the channel last heard from. `priority` is a value of `effects.chat.Priority`, `kind`
    one of `kit.phrases.Kind`. `template` and `filling`: what the text was made of, where it may be said together with
    others. `event` is the uid of the event that it comes of, and `event_at` when that came, in Unix seconds; "" and 0
    where there is none. `users` are the viewers it is about, with what each is worth.
    """

    name: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    channel_id: str = ""
    at: float = 0.0
    priority: str = "moderation"
    worth: int = 0
    template: str = ""
    filling: Mapping[str, str | int] = field(default_factory=dict)
    users: Mapping[str, int] = field(default_factory=dict)
    arrived: float = field(default_factory=lambda: time.monotonic())
    kind: str = "answer"
    event: str = ""
    event_at: float = 0.0

    def __str__(self) -> str:
        return " ".join([self.name, *self.arguments.values()])

    def split(self, most: int) -> list[Action]:
        """Return the action in pieces of at most `most` characters of text, cut between words where possible."""
        if self.name not in SPOKEN:
            return [self]
        text = " ".join(self.arguments.get("text", "").split())
        pieces = []
        while text:
            cut = text.rfind(" ", 0, most + 1) if len(text) > most else len(text)
            if cut <= 0:
                cut = most  # a word that is longer than a line
            pieces.append(text[:cut])
            text = text[cut:].lstrip()
        template = self.template if len(pieces) == 1 else ""
        return [self._with_text(piece, template=template) for piece in pieces]

    @property
    def likeness(self) -> object:
        """What two actions must have in common to be said as one; None where this one stands alone."""
        if not self.template or "user" not in self.filling:
            return None
        same = {
            word: value
            for word, value in self.filling.items()
            if f"{{{word}}}" in self.template
            and word != "user"
            and word not in SPANNED
            and not (word in SUMMED and isinstance(value, int))
        }
        return self.channel_id, self.priority, self.template, tuple(sorted(same.items()))

    @property
    def is_answer(self) -> bool:
        """Whether this line names whom it is for, so that it can share a line with other such lines."""
        return self.name == "send_message" and self.priority == "answer" and self.arguments["text"].startswith("@")

    def _with_text(self, text: str, *, template: str) -> Action:
        return replace(self, arguments={**self.arguments, "text": text}, template=template)


@dataclass(frozen=True, slots=True)
class Listing:
    """How several names are said: {names} with {last}, or with the {count} of those that are not named."""

    last: str = "{names} and {last}"
    more: str = "{names} and {count} more"


def merged(actions: Sequence[Action], *, most: int, listing: Listing) -> Action:
    """Return one line for several alike: numbers added up, users named by worth, at most `most` characters."""
    first = actions[0]
    users: dict[str, int] = {}
    for action in actions:
        for user, worth in (action.users or {str(action.filling["user"]): action.worth}).items():
            users[user] = users.get(user, 0) + worth
    filling: dict[str, str | int] = dict(first.filling)
    for word in SUMMED & first.filling.keys():
        numbers = [action.filling[word] for action in actions]
        if isinstance(filling[word], int):
            filling[word] = sum(number for number in numbers if isinstance(number, int))
    for word in SPANNED & first.filling.keys():
        filling[word] = span(action.filling[word] for action in actions)
    whole = replace(
        first,
        filling=filling,
        users=users,
        worth=sum(action.worth for action in actions),
        at=max(action.at for action in actions),
    )
    return replace(whole, arguments={"text": _text_of(whole, most, listing)})


def _text_of(action: Action, most: int, listing: Listing) -> str:
    by_worth = sorted(action.users, key=lambda user: -action.users[user])
    for named in range(min(MAX_NAMED, len(by_worth)), 0, -1):
        text = _filled(action.template, {**action.filling, "user": listed(by_worth, named, listing)})
        if len(text) <= most:
            return text
    return text[:most]


def listed(names: Sequence[str], named: int, listing: Listing) -> str:
    """Return the first `named` names, and the number of the others: `a, b and 5 more`."""
    others = len(names) - named
    if others:
        return _filled(listing.more, {"names": ", ".join(names[:named]), "count": others})
    before, last = names[: named - 1], names[named - 1]
    return _filled(listing.last, {"names": ", ".join(before), "last": last}) if before else last


def _filled(template: str, words: Mapping[str, str | int]) -> str:
    text = re.sub(r"\{(\w+)\}", lambda found: str(words.get(found[1], found[0])), template)
    return " ".join(text.split())


def sharing_a_line(actions: Iterable[Action], *, most: int) -> list[Action]:
    """Return the answers, from the first on, that fit into one line of `most` characters."""
    taken: list[Action] = []
    for action in actions:
        is_other = bool(taken) and action.channel_id != taken[0].channel_id
        if not action.is_answer or is_other or (taken and len(_text_for_all([*taken, action])) > most):
            break
        taken.append(action)
    return taken


def joined(actions: Sequence[Action]) -> Action:
    """Return the line that several answers share."""
    return replace(actions[0], arguments={"text": _text_for_all(actions)})


def _text_for_all(actions: Sequence[Action]) -> str:
    """Return the answers one after another; who gets the same is named before it: `@a @b the queue is full`."""
    asked: dict[str, list[str]] = {}
    for action in actions:
        user, _, words = action.arguments["text"].partition(" ")
        users = asked.setdefault(words, [])
        if user not in users or action.kind == "result":  # who asks twice is answered once; who buys twice, twice
            users.append(user)
    return BETWEEN_ANSWERS.join(" ".join([*users, words]).rstrip() for words, users in asked.items())

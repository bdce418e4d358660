"""What an occasion is, and the registry of them, which the files of `joystick/reactions/occasions/` fill."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from typing import Any

from pixelbot_site.kit.registry import Registry


@dataclass(slots=True)  # not frozen: one for each event, and three times as quick to make
class Occasion:
    """Something that happened and that the streamer may have set a reaction for.

    `subject` is the menu item, the prize or the text that rows are compared with; `words` fill in their templates.
    `before`, of an amount that rises: what it was; a row runs where the amount comes into its range from below. `once`
    names the stream, the goal or the like for which a row runs once, unless it has a cooldown.
    """

    username: str = ""
    subject: str = ""
    words: Mapping[str, str | int] = field(default_factory=dict)
    before: int | None = None
    once: str = ""

    @property
    def filling(self) -> Mapping[str, str | int]:
        """Return every word that is filled in, {user} included."""
        return {"user": self.username, **self.words}


# Makes the occasion of an event; None: this event is none.
Maker = Callable[[Any], Occasion | None]
# Looks at all occasions of one kind in a batch, where that takes the database; None for those that are none after all.
Sieve = Callable[[Sequence[Occasion], datetime], Sequence[Occasion | None]]


# The chain of kinds by which somebody is greeted, and the subject that is a viewer's name.
VISIT = "visit"
VIEWER = "viewer"


@dataclass(frozen=True, slots=True, eq=False)
class OccasionKind:
    """A kind of occasion. `title` follows "When", as in "somebody tips".

    `words` are those that it fills in, each with an example, which *Try* uses. `amount` is the one of them that a
    row's range is compared with, in `unit`; `subject` says what the subject is. Of kinds in one `chain` that come of
    the same event, the one with the lower `rank` goes first, and a row that ends the chain leaves out the others.
    `viewer_cooldown`: the seconds between two reactions to one viewer, where the row says nothing. `is_thanks`: what
    is said thanks for something that was paid or brought. `once`, such as "each stream": how often a row runs where it
    has no cooldown; `Occasion.once` names which stream that is. None of its rows is in the way of another.
    `without_overlay`: no overlay is open then.
    """

    name: str
    title: str
    make: Maker
    events: tuple[type[Any], ...]
    words: Mapping[str, str | int]
    amount: str = ""
    unit: str = ""
    subject: str = ""
    has_viewer: bool = True
    is_thanks: bool = False
    is_live: bool = True
    chain: str = ""
    rank: int = 0
    viewer_cooldown: int = 0
    sieve: Sieve | None = None
    once: str = ""
    without_overlay: bool = False

    @property
    def known_words(self) -> set[str]:
        """Return the words that templates may use."""
        return {"user", *self.words}

    def example(self, username: str, *, subject: str = "", amount: int | None = None) -> Occasion:
        """Return a typical occasion for *Try*."""
        words = {
            word: subject if subject and value == self.words.get(self.subject_word) else value
            for word, value in self.words.items()
        }
        if self.amount and amount is not None:
            words[self.amount] = amount
        return Occasion(subject if subject and self.subject == VIEWER else username, subject, words)

    @property
    def subject_word(self) -> str:
        """Return the word that the subject fills in: the first that is a text."""
        texts = [word for word, value in self.words.items() if isinstance(value, str)]
        return texts[0] if self.subject and texts else ""


occasions: Registry[OccasionKind] = Registry("occasion")


def occasion(
    name: str,
    *events: type[Any],
    title: str,
    only: str = "",
    words: Mapping[str, str | int] | None = None,
    amount: str = "",
    unit: str = "",
    subject: str = "",
    has_viewer: bool = True,
    is_thanks: bool = False,
    is_live: bool = True,
    chain: str = "",
    rank: int = 0,
    viewer_cooldown: int = 0,
    sieve: Sieve | None = None,
    once: str = "",
    without_overlay: bool = False,
) -> Callable[[Maker], Maker]:
    """Register the decorated function as what makes the occasion `name` of `events`. See `OccasionKind`.

    `is_live` is False for an occasion that comes only while the channel is not live. `only`: the platform's kind of
    event that it is, where several kinds are one type.
    """

    def register(make: Maker) -> Maker:
        kind = OccasionKind(
            name,
            title,
            _only_of(only, make) if only else make,
            events,
            words or {},
            amount,
            unit or amount,
            subject,
            has_viewer,
            is_thanks,
            is_live,
            chain or name,
            rank,
            viewer_cooldown,
            sieve,
            once,
            without_overlay,
        )
        occasions.add(name, kind, make.__module__)
        return make

    return register


def _only_of(kind: str, make: Maker) -> Maker:
    @wraps(make)
    def made(event: Any) -> Occasion | None:
        return make(event) if event.kind == kind else None

    return made


def titled(event: Any, tokens: int | None) -> Occasion:
    """Return the occasion of an event that has a title and, where the platform says so, tokens."""
    words = {"title": event.title, "tokens": "some" if tokens is None else tokens}
    return Occasion(event.username, event.title, words)


def in_order() -> list[OccasionKind]:
    """Return every kind: those of one chain together, by rank."""
    return sorted(occasions.values(), key=lambda kind: (kind.chain, kind.rank, kind.name))

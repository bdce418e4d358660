"""The actions waiting to be sent: each kind bounded, dropped when it is too old, and said together where alike.

Whose turn it is: moderation's at once; then the line that has waited longest beyond the patience of its kind.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from dataclasses import dataclass

from joystick.gateway.outgoing import counting
from joystick.gateway.outgoing.actions import Action, Listing, joined, merged, sharing_a_line

log = logging.getLogger("chat")

# How many lines may follow each other without a pause after a quiet time.
BURST = 3
# Seconds between any two actions of a channel. Measured on a real Action Cable server: sent back to back, actions are
# carried out in any order; 20 ms between them kept it every time. Twice that, since the network may delay one and not
# the next.
MIN_INTERVAL = 0.04
# So many lines of a kind may wait however slowly, and however quickly, the bot is told to talk.
MIN_WAITING = 10
MAX_WAITING = 1000
MODERATION = "moderation"
THANKS = "thanks"


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: after `age` a line is dropped, since it would confuse more than it helps; after `patience` it is due.

    `hold`: so long a line waits for others alike, with which it is said as one.
    """

    age: float
    patience: float
    hold: float = 0


# By `effects.chat.Priority`.
LIMITS = {
    MODERATION: Limits(age=600, patience=0),
    "answer": Limits(age=60, patience=2),
    THANKS: Limits(age=300, patience=5),
    "greeting": Limits(age=60, patience=15, hold=10),
    "level_up": Limits(age=120, patience=15),
    "chatter": Limits(age=60, patience=20),
}


# What is said by MESSAGE_AMOUNT: kinds (of `kit.phrases.Kind`), and of news the priorities. Moderation is always done.
SAID: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "everything": (frozenset({"answer", "result", "refusal"}), frozenset(LIMITS)),
    "thanks": (frozenset({"answer", "result", "refusal"}), frozenset({THANKS})),
    "results": (frozenset({"answer", "result", "refusal"}), frozenset()),
    "refusals": (frozenset({"answer", "refusal"}), frozenset()),
    "asked": (frozenset({"answer"}), frozenset()),
}


def is_said(action: Action, amount: str) -> bool:
    """Return whether the bot says this by MESSAGE_AMOUNT."""
    kinds, news = SAID[amount]
    if action.priority == MODERATION or action.kind in kinds:
        return True
    return action.kind == "news" and action.priority in news


class Outgoing:
    """A short queue of actions of one channel. Not thread-safe: it belongs to one event loop.

    `unsaid` counts the actions that were dropped.
    """

    def __init__(self, *, interval: float = 1.0, max_chars: int = 500, listing: Listing | None = None) -> None:
        """Take what `set_limits` takes."""
        self.unsaid = 0
        self.set_limits(interval=interval, max_chars=max_chars, listing=listing)
        self._waiting: dict[str, list[Action]] = {priority: [] for priority in LIMITS}
        self._taken: list[Action] = []

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def set_limits(self, *, interval: float, max_chars: int, listing: Listing | None = None) -> None:
        """Set the seconds between two lines, the length of one, and how several names are said in it."""
        self._listing = listing or Listing()
        self._interval = max(interval, MIN_INTERVAL)
        self._max_chars = max_chars

    def add(self, action: Action) -> None:
        """Add an action. Where too many of its kind wait, make one line of those alike, or drop the least worth."""
        lines = self._waiting[action.priority]
        lines.append(action)
        if len(lines) > self._most(action.priority):
            self._make_room(lines)

    def head(self) -> Action | None:
        """Return the next action that is not too old; None where there is none, or each waits for others alike."""
        self._drop_old()
        return self._next()

    def pop_all(self) -> list[Action]:
        """Remove all actions and return them."""
        found = [action for lines in self._waiting.values() for action in lines]
        for lines in self._waiting.values():
            lines.clear()
        return found

    def take(self, at_once: int | None) -> Action:
        """Remove the next action and return it, as one with others where more wait than the `at_once` that may go now.

        None: any number may.
        """
        head = self._next()
        assert head is not None  # `head` has returned it
        lines = self._waiting[head.priority]
        self._taken, action = [head], head
        if LIMITS[head.priority].hold or (at_once is not None and len(self) > at_once):
            self._taken, action = self._together(head, lines)
        self._waiting[head.priority] = [line for line in lines if not any(line is taken for taken in self._taken)]
        return action

    def put_back(self) -> None:
        """Put back what was taken last: the socket broke before it was sent."""
        for action in reversed(self._taken):
            self._waiting[action.priority].insert(0, action)
        self._taken = []

    def keep_answers(self) -> None:
        """Drop everything but answers and moderation: the bot is about to stop."""
        for priority, lines in self._waiting.items():
            if priority not in {MODERATION, "answer"}:
                self.unsaid += len(lines)
                counting.count_unsaid(priority, counting.DROPPED, len(lines))
                lines.clear()

    def _together(self, head: Action, lines: list[Action]) -> tuple[list[Action], Action]:
        if head.likeness is not None:
            alike = [head, *(line for line in lines if line is not head and line.likeness == head.likeness)]
            return (
                (alike, merged(alike, most=self._max_chars, listing=self._listing)) if len(alike) > 1 else (alike, head)
            )
        answers = sharing_a_line(lines, most=self._max_chars) if lines[0] is head else []
        return (answers, joined(answers)) if len(answers) > 1 else ([head], head)

    def _next(self) -> Action | None:
        if self._waiting[MODERATION]:
            return self._waiting[MODERATION][0]
        heads = [_first(lines) for lines in self._waiting.values() if lines]
        now = time.monotonic()
        ready = [action for action in heads if action.arrived + LIMITS[action.priority].hold <= now]
        return min(ready, key=lambda action: action.arrived + LIMITS[action.priority].patience, default=None)

    def held_for(self) -> float | None:
        """Return the seconds until a line that waits for others may go; None where there is none."""
        heads = [_first(lines) for lines in self._waiting.values() if lines]
        ends = [action.arrived + LIMITS[action.priority].hold for action in heads]
        return max(min(ends) - time.monotonic(), 0.01) if ends else None

    def _most(self, priority: str) -> int:
        # More could not be said before they are too old, one by one.
        return min(MAX_WAITING, max(MIN_WAITING, int(LIMITS[priority].age / self._interval)))

    def _make_room(self, lines: list[Action]) -> None:
        counts = Counter(line.likeness for line in lines if line.likeness is not None)
        likeness, count = max(counts.items(), key=lambda pair: pair[1], default=(None, 0))
        if count > 1:
            alike = [line for line in lines if line.likeness == likeness]
            place = next(place for place, line in enumerate(lines) if line is alike[0])
            lines[place] = merged(alike, most=self._max_chars, listing=self._listing)
            lines[:] = [line for line in lines if not any(line is other for other in alike)]
            return
        least = min(range(len(lines)), key=lambda place: lines[place].worth)  # of several, the oldest
        self.unsaid += 1
        counting.count_unsaid(lines[least].priority, counting.DROPPED)
        log.warning("too much to say, dropped: %s", lines.pop(least))

    def _drop_old(self) -> None:
        now = time.time()
        for priority, lines in self._waiting.items():
            old = [line for line in lines if now - line.at > LIMITS[priority].age]
            if not old:
                continue
            self.unsaid += len(old)
            counting.count_unsaid(priority, counting.LATE, len(old))
            for line in old:
                log.warning("too late to say, dropped: %s", line)
            lines[:] = [line for line in lines if now - line.at <= LIMITS[priority].age]


def _first(lines: list[Action]) -> Action:
    if lines[0].priority == THANKS:
        return max(lines, key=lambda action: action.worth)  # of several, the oldest
    return lines[0]

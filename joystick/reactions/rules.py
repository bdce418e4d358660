"""The streamer's rows as rules: read once a second, not for each event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from joystick.models import Match, Reaction, ShoutOut
from joystick.reactions import patterns
from joystick.reactions.kinds import Occasion, OccasionKind, in_order, occasions
from pixelbot_site.kit.lines import lines_of
from pixelbot_site.kit.live import Live
from pixelbot_site.kit.steps import Step
from pixelbot_site.kit.stored import Stored


@dataclass(frozen=True, slots=True)
class Rule:
    """A row as the engine uses it. Rules are equal when all they say is; rows of models are when their ids are."""

    pk: int
    occasion: str
    subject: str = ""
    match: str = Match.IS
    least: int | None = None
    most: int | None = None
    role: int = 0
    min_level: int = 0
    chance: int = 100
    cooldown: int = 0
    viewer_cooldown: int = 0
    live_only: bool = False
    lines: tuple[str, ...] = ()
    in_turn: bool = False
    effects: tuple[Step, ...] = ()
    goes_on: bool = False

    def fits(self, kind: OccasionKind, occasion: Occasion) -> bool:
        """Return whether the subject and the amount of an occasion are the rule's."""
        if self.subject and not _is_match(self.match, self.subject, occasion.subject.strip()):
            return False
        if self.least is None and self.most is None:
            return True
        amount = occasion.words.get(kind.amount)
        if not isinstance(amount, int):
            return False
        if self.least is not None and occasion.before is not None and occasion.before >= self.least:
            return False  # it was reached before
        return (self.least is None or amount >= self.least) and (self.most is None or amount <= self.most)

    @property
    def needs_viewer(self) -> bool:
        """Return whether it depends on what the viewer is."""
        return self.role > 0 or self.min_level > 0


def _is_match(match: str, wanted: str, text: str) -> bool:
    if match == Match.PATTERN:
        return patterns.is_found(wanted, text)
    text = text.casefold()
    if match == Match.BEGINS:
        return text.startswith(wanted) and not text[len(wanted) : len(wanted) + 1].isalnum()
    if match == Match.CONTAINS:
        place = text.find(wanted)
        while place >= 0:
            before, after = text[max(place - 1, 0) : place], text[place + len(wanted) :][:1]
            if not (before.isalnum() and wanted[0].isalnum()) and not (after.isalnum() and wanted[-1].isalnum()):
                return True
            place = text.find(wanted, place + 1)
        return False
    return text == wanted


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules by occasion, in their order, and the kinds that have any, by the type of event.

    `shout_outs`: the keys of those who are always shouted out, where some rule does.
    """

    rules: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    kinds: Mapping[type[Any], tuple[OccasionKind, ...]] = field(default_factory=dict)
    shout_outs: frozenset[str] = frozenset()


def rule_of(row: Reaction) -> Rule:
    """Return what a row says."""
    kind = occasions.get(row.occasion)
    own = row.viewer_cooldown_seconds
    return Rule(
        row.pk,
        row.occasion,
        row.subject.strip() if row.match == Match.PATTERN else row.subject.strip().casefold(),
        row.match,
        row.least,
        row.most,
        row.role,
        row.min_level,
        row.chance,
        row.cooldown_seconds,
        own if own is not None else kind.viewer_cooldown if kind is not None else 0,
        row.live_only,
        lines_of(row.lines),
        row.in_turn,
        tuple(row.effects),
        row.goes_on,
    )


# The occasion that needs the list of those who are always shouted out.
SHOUT_OUT = "shout_out"


def read() -> RuleSet:
    """Return the rules of the rows that are on. Those of an occasion that is no more are asked for by no event."""
    by_name: dict[str, list[Rule]] = {}
    for row in Reaction.objects.filter(enabled=True):
        by_name.setdefault(row.occasion, []).append(rule_of(row))
    by_event: dict[type[Any], list[OccasionKind]] = {}
    for kind in in_order():
        if kind.name in by_name:
            for event in kind.events:
                by_event.setdefault(event, []).append(kind)
    return RuleSet(
        {name: tuple(rules) for name, rules in by_name.items()},
        {event: tuple(kinds) for event, kinds in by_event.items()},
        frozenset(ShoutOut.objects.values_list("key", flat=True)) if SHOUT_OUT in by_name else frozenset(),
    )


# None: read from the rows each time.
stored: Live[RuleSet | None] = Live(None)


def current() -> RuleSet:
    """Return the rules that are in force."""
    in_force = stored.current()
    return read() if in_force is None else in_force


def follow_rows() -> None:
    """Take the rules from the rows, in this process."""
    stored.use(Stored[RuleSet | None](Reaction, read, RuleSet()))

"""Decides which rows run for the occasions of a batch: in the rows' order, and by all their conditions."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from itertools import groupby
from types import MappingProxyType
from typing import Any

from economy import cooldowns
from economy.models import XP, Viewer, viewer_key
from economy.viewers import people
from economy.viewers.roles import Elsewhere, role_of
from joystick.models import Stream
from joystick.reactions import rules
from joystick.reactions.kinds import Occasion, OccasionKind
from joystick.reactions.rules import Rule, RuleSet
from pixelbot_site.kit import present_channel
from pixelbot_site.kit.steps import leaves

# Tests put a seeded one in its place.
dice = random.Random()
# Seconds for which it is remembered that a row has run for a stream, a goal or the like.
REMEMBERED = 400 * 86_400.0


@dataclass(slots=True)  # not frozen: one for each event, and three times as quick to make
class Candidate:
    """An occasion that has rows. `event` is the uid of what it came of, `number` its place among the batch's."""

    number: int
    kind: OccasionKind
    occasion: Occasion
    event: str
    channel_id: str


@dataclass(frozen=True, slots=True)
class Run:
    """A rule that runs for an occasion."""

    rule: Rule
    candidate: Candidate


def rules_of(runs: Sequence[Run]) -> dict[int, Rule]:
    """Return the rules that run, each once, by their ids: hundreds of a batch may run the same."""
    return {run.rule.pk: run.rule for run in runs}


def with_alert(runs: Sequence[Run]) -> list[Run]:
    """Return those that have an alert among their effects."""
    rules = rules_of(runs)
    alerting = {pk for pk, rule in rules.items() if any(step.get("kind") == "alert" for step in leaves(rule.effects))}
    return [run for run in runs if run.rule.pk in alerting]


@dataclass
class Reacting:
    """The occasions of one batch. `viewers` are those that the batch has loaded, by key."""

    now: datetime
    candidates: list[Candidate] = field(default_factory=list)
    _count: int = 0

    @cached_property
    def rule_set(self) -> RuleSet:
        """Return the rules, the same for the whole batch."""
        return rules.current()

    def collect(self, event: Any, *, uid: str, channel_id: str) -> None:
        """Keep the occasions that the event is. One whose kind has no row costs nothing."""
        for kind in self.rule_set.kinds.get(type(event), ()):
            made = kind.make(event)
            if made is not None:
                self.candidates.append(Candidate(self._count, kind, made, uid, channel_id))
        self._count += 1

    def runs(
        self, viewers: Mapping[str, Viewer], elsewhere: Mapping[str, Elsewhere] = MappingProxyType({})
    ) -> list[Run]:
        """Return what runs, in the order of the events. Cooldowns are taken by this.

        `elsewhere`: what viewers are in other channels than the first, by channel.
        """
        judge = _Judge(self.now, self.rule_set, viewers, elsewhere)
        candidates = _sifted(self.candidates, self.now, elsewhere)
        judge.load([candidate for candidate in candidates if candidate.kind.has_viewer])
        # A stable order: events as they came, and of one event chain by chain.
        return [
            run
            for (_, _, channel), chain in groupby(
                candidates, key=lambda one: (one.number, one.kind.chain, one.channel_id)
            )
            for run in judge.of_chain(list(chain), channel)
        ]


def _sifted(candidates: Sequence[Candidate], now: datetime, elsewhere: Collection[str]) -> list[Candidate]:
    kept = {id(candidate): candidate for candidate in candidates}
    for kind in dict.fromkeys(candidate.kind for candidate in candidates if candidate.kind.sieve is not None):
        own = [candidate for candidate in candidates if candidate.kind is kind]
        assert kind.sieve is not None
        for channel in dict.fromkeys(candidate.channel_id for candidate in own):
            there = [candidate for candidate in own if candidate.channel_id == channel]
            with present_channel.within(channel, is_other=channel in elsewhere):
                found = kind.sieve([candidate.occasion for candidate in there], now)
            for candidate, made in zip(there, found, strict=True):
                if made is None:
                    del kept[id(candidate)]
                else:
                    kept[id(candidate)] = replace(candidate, occasion=made)
    return [kept[id(candidate)] for candidate in candidates if id(candidate) in kept]


class _Judge:
    """Asks what the conditions of rows need, once for a batch, and only where a row needs it."""

    def __init__(
        self, now: datetime, rule_set: RuleSet, viewers: Mapping[str, Viewer], elsewhere: Mapping[str, Elsewhere]
    ) -> None:
        self._elsewhere = elsewhere
        self._live: dict[str, bool] = {}
        self._now = now
        self._rules = rule_set.rules
        self._viewers = dict(viewers)
        self._levels: dict[int, int] = {}

    def _is_live(self, channel: str) -> bool:
        if channel not in self._live:
            self._live[channel] = Stream.objects.filter(present_channel.is_here(), ended_at__isnull=True).exists()
        return self._live[channel]

    def load(self, candidates: Sequence[Candidate]) -> None:
        """Read who the rows' conditions ask about: viewers whom the batch has not loaded, and levels."""
        asked = [
            (viewer_key(candidate.occasion.username), rule)
            for candidate in candidates
            for rule in self._rules.get(candidate.kind.name, ())
            if rule.needs_viewer and candidate.occasion.username
        ]
        missing = {key for key, _ in asked if key not in self._viewers}
        if missing:
            self._viewers |= people.with_keys(missing)
        leveled = {key for key, rule in asked if rule.min_level and key in self._viewers}
        if leveled:
            ids = [self._viewers[key].pk for key in leveled]
            self._levels = dict(XP.objects.filter(viewer_id__in=ids).values_list("viewer_id", "level"))

    def of_chain(self, chain: Sequence[Candidate], channel: str) -> Iterator[Run]:
        """Yield what runs of one event's chain: row by row, until one does not go on."""
        within = present_channel.within(channel, is_other=channel in self._elsewhere)
        for candidate in chain:
            for rule in self._rules.get(candidate.kind.name, ()):
                with within:
                    runs = self._runs(rule, candidate)
                if runs:
                    yield Run(rule, candidate)
                    if not rule.goes_on:
                        return

    def _runs(self, rule: Rule, candidate: Candidate) -> bool:
        # Cooldowns last: they are used up by what runs alone. But the dice are rolled once for each stream or goal.
        return (
            rule.fits(candidate.kind, candidate.occasion)
            and self._is_for(rule, candidate.occasion.username, candidate.channel_id)
            and (not rule.live_only or self._is_live(candidate.channel_id))
            and self._is_first(rule, candidate.occasion.once)
            and (rule.chance >= 100 or dice.random() * 100 < rule.chance)
            and self._is_due(rule, candidate.occasion.username)
        )

    def _is_for(self, rule: Rule, username: str, channel: str) -> bool:
        if not rule.needs_viewer:
            return True
        viewer = self._viewers.get(viewer_key(username))
        if viewer is None:
            return False
        if channel in self._elsewhere:
            viewer = self._elsewhere[channel].of(viewer)
        return role_of(viewer) >= rule.role and self._levels.get(viewer.pk, 1) >= rule.min_level

    def _is_first(self, rule: Rule, once: str) -> bool:
        if not once or rule.cooldown:
            return True
        key = present_channel.apart(f"reaction.{rule.pk}.{once}")
        return bool(cooldowns.take({key: REMEMBERED}, now=self._now))

    def _is_due(self, rule: Rule, username: str) -> bool:
        wanted: dict[str, float] = {}
        if rule.cooldown:
            wanted[present_channel.apart(f"reaction.{rule.pk}")] = rule.cooldown
        if rule.viewer_cooldown and username:
            wanted[f"reaction.{rule.pk}:{viewer_key(username)}"] = rule.viewer_cooldown
        return not wanted or cooldowns.take_all(wanted, now=self._now)

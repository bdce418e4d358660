"""What a row that runs does: its line, its effects, and one of both for many alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, F, Value, When
from django.utils import timezone

from economy.viewers import people
from effects import chat
from effects.chat import Priority
from effects.models import QueueItem
from effects.queue import folding, items
from effects.queue.folding import Shared
from joystick.models import Reaction, Stream
from joystick.reactions import engine
from joystick.reactions.engine import Candidate, Run
from joystick.reactions.kinds import VISIT, Occasion, OccasionKind
from joystick.reactions.rules import Rule
from pixelbot_site.kit import origin, present_channel
from pixelbot_site.kit.lines import picked
from pixelbot_site.kit.plural import span
from pixelbot_site.kit.steps import Step, planned
from pixelbot_site.kit.words import fill, is_plain, names

# What a subscription, a gift or a raid counts beside tips, in tokens: their events name no amount.
WORTH_WITHOUT_TOKENS = 500
# From so many alike in a batch on, there is one effect for all of them. Where one of an earlier batch waits, it takes
# each in.
FOLD_FROM = 3
# The words that are added up then, and those of which the smallest and the largest are told. All others must be the
# same in each.
SUMMED = frozenset({"tokens", "count", "viewers", "seconds"})
SPANNED = frozenset({"level"})
# Equal for runs that may become one.
Likeness = tuple[object, ...]
# A stream that began longer ago is not tonight's.
EVENING = timedelta(hours=18)


def perform(runs: Sequence[Run], *, now: datetime) -> None:
    """Enqueue the effects and say the lines of what runs, and count it."""
    if not runs:
        return
    turns = _turns({run.rule.pk for run in runs if run.rule.in_turn and len(run.rule.lines) > 1})
    effects = {pk: _Effects.of(rule) for pk, rule in engine.rules_of(runs).items()}
    likenesses = [_likeness(run, effects[run.rule.pk].words) for run in runs]
    folds = _folds(runs, likenesses)
    plans = []
    for run, likeness in zip(runs, likenesses, strict=True):
        with present_channel.within(run.candidate.channel_id):
            plans.append(_plan(run, effects[run.rule.pk], likeness, folds[likeness]))
    waiting = folding.waiting(part.key for plan in plans for part in plan if isinstance(part, Shared))
    for run, plan in zip(runs, plans, strict=True):
        with origin.of(run.candidate.event), present_channel.within(run.candidate.channel_id):
            _enqueue(run, plan, waiting)
            say_line(run, turns)
    _count(runs, now=now)


@dataclass(frozen=True, slots=True)
class _Effects:
    """A rule's effects: the names of the words in them, and the parts that `folding.split` makes of them."""

    words: frozenset[str]
    parts: list[tuple[Sequence[Step], bool]]

    @classmethod
    def of(cls, rule: Rule) -> _Effects:
        return cls(frozenset(names(rule.effects)), list(folding.split(rule.effects)))


def _folds(runs: Iterable[Run], likenesses: Iterable[Likeness]) -> dict[Likeness, list[Run]]:
    alike: dict[Likeness, list[Run]] = {}
    for run, likeness in zip(runs, likenesses, strict=True):
        alike.setdefault(likeness, []).append(run)
    return alike


def _likeness(run: Run, used: frozenset[str]) -> Likeness:
    words = run.candidate.occasion.words
    alike = SPANNED | _summed(run.candidate)
    return (
        run.rule.pk,
        run.candidate.channel_id,
        *((word, word in alike or words[word]) for word in sorted(used & words.keys())),
    )


def _plan(run: Run, effects: _Effects, likeness: Likeness, alike: Sequence[Run]) -> list[Sequence[Step] | Shared]:
    """Return the run's effects: lists of steps that are its viewer's alone, and what those alike share."""
    together = alike if len(alike) >= FOLD_FROM else [run]
    steps = effects.parts
    if len(together) > 1 and steps and len(steps[0][0]) > 1 and not steps[0][1]:  # a sequence with such a step
        apart = [step for step in run.rule.effects if folding.is_own(step)]
        steps = [(apart, False), ([step for step in run.rule.effects if step not in apart], True)]
    plan: list[Sequence[Step] | Shared] = []
    for place, (part, is_shared) in enumerate(steps):
        if not is_shared:
            plan.append(part)
        elif run is together[0]:
            plan.append(_shared(part, place, together, likeness))
    return plan


def _shared(steps: Sequence[Step], place: int, together: Sequence[Run], likeness: Likeness) -> Shared:
    run, candidates = together[0], [each.candidate for each in together]
    users = [one.occasion.username for one in candidates] if run.candidate.kind.has_viewer else []
    key = folding.key_of("reaction", place, steps, likeness)
    filling = run.candidate.occasion.filling
    spans = {
        word: span(candidate.occasion.words[word] for candidate in candidates)
        for word in SPANNED & run.candidate.occasion.words.keys()
    }
    return folding.shared(steps, filling, key=key, users=users, sums=_sums(candidates), spans=spans)


def _enqueue(run: Run, plan: Sequence[Sequence[Step] | Shared], waiting: dict[str, QueueItem]) -> None:
    occasion, event = run.candidate.occasion, run.candidate.event or None
    viewer = people.find(occasion.username) if plan and occasion.username else None
    for part in plan:
        if isinstance(part, Shared):
            folding.add(part, waiting, viewer=viewer, event=event)
            continue
        for effect in planned(part, occasion.filling):  # one of an unknown kind is skipped
            items.enqueue_known(effect, viewer=viewer, event=event)


def _sums(candidates: Sequence[Candidate]) -> Mapping[str, int]:
    """Return the sums of those alike."""
    numbers = {word: [one.occasion.words.get(word) for one in candidates] for word in _summed(candidates[0])}
    return {word: sum(number for number in own if isinstance(number, int)) for word, own in numbers.items()}


def _summed(candidate: Candidate) -> set[str]:
    """Return what is added up: numbers, not "some", nor an amount that is reached as a whole."""
    words = candidate.occasion.words
    return set() if candidate.kind.once else {word for word in SUMMED & words.keys() if isinstance(words[word], int)}


def say_line(run: Run, turns: dict[int, int]) -> None:
    """Say one of the rule's lines in chat, if it has any. What was paid for is thanked for by its size."""
    rule, kind, occasion = run.rule, run.candidate.kind, run.candidate.occasion
    template = _picked(rule, turns)
    line = fill(template, occasion.filling)
    if not line:
        return
    chat.say(
        line,
        _priority(kind),
        channel_id=run.candidate.channel_id,
        worth=_worth(kind, occasion),
        # Several are filled in again as one, by what knows these words alone.
        template=template if is_plain(template, occasion.filling) else "",
        words=occasion.filling,
    )


def _priority(kind: OccasionKind) -> Priority:
    if kind.is_thanks:
        return Priority.THANKS
    return Priority.GREETING if kind.chain == VISIT else Priority.CHATTER


def _picked(rule: Rule, turns: dict[int, int]) -> str:
    turn = turns.get(rule.pk, 0)
    if rule.in_turn:
        turns[rule.pk] = turn + 1
    return picked(rule.lines, in_turn=rule.in_turn, turn=turn, dice=engine.dice)


def _turns(ids: set[int]) -> dict[int, int]:
    return dict(Reaction.objects.filter(pk__in=ids).order_by().values_list("pk", "runs")) if ids else {}


def _worth(kind: OccasionKind, occasion: Occasion) -> int:
    if not kind.is_thanks:
        return 0
    tokens = occasion.words.get("tokens")
    return tokens if isinstance(tokens, int) else WORTH_WITHOUT_TOKENS


def evening_of(now: datetime) -> datetime:
    """Return when the evening began: with the newest stream, or where that is long ago, at midnight."""
    started = Stream.objects.filter(started_at__gte=now - EVENING).values_list("started_at", flat=True).first()
    return started or timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)


def _count(runs: Sequence[Run], *, now: datetime) -> None:
    counts: dict[int, int] = {}
    for run in runs:
        counts[run.rule.pk] = counts.get(run.rule.pk, 0) + 1
    evening = evening_of(now)
    for pk, count in sorted(counts.items()):
        Reaction.objects.filter(pk=pk).update(
            runs=F("runs") + count,
            evening_runs=Case(When(evening=evening, then=F("evening_runs") + count), default=Value(count)),
            evening=evening,
        )

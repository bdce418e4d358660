"""What a row that runs does: its line, its effects, and one of both for many alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import Case, F, Value, When
from django.utils import timezone

from economy.viewers import people
from effects import chat
from effects.chat import Priority
from effects.queue import items
from effects.registry import gives
from joystick.models import Reaction, Stream
from joystick.reactions import engine
from joystick.reactions.engine import Run
from joystick.reactions.kinds import Occasion, OccasionKind
from joystick.reactions.rules import Rule
from pixelbot_site.kit.lines import picked
from pixelbot_site.kit.steps import Step, leaves, planned
from pixelbot_site.kit.words import fill, is_plain, names

# What a subscription, a gift or a raid counts beside tips, in tokens: their events name no amount.
WORTH_WITHOUT_TOKENS = 500
# From so many alike in a batch on, there is one effect for all of them.
FOLD_FROM = 3
# The words that are added up then. All others must be the same in each.
SUMMED = frozenset({"tokens", "count", "viewers", "seconds"})
# A stream that began longer ago is not tonight's.
EVENING = timedelta(hours=18)


def perform(runs: Sequence[Run], *, now: datetime) -> None:
    """Enqueue the effects and say the lines of what runs, and count it."""
    if not runs:
        return
    turns = _turns({run.rule.pk for run in runs if run.rule.in_turn and len(run.rule.lines) > 1})
    folds = _folds(runs)
    for run in runs:
        together = folds.get(_likeness(run), [run])
        if len(together) < FOLD_FROM:
            enqueue_effects(run.rule.effects, run.candidate.occasion, event=run.candidate.event)
        else:
            _enqueue_folded(run, together)
        say_line(run, turns)
    _count(runs, now=now)


def enqueue_effects(steps: Sequence[Step], occasion: Occasion, *, event: str) -> None:
    """Enqueue effects for the occasion's viewer, with words filled in; skip those of an unknown kind.

    `event`: the uid of the event that was the occasion.
    """
    if not steps:
        return
    viewer = people.find(occasion.username) if occasion.username else None
    for effect in planned(steps, occasion.filling):
        items.enqueue_known(effect, viewer=viewer, event=event)


def _folds(runs: Iterable[Run]) -> dict[object, list[Run]]:
    alike: dict[object, list[Run]] = {}
    for run in runs:
        alike.setdefault(_likeness(run), []).append(run)
    return alike


def _likeness(run: Run) -> object:
    words = run.candidate.occasion.words
    used = names(run.rule.effects) - SUMMED
    return run.rule.pk, tuple((word, words.get(word)) for word in sorted(used - {"user"}))


def _enqueue_folded(run: Run, together: Sequence[Run]) -> None:
    # What gives something is for each viewer; everything else is seen and heard once, with the first of them.
    own = [step for step in run.rule.effects if any(gives(leaf) for leaf in leaves([step]))]
    enqueue_effects(own, run.candidate.occasion, event=run.candidate.event)
    if run is together[0]:
        shared = [step for step in run.rule.effects if step not in own]
        _enqueue_shared(shared, together)


def _enqueue_shared(steps: Sequence[Step], together: Sequence[Run]) -> None:
    occasions = [run.candidate.occasion for run in together]
    names = dict.fromkeys(occasion.username for occasion in occasions if occasion.username)
    name = next(iter(names), "")
    # The item is the first one's, so that no other name is left in it when somebody is forgotten.
    user = str(chat.NAMES_AND_MORE(names=name, count=len(names) - 1)) if len(names) > 1 else name
    viewer = people.find(name) if name else None
    for effect in planned(steps, {**occasions[0].filling, **_sums(occasions), "user": user}):
        items.enqueue_known(effect, viewer=viewer, event=together[0].candidate.event)


def _sums(occasions: Sequence[Occasion]) -> Mapping[str, int]:
    numbers = {word: [occasion.words[word] for occasion in occasions] for word in SUMMED & occasions[0].words.keys()}
    return {
        word: sum(number for number in several if isinstance(number, int))
        for word, several in numbers.items()
        if isinstance(several[0], int)
    }


def say_line(run: Run, turns: dict[int, int]) -> None:
    """Say one of the rule's lines in chat, if it has any. What was paid for is thanked for by its size."""
    rule, kind, occasion = run.rule, run.candidate.kind, run.candidate.occasion
    template = _picked(rule, turns)
    line = fill(template, occasion.filling)
    if not line:
        return
    chat.say(
        line,
        Priority.THANKS if kind.is_thanks else Priority.CHATTER,
        channel_id=run.candidate.channel_id,
        worth=_worth(kind, occasion),
        # Several are filled in again as one, by what knows these words alone.
        template=template if is_plain(template, occasion.filling) else "",
        words=occasion.filling,
    )


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

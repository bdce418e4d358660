"""What staff try before the show: effects that happen on the overlay as a test, for nobody and for nothing."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction

from effects.models import UNFINISHED, QueueItem
from effects.overlays import screens
from effects.queue import items, lanes
from effects.registry import Effect, kinds, known_parts, parsed, require_possible
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.steps import SEQUENCE, Step, mistakes, pruned
from pixelbot_site.kit.trying import Trial, effects_tried, may_try

# How many tests may wait or run at once, so that a button that is pressed again and again does not fill the lanes.
MAX_TESTS = 10


@may_try.register
def may(user: User | AnonymousUser) -> bool:
    """Return whether the user may steer the queue."""
    return user.has_perm("effects.change_queueitem")


@effects_tried.register
def try_effects(trial: Trial, by: str) -> str:
    """Enqueue the trial's effects as a test by `by`, and return a sentence that says what a test leaves out.

    What gives something, or speaks to somebody outside, is left out. Raise Refused, with nothing enqueued, where an
    effect has mistakes, can't happen now (no overlay is open, OBS is away), or too many tests wait.
    """
    besides = list(trial.besides)
    shown = []
    for effect in trial.effects:
        # The list of a column is one effect where it has a pause: it is no list inside another for that.
        reasons = mistakes(effect.payload["effects"] if effect.kind == SEQUENCE else [effect.step], is_unfolded=True)
        if reasons:
            raise Refused(reasons[0].rstrip("."))
        besides += list(_left_out(effect))
        shown += list(_shown(effect))
    if shown and QueueItem.objects.filter(state__in=UNFINISHED).exclude(tried_by="").count() >= MAX_TESTS:
        raise Refused(f"{MAX_TESTS} tests wait already")
    with transaction.atomic():
        for effect in shown:
            items.enqueue(effect, tried_by=by)
    return " ".join([_what_plays(shown), *([f"A test does not {', nor '.join(besides)}."] if besides else [])])


def _left_out(effect: Effect) -> Iterator[str]:
    for kind, payload in known_parts(effect):
        sentence = kind.left_out_of_tests(payload)
        if sentence:
            yield sentence


def _shown(effect: Effect) -> Iterator[Effect]:
    """Yield the effect without what a test leaves out, if anything is left. Raise Refused as its kinds do."""

    def keep(step: Step) -> bool:
        kind = kinds.get(str(step.get("kind")))
        return kind is not None and not kind.left_out_of_tests(parsed(kind, step))

    steps = pruned([effect.step], keep)
    require_possible(steps, lambda kind, step: kind.require_testable(parsed(kind, step)))
    for step in steps:
        yield Effect(effect.kind, {key: value for key, value in step.items() if key != "kind"}, effect.title)


def _what_plays(shown: list[Effect]) -> str:
    if not shown:
        return "There is nothing in it that could be seen or heard."
    paused = lanes.paused()
    needed = {kind.lane for effect in shown for kind, _ in known_parts(effect)}
    stopped = sorted(lane for lane in needed if screens.lane_here(lane) in paused)
    wait = f" It waits until {' and '.join(stopped)} goes on." if stopped else ""
    return f"It is shown on the overlay, marked TEST.{wait}"

"""Evenings of the simulator with reactions that speak to everything: the voice's lane, viewers' waits, the feed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from economy.models import LevelReward, Viewer
from effects.models import OverlayPage, QueueItem, State
from effects.queue import playback, worker
from joystick.models import InboundEvent, InboundState, Reaction
from joystick.reactions import defaults
from joystick.simulator.happenings import Happening, tip
from joystick.simulator.scenarios import CROWD, SCENARIOS
from pixelbot_site.kit import steps, words
from redeems import purchase
from redeems.models import Redeem

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stage")]

LANE = "tts"
BATCH = 0.5
# How long an evening is played, in its own seconds. The wave has forty lines in each.
SECONDS = {"busy-night": 40, "raid": 35, "spam-wave": 20}
# What is spoken for each occasion.
SPOKEN = {
    "tip": "{user} tipped {tokens} tokens",
    "follow": "{user} follows",
    "dropin": "Hello {user}",
    "gift": "{user} gave {count}",
    "raid": "{user} comes with {viewers}",
    "level_up": "{user} has level {level}",
    "word": "{user} said something",
    "redeem_failed": "{redeem} failed for {user}",
}


class Clock:
    """The evening's time, which goes on as told, and by a microsecond with each look at it."""

    def __init__(self) -> None:
        self.time = timezone.now()

    def now(self, tz: Any = None) -> datetime:
        self.time += timedelta(microseconds=1)
        return self.time


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Clock:
    settings.TTS_ENGINE = "none"
    settings.TTS_QUEUE_MAX, settings.QUEUE_OWN_MAX = 6, 3
    made = Clock()
    # The models' defaults are `timezone.now` itself, which asks this.
    monkeypatch.setattr("django.utils.timezone.datetime", made)
    return made


def batches(name: str) -> Iterator[list[Happening]]:
    """The evening's happenings, those of half a second together."""
    at, due, batch = 0.0, BATCH, list[Happening]()
    for pause, step in SCENARIOS[name](random.Random(3)):
        at += pause
        while at >= due:
            yield batch
            batch, due = [], due + BATCH
        assert isinstance(step, Happening)
        batch.append(step)


def speaks(clock: Clock, until: datetime | None) -> datetime | None:
    """Let the lane's worker do what it can, and the overlay end what it has played; return when that ends next."""
    if until is not None and clock.time < until:
        return until
    for item in QueueItem.objects.filter(lane=LANE, state=State.RUNNING):
        assert playback.finished(item.pk, item.attempts)
    worker.drain(LANE)
    playing = QueueItem.objects.filter(lane=LANE, state=State.RUNNING).first()
    if playing is None:
        return None
    playback.started(playing.pk, playing.attempts)
    return clock.time + timedelta(seconds=playing.overlay_seconds)


@pytest.mark.parametrize("name", list(SECONDS))
def test_a_flood_keeps_the_voice_short_viewers_served_and_the_feed_whole(
    name: str, clock: Clock, viewer: Callable[..., Viewer], deliver: Callable[..., None]
) -> None:
    defaults.seed()
    Reaction.objects.update(order=F("order") + 1)  # the rows below come first, and go on
    purchase.seed()
    Redeem.objects.filter(key="tts").update(cost=1, cooldown_seconds=0)
    for occasion, text in SPOKEN.items():
        effects = [{"kind": "speak", "text": text, "source": "tip"}]
        Reaction.objects.create(occasion=occasion, effects=effects, goes_on=True, viewer_cooldown_seconds=0)
    LevelReward.objects.create(level=1, repeats=True, line="{user} is at level {level}!", spoken=True)
    for person in [*CROWD, *(f"Spammer{number}" for number in range(20))]:
        viewer(person, points=500)

    told, longest, folded, until = 0, 0, 0, None
    for batch in islice(batches(name), int(SECONDS[name] / BATCH)):
        clock.time += timedelta(seconds=BATCH)
        OverlayPage.objects.update(until=clock.time + timedelta(seconds=60))
        told += len(batch)
        deliver(*batch)
        waiting = QueueItem.objects.filter(lane=LANE, state=State.PENDING)
        own = waiting.filter(is_own=True).count()
        assert own <= 3 and waiting.count() - own <= 6
        longest = max(longest, waiting.count())
        folded += waiting.filter(folded__gt=1).count()
        until = speaks(clock, until)
    assert longest >= 4 and folded  # it was a flood
    assert InboundEvent.objects.filter(state=InboundState.HANDLED).count() == told
    items = QueueItem.objects.filter(lane=LANE)
    bought, own_lines = items.filter(purchase__isnull=False), items.filter(is_own=True, started_at__isnull=False)
    assert bought.filter(state=State.DONE).count() >= 2 and own_lines.exists()
    assert not items.filter(purchase=None, is_own=None).exists()
    for item in bought:
        before = own_lines.filter(started_at__lt=item.started_at or clock.time)
        assert before.exclude(finished_at__lt=item.created_at).count() <= 1
    # Each happening counted for its row, whatever was spoken together.
    for occasion, kind in (("tip", "tipped"), ("follow", "followed"), ("dropin", "enter_stream")):
        row = Reaction.objects.get(occasion=occasion, effects__0__text=SPOKEN[occasion])
        assert row.runs == InboundEvent.objects.filter(kind=kind).count()


def test_a_rows_effects_are_looked_at_once_for_a_batch(
    monkeypatch: pytest.MonkeyPatch, viewer: Callable[..., Viewer], deliver: Callable[..., None]
) -> None:
    """A hundred tips in a batch run one row: looking into its effects for each took half of the time of all."""
    Reaction.objects.create(occasion="tip", effects=[{"kind": "alert", "title": "{user}: {tokens}", "seconds": 5}])
    looks: list[str] = []

    def counted(name: str, look: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def counting(steps: Any) -> Any:
            looks.append(name)
            return look(steps)

        return counting

    monkeypatch.setattr("joystick.reactions.performing.names", counted("names", words.names))
    monkeypatch.setattr("joystick.reactions.engine.leaves", counted("leaves", steps.leaves))
    deliver(*(tip(f"viewer{number}", number) for number in range(1, 101)))
    assert Reaction.objects.get().runs == 100
    assert sorted(looks) == ["leaves", "names"]

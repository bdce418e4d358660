"""Timers: lines and effects every so many minutes, while people write.

When each is due is stored: a restart neither repeats a line nor lets all begin at once, and what was missed while the
bot was off is skipped.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, Q

from economy.models import Viewer
from effects import chat
from effects.chat import Priority
from effects.queue import items
from joystick.account.own_name import own_key
from joystick.models import InboundEvent, Install, Stream, Timer, TimerGroup
from pixelbot_site.kit import present_channel
from pixelbot_site.kit.lines import lines_of, picked
from pixelbot_site.kit.steps import planned
from pixelbot_site.kit.words import fill

log = logging.getLogger("joystick")

# Between two timers, whichever they are: when a quiet chat wakes up, those that waited do not come all at once.
GAP = timedelta(minutes=1)
# What may not run now is looked at again after this.
LOOK_AGAIN = timedelta(minutes=1)
# A timer that was due so long ago was missed: meanwhile nobody looked, so the bot was off.
MISSED_AFTER = timedelta(minutes=3)
ON_NOW = Q(ended_at__isnull=True)


def run_due(*, now: datetime) -> Timer | None:
    """Run one of the timers that are due and may run now, the one that ran longest ago, and return it.

    Call it every few seconds.
    """
    due = Timer.objects.filter(Q(due_at__lte=now) | Q(due_at=None), enabled=True).select_related("group")
    waiting = [timer for timer in due.order_by(F("ran_at").asc(nulls_first=True), "pk") if _is_still_due(timer, now)]
    if not waiting:
        return None
    last = Timer.objects.aggregate(last=Max("ran_at"))["last"]
    is_held = last is not None and last > now - GAP
    chosen = None if is_held else next((timer for timer in waiting if _may_run(timer, now)), None)
    held = [timer.pk for timer in waiting if timer is not chosen]
    Timer.objects.filter(pk__in=held, due_at__lte=now).update(due_at=now + LOOK_AGAIN)
    return chosen if chosen is not None and _run(chosen, now) else None


def _channels() -> list[str]:
    """Return the ids of the channels in use; "" where it is one alone: what is said goes there."""
    found = [install.channel_id for install in Install.in_use()]
    return found if len(found) > 1 else [""]


def lines_an_hour() -> float:
    """Return how many lines an hour the timers that are on say at most."""
    pauses = Timer.objects.filter(enabled=True).exclude(lines="").values_list("every_minutes", flat=True)
    return min(sum(60 / minutes for minutes in pauses), timedelta(hours=1) / GAP)


def _is_still_due(timer: Timer, now: datetime) -> bool:
    """Return whether the timer is due; put off one that is new, was missed, or is for a stream that is not on."""
    every = timedelta(minutes=timer.every_minutes)
    if timer.due_at is None:
        _move(timer, now + every, last_event=_newest_event())
    elif timer.due_at < now - MISSED_AFTER or (timer.live_only and not Stream.objects.filter(ON_NOW).exists()):
        # At its own times, so that those that were missed do not all come together.
        _move(timer, timer.due_at + every * ((now - timer.due_at) // every + 1), last_event=_newest_event())
    else:
        return True
    return False


def _move(timer: Timer, due_at: datetime, *, last_event: int) -> None:
    Timer.objects.filter(pk=timer.pk, due_at=timer.due_at).update(due_at=due_at, last_event=last_event)


def _newest_event() -> int:
    return InboundEvent.objects.aggregate(last=Max("pk"))["last"] or 0


def _may_run(timer: Timer, now: datetime) -> bool:
    group = timer.group
    if group is not None and group.ran_at is not None and group.ran_at > now - timedelta(minutes=group.pause_minutes):
        return False
    return bool(_where(timer))


def _where(timer: Timer) -> list[str]:
    """Return the channels in which it may run: where it is live, if that matters, and enough was written."""
    found = []
    for channel in _channels():
        with present_channel.within(channel):
            is_on = not timer.live_only or Stream.objects.filter(ON_NOW, present_channel.is_here()).exists()
            if is_on and (timer.min_lines == 0 or _lines_since(timer) >= timer.min_lines):
                found.append(channel)
    return found


def _lines_since(timer: Timer) -> int:
    """Return how many lines viewers have written since it ran last, counted no further than it asks for."""
    own = InboundEvent.objects.filter(present_channel.is_here(), pk__gt=timer.last_event, kind="new_message")
    lines = own.exclude(viewer_key=own_key())
    # Bots have no row: their lines are stored, and nothing more comes of them.
    writer = Viewer.objects.filter(key=OuterRef("viewer_key"), is_bot=False)
    return len(lines.filter(Exists(writer)).order_by("pk").values_list("pk")[: timer.min_lines])


def _run(timer: Timer, now: datetime) -> bool:
    channels = _where(timer)
    with transaction.atomic():
        # Conditional: of two processes, one runs it.
        taken = Timer.objects.filter(pk=timer.pk, due_at=timer.due_at, enabled=True).update(
            due_at=now + timedelta(minutes=timer.every_minutes),
            ran_at=now,
            last_event=_newest_event(),
            runs=F("runs") + 1,
        )
        if not taken:
            return False
        if timer.group_id is not None:
            TimerGroup.objects.filter(pk=timer.group_id).update(ran_at=now)
        template = picked(lines_of(timer.lines), in_turn=timer.in_turn, turn=timer.runs)
        for channel in channels:
            with present_channel.within(channel):
                line = fill(template, {})
                if line:
                    chat.say(line, Priority.CHATTER)
                for effect in planned(timer.effects, {}):
                    items.enqueue_known(effect)
    log.info("timer %s ran", timer.name)
    return True

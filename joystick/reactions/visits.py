"""What is the first of the stream: whose line in chat (or their first ever, or after days), which number of viewers.

A few statements for each batch that has such.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.db.models import OuterRef, Subquery

from economy import cooldowns
from economy.models import Viewer, viewer_key
from economy.viewers import people
from joystick.models import InboundEvent, Stream
from joystick.reactions import rules
from joystick.reactions.kinds import Occasion
from pixelbot_site.kit import present_channel

# Seconds for which it is remembered that somebody's line was looked at: longer than any stream.
REMEMBERED = 172_800.0


def first_line(made: Sequence[Occasion], now: datetime) -> list[Occasion | None]:
    """Keep each viewer's first line of the stream that is on."""
    stream = _stream()
    return _firsts("first_line", made, now, stream) if stream is not None else [None] * len(made)


def first_line_ever(made: Sequence[Occasion], now: datetime) -> list[Occasion | None]:
    """Keep the lines of viewers of whom the feed has no earlier one."""
    firsts = _firsts("first_line_ever", made, now, _stream())
    lasts = _last_lines(firsts, now)
    return [one if one is not None and lasts.get(viewer_key(one.username)) is None else None for one in firsts]


def back(made: Sequence[Occasion], now: datetime) -> list[Occasion | None]:
    """Keep the lines of viewers whose last one was a day ago or more, with the days since."""
    firsts = _firsts("back", made, now, _stream())
    lasts = _last_lines(firsts, now)
    found: list[Occasion | None] = []
    for one in firsts:
        last = lasts.get(viewer_key(one.username)) if one is not None else None
        days = (now - last).days if last is not None else 0
        found.append(replace(one, words={"days": days}) if one is not None and days else None)
    return found


def shout_out(made: Sequence[Occasion], now: datetime) -> list[Occasion | None]:
    """Keep the first line of the stream of each viewer who is on the streamer's list, with a link to their channel."""
    # Every line of chat comes here: the list is not asked for with each.
    listed = rules.current().shout_outs & {viewer_key(one.username) for one in made}
    if not listed:
        return [None] * len(made)
    theirs = [
        replace(one, words={"link": people.channel_address(one.username)})
        for one in made
        if viewer_key(one.username) in listed
    ]
    firsts = iter(_firsts("shout_out", theirs, now, _stream()))
    return [next(firsts) if viewer_key(one.username) in listed else None for one in made]


def _stream() -> int | None:
    on = Stream.objects.filter(present_channel.is_here(), ended_at__isnull=True)
    return on.values_list("pk", flat=True).first()


def told_before(kinds: Sequence[str], now: datetime) -> list[InboundEvent]:
    """Return the newest event of each of these kinds before the batch of that moment, in their order."""
    rows: list[InboundEvent] = []
    for kind in kinds:  # one by one: the index on the kind has each in the order of its ids
        own = InboundEvent.objects.filter(present_channel.is_here(), kind=kind, received_at__lt=now)
        rows += own.order_by("-id")[:1]
    return sorted(rows, key=lambda row: row.pk)


def each_stream(made: Sequence[Occasion], now: datetime) -> list[Occasion | None]:
    """Let each row run once in the stream that is on."""
    visit = _visit(_stream(), now)
    return [replace(one, once=f"stream.{visit}") for one in made]


def _visit(stream: int | None, now: datetime) -> str:
    # Without a stream, a day counts as one.
    return present_channel.apart(f"{now:%Y-%m-%d}") if stream is None else str(stream)


def _firsts(name: str, made: Sequence[Occasion], now: datetime, stream: int | None) -> list[Occasion | None]:
    visit = _visit(stream, now)
    keys = [f"{name}.{visit}:{viewer_key(one.username)}" for one in made]
    free = cooldowns.take(dict.fromkeys(keys, REMEMBERED), now=now)
    found: list[Occasion | None] = []
    for key, one in zip(keys, made, strict=True):
        found.append(one if key in free else None)
        free.discard(key)  # a second line in the same batch is no first one
    return found


def _last_lines(made: Sequence[Occasion | None], now: datetime) -> dict[str, datetime | None]:
    keys = {viewer_key(one.username) for one in made if one is not None}
    if not keys:
        return {}
    # Those of this batch are stored already, with its time.
    lines = InboundEvent.objects.filter(viewer_key=OuterRef("key"), kind="new_message", received_at__lt=now)
    last = Subquery(lines.order_by("-id").values("received_at")[:1])
    return dict(Viewer.objects.filter(key__in=keys).order_by().annotate(last_line=last).values_list("key", "last_line"))

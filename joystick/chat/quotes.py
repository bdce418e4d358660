"""Quotes: told by number, by a word or at random, and taken from what viewers wrote."""

from __future__ import annotations

import random

from django.db import transaction
from django.db.models import Max, QuerySet

from economy.models import Viewer
from economy.viewers import forgetting, people
from joystick.models import FilterAction, InboundEvent, ModeratedLine, Quote
from joystick.protocol.events import ChatMessage
from joystick.protocol.frames import ReceivedFrame, read_frame
from pixelbot_site.kit.transactions import take_turn

# Characters of a quote.
MAX_TEXT = 300
# How many of a viewer's newest lines are looked at for one that is no command.
RECENT = 20


def told(wanted: str = "") -> Quote | None:
    """Return an approved quote: that number, one with these words, or without any, one at random."""
    quotes = Quote.objects.select_related("viewer").filter(approved=True)
    if wanted.isdecimal() and len(wanted) < 9:
        return quotes.filter(number=int(wanted)).first()
    if wanted:
        # Compared here: of what is not ASCII, SQLite knows no case.
        texts = quotes.values_list("pk", "text")
        found = [pk for pk, text in texts if wanted.casefold() in text.casefold()]
        return quotes.get(pk=random.choice(found)) if found else None
    return _any(quotes)


def _any(quotes: QuerySet[Quote]) -> Quote | None:
    return quotes.order_by("?").first()


def add(text: str, *, viewer: Viewer | None, by: Viewer, approved: bool) -> Quote:
    """Store a quote under the next number."""
    with transaction.atomic():
        number = next_number()
        return Quote.objects.create(number=number, text=text[:MAX_TEXT], viewer=viewer, added_by=by, approved=approved)


def next_number() -> int:
    """Return the number of a quote that is stored in this transaction."""
    take_turn()  # of two at once, both get a number of their own
    return (Quote.objects.aggregate(last=Max("number"))["last"] or 0) + 1


def newest_line(viewer: Viewer) -> str:
    """Return what the viewer wrote last for all in chat, commands aside; "" where the feed has nothing.

    Whispers, and lines that were taken out, are for nobody.
    """
    rows = InboundEvent.objects.filter(viewer_key__in=people.keys_of(viewer), kind="new_message").order_by("-id")
    recent = list(rows[:RECENT])
    taken_out = ModeratedLine.objects.filter(event__in=[row.uid for row in recent], dry_run=False)
    actions = dict(taken_out.exclude(action=FilterAction.WARN).values_list("event", "action"))
    for row in recent:
        if actions.get(row.uid) == FilterAction.MUTE:
            return ""  # what was written before a mute is taken out with the line
        if row.text and not row.text.startswith("!") and row.uid not in actions and _is_public(row):
            return row.text
    return ""


def _is_public(row: InboundEvent) -> bool:
    # The frame alone tells. One that is gone (FEED_RAW_DAYS) may have been whispered.
    read = read_frame(row.raw) if row.raw else None
    return isinstance(read, ReceivedFrame) and isinstance(read.event, ChatMessage) and read.event.is_public


@forgetting.viewer_forgotten.register
def forget(viewer: Viewer) -> None:
    """Delete what the viewer said."""
    Quote.objects.filter(viewer=viewer).delete()

"""Deletes what the feed need not keep, in pieces beside other work."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from django.db import transaction

from economy.models import Audit
from joystick.models import Gap, InboundEvent, InboundState, ModeratedLine, NameChange, NameStep, Retention
from joystick.settings_table import FeedSettings
from pixelbot_site.kit import pieces

# Events that one run looks at: what was left, as after an update of the bot, is for the next hours.
MOST = 500_000


def prune(*, now: datetime) -> None:
    """Blank old frames, and delete old events, gaps, audits and ended sessions. Waits between its pieces."""
    rules = FeedSettings.current()
    _blank_frames(before=now - timedelta(days=rules.feed_raw_days))
    old = now - timedelta(days=rules.feed_history_days)
    pieces.delete(InboundEvent.objects.filter(received_at__lt=old).order_by("received_at"), most=MOST)
    first = InboundEvent.objects.order_by("pk").values_list("pk", flat=True).first()
    if first is not None:  # earlier names are known as long as there are events to be forgotten under them
        pieces.delete(NameChange.objects.filter(step=NameStep.DONE, last_event__lt=first))
    pieces.delete(Gap.objects.filter(ended_at__lt=old))
    pieces.delete(ModeratedLine.objects.filter(at__lt=old))
    latest = Audit.objects.values_list("pk", flat=True).first()  # says whether the ledger is right, however old it is
    pieces.delete(Audit.objects.filter(ran_at__lt=old).exclude(pk=latest or 0))
    pieces.delete(Session.objects.filter(expire_date__lt=now))


def _blank_frames(*, before: datetime) -> None:
    old = InboundEvent.objects.filter(received_at__lt=before)
    # A batch's events came at the same moment: without the keys, PostgreSQL would return any of them.
    first, last = (
        old.order_by(*order).values_list("pk", flat=True).first()
        for order in (("received_at", "pk"), ("-received_at", "-pk"))
    )
    if first is None or last is None:
        return
    # Without the position, each run would read every old event again.
    position, _ = Retention.objects.get_or_create(pk=1)
    begin = max(position.blanked_to, first - 1)
    for done in range(begin, min(last, begin + MOST), pieces.PIECE):
        upto = min(done + pieces.PIECE, last)
        events = InboundEvent.objects.filter(pk__gt=done, pk__lte=upto).exclude(state=InboundState.FAILED)
        began = time.monotonic()
        with transaction.atomic():
            events.exclude(raw="").update(raw="")
            Retention.objects.filter(pk=1).update(blanked_to=upto)
        pieces.pause(began)

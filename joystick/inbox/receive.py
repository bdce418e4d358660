"""Receive events: store each and act on it once, many in one transaction."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Container, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.utils import timezone

from economy.models import viewer_key
from effects.overlays import messages
from joystick.channel import installs
from joystick.channel.health import LeaseLost
from joystick.channel.installs import Known
from joystick.inbox import counting
from joystick.inbox.outcomes import Outcomes
from joystick.inbox.overlay_facts import more_of
from joystick.models import InboundEvent, InboundState, Install
from joystick.protocol.events import ChatMessage, Event, Tip, WheelSpin
from joystick.protocol.frames import SERVER_ERROR, UNREADABLE, ReceivedFrame, read_frame
from joystick.settings_table import Rules
from pixelbot_site.kit import bulk, origin, present_channel
from pixelbot_site.kit.clean import clean_text
from pixelbot_site.kit.transactions import after_commit

log = logging.getLogger("joystick")

# How exactly a channel's last event is stored: writing it with each would cost as much as the event.
LAST_EVENT_EVERY = timedelta(minutes=1)
# How many characters of a frame are stored. The largest real ones have about 4,000.
MAX_RAW_CHARS = 100_000
# How many characters of an event's text overlays get.
MAX_SHOWN_CHARS = 300


def _nothing() -> None:
    pass


def receive(batch: Sequence[ReceivedFrame], *, check: Callable[[], None] = _nothing) -> None:
    """Store the batch and act on it in order, in one transaction. Events received before are left out.

    If one of them raises, the batch is rolled back and received again in halves, and so on, until that event fails
    alone and its error is stored on its row. Raises OperationalError or InterfaceError when the database is away or
    busy; nothing is stored then, and the same batch may be received again. `check` is called first in each transaction:
    what it raises of LeaseLost is raised, and nothing is stored.
    """
    try:
        _handle(batch, check)
    except (OperationalError, InterfaceError, LeaseLost):
        raise  # no event's fault
    except Exception as error:  # the inbox's edge
        rest = _without_known(batch) if isinstance(error, IntegrityError) else batch
        if len(rest) < len(batch):  # looked for afterwards, since hardly ever is one known, and each reply would wait
            receive(rest, check=check)
        elif len(batch) > 1:
            middle = len(batch) // 2
            receive(batch[:middle], check=check)
            receive(batch[middle:], check=check)
        elif batch:
            log.exception("could not handle %s", batch[0].event or batch[0].error)
            with transaction.atomic():
                check()
                _store_failure(batch[0], traceback.format_exc())


def _without_known(batch: Sequence[ReceivedFrame]) -> list[ReceivedFrame]:
    known = bulk.among(InboundEvent, "uid", [received.event.uid for received in batch if received.event is not None])
    return [received for received in batch if received.event is None or received.event.uid not in known]


def retry_failed(rows: Sequence[InboundEvent]) -> int:
    """Handle failed rows once more, each by itself. Return how many of `rows` are handled now."""
    handled = 0
    for row in rows:
        if row.state != InboundState.FAILED or not row.raw:  # blanked: the viewer was forgotten
            continue
        received = read_frame(row.raw)
        if not isinstance(received, ReceivedFrame):
            continue
        # Deleted and received in one transaction: of two who retry the same row, one finds it gone.
        with transaction.atomic():
            deleted, _ = InboundEvent.objects.filter(pk=row.pk, state=InboundState.FAILED).delete()
            if deleted:
                receive([received])
                # What fails again came when it came.
                InboundEvent.objects.filter(uid=row.uid, state=InboundState.FAILED).update(received_at=row.received_at)
        handled += InboundEvent.objects.filter(uid=row.uid, state=InboundState.HANDLED).exists()
    return handled


def _handle(batch: Sequence[ReceivedFrame], check: Callable[[], None]) -> None:
    now, began = timezone.now(), time.perf_counter()
    arrivals = {received.event.uid: received.at for received in batch if received.event is not None}
    with transaction.atomic(), origin.batch(arrivals):
        check()
        new, channels = _store_new(batch, now=now)
        outcomes = Outcomes(Rules.current(), now, others=installs.others(channels, now=now))
        for event in new:
            outcomes.handle(event)
        outcomes.finish()
        shown = [event for event in new if _is_public(event) and event.uid not in outcomes.taken_out]
        for channel in dict.fromkeys(event.channel_id for event in shown):
            with present_channel.within(channel):
                own = [event for event in shown if event.channel_id == channel]
                messages.happened([_overlay_payload(event, outcomes.alerted) for event in own])
        after_commit(counting.count, batch, new)
        commit_began = time.perf_counter()
    if not transaction.get_connection().in_atomic_block:  # else the commit is still to come, if it comes at all
        counting.observe(len(batch), began=began, commit_began=commit_began)


def _store_new(batch: Sequence[ReceivedFrame], *, now: datetime) -> tuple[list[Event], list[Known]]:
    """Store the events of the batch, each once, and return them and all channels.

    Raises IntegrityError when one was stored before.
    """
    uids: set[str] = set()
    rows: list[tuple[object, ...]] = []
    new: list[Event] = []
    for received in batch:
        event = received.event
        if event is None:
            rows.append(_unreadable(received, now=now))
        elif event.uid not in uids:
            uids.add(event.uid)
            new.append(event)
            rows.append(_row(received, event, now=now))
    bulk.insert(InboundEvent, COLUMNS, rows)
    return new, _store_installs(new, now=now)


# The columns of the rows below, in their order.
COLUMNS = (
    "uid",
    "kind",
    "channel_id",
    "username",
    "viewer_key",
    "text",
    "tokens",
    "state",
    "error",
    "raw",
    "occurred_at",
    "received_at",
)


def _row(received: ReceivedFrame, event: Event, *, now: datetime) -> tuple[object, ...]:
    return (
        event.uid,
        event.kind,
        event.channel_id,
        event.username,
        viewer_key(event.username) or None,
        event.text,
        event.tokens if isinstance(event, Tip | WheelSpin) else None,
        InboundState.HANDLED.value,
        "",
        clean_text(received.raw, MAX_RAW_CHARS),
        event.occurred_at,
        now,
    )


def _unreadable(received: ReceivedFrame, *, now: datetime) -> tuple[object, ...]:
    raw = clean_text(received.raw, MAX_RAW_CHARS)
    state = InboundState.UNREADABLE.value
    return (f"unreadable:{uuid4().hex}", UNREADABLE, "", "", None, "", None, state, received.error, raw, None, now)


def _store_failure(received: ReceivedFrame, error: str) -> None:
    if received.event is None:
        return
    # A few columns, none of which can have caused the failure: storing it must not fail as well.
    row = InboundEvent(
        uid=received.event.uid,
        kind=received.event.kind,
        channel_id=received.event.channel_id,
        username=received.event.username,
        viewer_key=viewer_key(received.event.username) or None,
        raw=clean_text(received.raw, MAX_RAW_CHARS),
        state=InboundState.FAILED,
        error=clean_text(error, MAX_RAW_CHARS),
        received_at=timezone.now(),
    )
    # Another listener may have handled the event meanwhile. Its row stays then.
    InboundEvent.objects.bulk_create([row], ignore_conflicts=True)
    after_commit(counting.count_failure, received.event)


def _store_installs(events: Sequence[Event], *, now: datetime) -> list[Known]:
    """Store that events came from their channels, and return all channels."""
    channels = {event.channel_id: "" for event in events if event.channel_id}
    channels |= {  # of all events, chat lines name the channel's owner
        event.channel_id: event.streamer for event in events if isinstance(event, ChatMessage) and event.streamer
    }
    channels.pop("", None)
    known = {channel.channel_id: channel for channel in installs.known()} if channels else {}
    for channel_id, username in sorted(channels.items()):
        stored = known.get(channel_id, Known(channel_id, "", None, is_connected=False))
        is_recent = stored.last_event_at is not None and now - stored.last_event_at < LAST_EVENT_EVERY
        if not is_recent or username not in ("", stored.username):
            named = {"username": username} if username else {}
            Install.objects.update_or_create(channel_id=channel_id, defaults={"last_event_at": now, **named})
            known[channel_id] = stored._replace(last_event_at=now)
    return list(known.values())


def _is_public(event: Event) -> bool:
    # Whispers are not for the stream, nor are error frames: their text may quote a whisper.
    return event.kind != SERVER_ERROR and not (isinstance(event, ChatMessage) and not event.is_public)


def _overlay_payload(event: Event, alerted: Container[str]) -> dict[str, Any]:
    payload = {"kind": event.kind, "uid": event.uid, "username": event.username, "text": event.text[:MAX_SHOWN_CHARS]}
    return payload | more_of(event) | ({"alerted": True} if event.uid in alerted else {})

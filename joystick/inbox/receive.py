"""Where events come in: each is stored and acted on once, many in one transaction."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from economy import cooldowns
from economy.earning import pay
from economy.earning.pay import Award
from economy.ledger.xp import LevelUp
from economy.models import Viewer, viewer_key
from economy.viewers import forgetting, presence
from economy.viewers import people as viewers
from effects import chat
from effects.overlays import messages
from effects.queue import items
from joystick import reactions
from joystick.channel import actions, streams
from joystick.models import InboundEvent, InboundState, Install, Reaction
from joystick.protocol import frames
from joystick.protocol.envelope import FrameError, clean
from joystick.protocol.events import ChatMessage, Event, OtherEvent, Tip, WheelSpin
from joystick.reactions import Cue
from joystick.registry import Outcome, handlers
from pixelbot_site.kit import bulk, rules
from pixelbot_site.kit.rules import Rules

log = logging.getLogger("joystick")

RAW_MOST = 100_000
"""Characters of a frame that are kept. The largest real ones have about 4,000."""
SHOWN_MOST = 300
UNREADABLE = "unreadable"
COMPLAINT = "error"
"""The kind of an error frame in the feed."""


@dataclass(frozen=True, slots=True)
class Received:
    """A frame with an event in it; `event` is None, and `error` says why, when it can't be understood."""

    raw: str
    event: Event | None
    error: str = ""


def read(text: str) -> Received | frames.Control:
    """Look at a frame from the socket: a control frame is handed back, everything else is for `receive`."""
    try:
        frame = frames.parse(text)
    except FrameError as error:
        log.warning("a frame could not be understood: %s", error)
        return Received(text, None, str(error))
    return Received(text, frame) if isinstance(frame, Event) else frame


def complaint(text: str, *, raw: str, last_action: str) -> Received:
    """An error frame as an event of its own, for log and feed. Nothing ties it to an action: the last one is named."""
    said = f"Joystick says: {text}" + (f" (last action: {last_action})" if last_action else "")
    log.error("%s", said)
    return Received(raw, OtherEvent(uid=f"error:{uuid4().hex}", kind=COMPLAINT, text=clean(said)))


def receive(batch: Sequence[Received]) -> None:
    """Store the batch and act on it, in one transaction, in order. Events seen before are left out.

    If one of them raises, the batch is rolled back and done again in halves, and so on, until only that one fails: its
    error is stored on its row. A database that is away or busy is no event's fault: OperationalError or InterfaceError
    is raised then, and the same batch may simply be received again.
    """
    try:
        _handle(batch)
    except (OperationalError, InterfaceError):
        raise
    except Exception:  # the inbox's edge
        if len(batch) > 1:
            middle = len(batch) // 2
            receive(batch[:middle])
            receive(batch[middle:])
        elif batch:
            log.exception("could not handle %s", batch[0].event or batch[0].error)
            _store_failure(batch[0], traceback.format_exc())


def again(rows: Sequence[InboundEvent]) -> int:
    """Handle failed rows once more, each by itself; returns how many went well now."""
    well = 0
    for row in rows:
        if row.state != InboundState.FAILED:
            continue
        received = read(row.raw)
        if not isinstance(received, Received):
            continue
        with transaction.atomic():
            deleted, _ = InboundEvent.objects.filter(pk=row.pk, state=InboundState.FAILED).delete()
            if deleted:
                receive([received])
        well += InboundEvent.objects.filter(uid=row.uid, state=InboundState.HANDLED).exists()
    return well


def _handle(batch: Sequence[Received]) -> None:
    now = timezone.now()
    with transaction.atomic():
        work = _Work(rules.current(), now)
        new = _store_new(batch, now=now)
        for event in new:
            work.handle(event)
        work.finish()
        messages.happened([_shown(event) for event in new if _is_public(event)])


def _store_new(batch: Sequence[Received], *, now: datetime) -> list[Event]:
    uids = [received.event.uid for received in batch if received.event is not None]
    known = bulk.among(InboundEvent, "uid", uids)
    rows: list[tuple[object, ...]] = []
    new: list[Event] = []
    for received in batch:
        event = received.event
        if event is None:
            rows.append(_unreadable(received, now=now))
        elif event.uid not in known:
            known.add(event.uid)
            new.append(event)
            rows.append(_row(received, event, now=now))
    bulk.insert(InboundEvent, COLUMNS, rows)
    _store_installs(new, now=now)
    return new


COLUMNS = (
    "uid",
    "kind",
    "channel_id",
    "username",
    "text",
    "tokens",
    "state",
    "error",
    "raw",
    "occurred_at",
    "received_at",
)


def _row(received: Received, event: Event, *, now: datetime) -> tuple[object, ...]:
    who = (event.uid, event.kind, event.channel_id, event.username)
    tokens = event.tokens if isinstance(event, Tip | WheelSpin) else None
    raw = clean(received.raw, RAW_MOST)
    return (*who, event.text, tokens, InboundState.HANDLED.value, "", raw, event.occurred_at, now)


def _unreadable(received: Received, *, now: datetime) -> tuple[object, ...]:
    raw = clean(received.raw, RAW_MOST)
    state = InboundState.UNREADABLE.value
    return (f"unreadable:{uuid4().hex}", UNREADABLE, "", "", "", None, state, received.error, raw, None, now)


def _store_failure(received: Received, error: str) -> None:
    if received.event is None:
        return
    # Only what can't be at fault itself: whatever broke the handling must not break this.
    row = InboundEvent(
        uid=received.event.uid,
        kind=received.event.kind,
        username=received.event.username,
        raw=clean(received.raw, RAW_MOST),
        state=InboundState.FAILED,
        error=clean(error, RAW_MOST),
        received_at=timezone.now(),
    )
    # Another listener may have handled it meanwhile: then its row stands.
    InboundEvent.objects.bulk_create([row], ignore_conflicts=True)


def _store_installs(events: Sequence[Event], *, now: datetime) -> None:
    """The channels heard from. A chat line also tells whose channel it is."""
    channels = {event.channel_id: "" for event in events if event.channel_id}
    channels |= {
        event.channel_id: event.streamer for event in events if isinstance(event, ChatMessage) and event.streamer
    }
    channels.pop("", None)
    for channel_id, username in sorted(channels.items()):
        named = {"username": username} if username else {}
        if not Install.objects.filter(channel_id=channel_id).update(last_event_at=now, **named):
            Install.objects.update_or_create(channel_id=channel_id, defaults={"last_event_at": now, **named})


def _is_public(event: Event) -> bool:
    """Whispers, and complaints that may quote one, are not for the stream."""
    return event.kind != COMPLAINT and not (isinstance(event, ChatMessage) and not event.is_public)


def _shown(event: Event) -> dict[str, Any]:
    """What overlays hear of an event: kind, uid, username, text, and its amount where it has one."""
    shown = {"kind": event.kind, "uid": event.uid, "username": event.username, "text": event.text[:SHOWN_MOST]}
    amounts = {name: getattr(event, name, None) for name in ("tokens", "count", "viewers", "number", "prize", "item")}
    return shown | {name: value for name, value in amounts.items() if value not in (None, "")}


@dataclass(slots=True)
class _Work:
    """The outcomes of a batch. Awards are gathered and paid together; what needs them paid settles first."""

    rules: Rules
    now: datetime
    awards: list[Award] = field(default_factory=list)
    people: dict[str, Viewer] = field(default_factory=dict)
    flags: dict[str, dict[str, bool]] = field(default_factory=dict)
    present: dict[str, bool] = field(default_factory=dict)
    cues: list[tuple[Cue, str]] = field(default_factory=list)

    def handle(self, event: Event | LevelUp) -> None:
        channel_id = event.channel_id if isinstance(event, Event) else ""
        for handler in handlers(event):
            self.carry_out(handler(event, self.rules), channel_id)

    def carry_out(self, outcome: Outcome, channel_id: str) -> None:
        self.awards += outcome.awards
        for username, flags in outcome.flags:
            self.flags[username] = {**self.flags.get(username, {}), **flags}
        self.present |= dict.fromkeys(outcome.here, True) | dict.fromkeys(outcome.gone, False)
        self.cues += [(cue, channel_id) for cue in outcome.cues]
        for effect in outcome.effects:
            items.enqueue_known(effect, viewer=outcome.whose)
        for line in outcome.lines:
            chat.say(line, channel_id=channel_id)
        for username, text in outcome.whispers:
            actions.answer(username, text, channel_id=channel_id)
        if outcome.afterwards is not None:
            self.settle()
            self.carry_out(outcome.afterwards(), channel_id)

    def finish(self) -> None:
        """What is left at the end of the batch."""
        self.settle()
        if self.present:
            presence.mark(
                here=[self.people[viewer_key(name)] for name, is_here in self.present.items() if is_here],
                gone=[name for name, is_here in self.present.items() if not is_here],
                seconds=self.rules.presence_seconds,
                now=self.now,
            )
        self.react()

    def react(self) -> None:
        due = [(cue, channel) for cue, channel in self.cues if self._is_due(cue)]
        rows = list(Reaction.objects.filter(enabled=True)) if due else []
        for cue, channel_id in due:
            row = reactions.find(cue, rows)
            if row is None:
                continue
            reactions.carry_out(row, cue)
            line = reactions.fill(row.line, cue)
            if line:
                chat.say(line, channel_id=channel_id)

    def _is_due(self, cue: Cue) -> bool:
        return not cue.at_most_every or cooldowns.take_all({cue.key: cue.at_most_every}, now=self.now)

    def settle(self) -> None:
        self.meet()
        while self.awards:  # what comes of a level-up may be an award again
            awards, self.awards = self.awards, []
            ups = pay.pay(awards, rules=self.rules, now=self.now, people=self.people, stream=self.stream())
            for level_up in ups:
                self.handle(level_up)
            if self.awards:
                self.meet()

    def meet(self) -> None:
        """Look up whom we have not met in this batch, or of whom something new is told. Before paying: who turns out
        to be a bot earns nothing."""
        flagged, self.flags = self.flags, {}
        flags = {viewer_key(name): told for name, told in flagged.items()}
        names = {award.viewer: award.username for award in self.awards}
        # Of whom only badges are told (bots), those who are viewers already: they entered, and may tip.
        others = {viewer_key(name): name for name in flagged if viewer_key(name) not in names}
        names |= {key: others[key] for key in bulk.among(Viewer, "key", others)}
        names |= {viewer_key(name): name for name, is_here in self.present.items() if is_here}
        strangers = [name for key, name in names.items() if key not in self.people or flags.get(key)]
        self.people |= viewers.seen(strangers, now=self.now, flags=flags)

    def stream(self) -> str:
        """Names the stream that is on, where entering pays once for each."""
        on = streams.current() if self.rules.dropin_once_per_stream else None
        return str(on.pk) if on else ""


@forgetting.also
def forget(viewer: Viewer) -> None:
    """What the viewer wrote and did, out of the feed: their events stay, without name and words."""
    streams.events_of(viewer.key).update(username="", text="", raw="", error="")

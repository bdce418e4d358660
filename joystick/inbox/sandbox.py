"""What an event would lead to: it is received by the bot's own code, in a transaction that is rolled back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Max, Model

from economy.ledger import sources, xp
from economy.models import Transaction, Viewer, XPTransaction
from effects import chat
from effects.models import QueueItem, State
from effects.registry import Effect
from joystick.inbox import receive
from joystick.models import InboundEvent, InboundState, Stream
from joystick.protocol.frames import ReceivedFrame
from pixelbot_site.kit.steps import SEQUENCE

# Rows of each kind that are told of.
MAX_ROWS = 20

# The last row's id of each model.
Before = dict[type[Model], int]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What would come of an event: in sentences, and the effects that would be seen and heard."""

    sentences: tuple[str, ...]
    effects: tuple[Effect, ...]


def rehearse(received: ReceivedFrame) -> Rehearsal:
    """Return what receiving the frame would lead to. No row is left of it, and nothing is said.

    The transaction lasts as long as receiving one event does, and looking at its rows: some milliseconds.
    """
    with transaction.atomic(), chat.overheard() as messages:
        before: Before = {model: _last(model) for model in (Transaction, XPTransaction, QueueItem, Viewer)}
        live = _count_live()
        receive.receive([received])
        items = list(_new(QueueItem, before).order_by("pk")[:MAX_ROWS])
        sentences = (
            *_mistakes(received),
            *(f"{viewer} is a new viewer." for viewer in _new(Viewer, before)[:MAX_ROWS]),
            *_ledger(before),
            *_stream(live),
            *(_said(message) for message in messages),
            *(_happening(item) for item in items if item.kind != SEQUENCE),
        )
        transaction.set_rollback(True)
    return Rehearsal(sentences, tuple(_effect(item) for item in items if item.lane))


def _last(model: type[Model]) -> int:
    return model._default_manager.aggregate(last=Max("pk"))["last"] or 0


def _new(model: type[Any], before: Before) -> Any:
    return model.objects.filter(pk__gt=before[model])


def _count_live() -> int:
    return Stream.objects.filter(ended_at=None).count()


def _mistakes(received: ReceivedFrame) -> Iterator[str]:
    uid = received.event.uid if received.event is not None else ""
    for row in InboundEvent.objects.filter(uid=uid, state=InboundState.FAILED):
        last_line = row.error.strip().rpartition("\n")[2]
        yield f"The bot could not handle it: {last_line}."


def _ledger(before: Before) -> Iterator[str]:
    curve = xp.current_curve()
    for row in _new(Transaction, before).select_related("viewer").order_by("pk")[:MAX_ROWS]:
        yield f"{row.viewer}: {row.delta:+} points ({sources.name_of(row.source)}), which makes {row.balance_after}."
    for row in _new(XPTransaction, before).select_related("viewer").order_by("pk")[:MAX_ROWS]:
        is_higher = row.level_after > curve.level(row.total_after - row.delta)
        level = f" and level {row.level_after}" if is_higher else ""
        yield f"{row.viewer}: {row.delta:+} XP ({sources.name_of(row.source)}), which makes {row.total_after}{level}."


def _stream(live_before: int) -> Iterable[str]:
    live = _count_live()
    if live == live_before:
        return ()
    return ("A stream begins.",) if live > live_before else ("The stream ends, and its figures are counted.",)


def _said(message: Mapping[str, Any]) -> str:
    words = message["words"]
    if message["action"] == "send_message":
        return f"Said in chat: “{words['text']}”"
    if message["action"] == "send_whisper":
        return f"Whispered to {words['username']}: “{words['text']}”"
    return f"Asked of Joystick: {message['action'].replace('_', ' ')}."


def _happening(item: QueueItem) -> str:
    what = f"{item.kind.replace('_', ' ')} “{item.title}”"
    if item.state == State.FAILED:
        return f"Does not happen: {what}, since {item.reason}."
    return f"Waits for approval: {what}." if item.state == State.WAITING else f"Happens: {what}."


def _effect(item: QueueItem) -> Effect:
    first = Effect(item.kind, item.payload, item.title)
    return Effect(SEQUENCE, {"effects": [first.step, *item.sequel]}, item.title) if item.sequel else first

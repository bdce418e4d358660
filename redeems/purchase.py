"""Buying a redeem: every check, the points, the stock and the queue item, in one transaction."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet

from economy import cooldowns
from economy.ledger import points
from economy.models import Transaction, Viewer
from effects import durations
from effects.models import HAPPENED, QueueItem
from effects.queue import items, refunds, waiting
from effects.registry import INSTANT, Effect, kinds
from effects.settings_table import EffectsSettings
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.steps import mistakes, planned
from pixelbot_site.kit.transactions import again_after_deadlock
from redeems.models import Approval, Least, Pricing, Redeem
from redeems.registry import Item, Order, Planned, catalog

WITHOUT_STREAM = timedelta(hours=12)
"""What counts as one stream for the limits, while the channel is not live."""


@again_after_deadlock
def buy(
    *,
    viewer: Viewer,
    key: str,
    words: str,
    reference: str,
    rules: EffectsSettings,
    now: datetime,
    free: bool = False,
) -> QueueItem:
    """Sell the redeem `key` to `viewer`; `reference` names the cause (a chat message), which buys once.

    `free`: staff gives it away: it costs nothing, and only what it needs in itself is looked at. Raises Refused, with
    the sentence for the viewer, and then nothing was taken: no points, no cooldown, no stock.
    """
    with transaction.atomic():
        # Points before redeems, as where points go back: nobody waits for ever. Whoever buys holds the redeem's row, so
        # that stock and limits are those of this very moment.
        points.hold(viewer.pk)
        row = Redeem.objects.select_for_update().filter(key=key.casefold()).first()
        item = catalog.get(key.casefold())
        if row is None or (item is None and not row.effects):
            raise Refused(f"there is no redeem called {key[:40]}")
        if not free:
            _may(row, viewer)
        wanted = _plan(row, item, Order(viewer, words, rules, row))
        took: dict[str, Any] = {}
        if not free:
            _room(wanted.effect, rules)
            _limits(row, viewer, now)
            took = {"cooldowns": _take_cooldowns(item, row, viewer, rules, now), "stock": _take_stock(row)}
        cost = 0 if free else _cost(row, wanted, words, rules)
        payment = _pay(row, viewer, cost, reference) if cost else None
        return items.enqueue(
            wanted.effect,
            viewer=viewer,
            payment=payment,
            redeem="" if free else row.key,  # what was given away took nothing that could go back
            priority=row.priority,
            waits=not free and _waits(row, viewer),
            result={"took": took} if took else {},
        )


def _may(row: Redeem, viewer: Viewer) -> None:
    """Is it on, and is the viewer somebody who may?"""
    if not row.enabled:
        raise Refused(f"{row.title} is switched off at the moment")
    if row.live_only and _live_since() is None:
        raise Refused(f"{row.title} is only for while the stream is live")
    if role(viewer) < row.least_role:
        raise Refused(f"{row.title} is for {Least(row.least_role).label}")
    if row.least_level > 1 and viewer.xp.level < row.least_level:
        raise Refused(f"{row.title} needs level {row.least_level}, you are at level {viewer.xp.level}")


def role(viewer: Viewer) -> Least:
    """What the viewer is, by the badges that were last seen."""
    if viewer.is_streamer:
        return Least.STREAMER
    if viewer.is_moderator:
        return Least.MODERATOR
    if viewer.is_subscriber:
        return Least.SUBSCRIBER
    return Least.FOLLOWER if viewer.is_follower else Least.EVERYONE


def _plan(row: Redeem, item: Item | None, order: Order) -> Planned:
    if row.needs_text and not any(character.isalnum() for character in order.words):
        raise Refused(f"write some words with it: !{row.key} hello everybody")
    if row.effects:
        text = order.words[: order.rules.tts_max_chars]
        steps = list(planned(row.effects, {"user": order.viewer.username, "text": text}))
        told = [{"kind": step.kind, **step.payload} for step in steps]
        said = mistakes(told)
        if said:
            raise Refused(f"that does not fit: {said[0]}")
        whole = steps[0] if len(steps) == 1 else Effect("run_effects", {"effects": told}, row.title)
        return Planned(whole)
    assert item is not None
    made = item.plan(order)
    return made if isinstance(made, Planned) else Planned(made)


def _room(effect: Effect, rules: EffectsSettings) -> None:
    for lane in sorted(_lanes(effect.kind, effect.payload)):
        count = waiting.count(lane)
        if count >= rules.queue_max(lane):
            raise Refused(f"the queue is full ({count} waiting), try again in a moment")


def _lanes(name: str, payload: Mapping[str, Any]) -> set[str]:
    """The lanes that an effect will need; of several effects, those of each."""
    kind = kinds.get(name)
    if kind is None:
        raise Refused("that cannot be done on this stream")
    inner = [_lanes(str(step.get("kind")), step) for step in payload.get("effects", [])]
    return ({kind.lane} - {INSTANT}).union(*inner)


def _limits(row: Redeem, viewer: Viewer, now: datetime) -> None:
    if row.limit_per_stream is None and row.limit_per_viewer is None:
        return
    sold = _sold(row, _live_since() or now - WITHOUT_STREAM)
    if row.limit_per_stream is not None and sold.count() >= row.limit_per_stream:
        raise Refused(f"{row.title} is sold out for this stream, {row.limit_per_stream} were all")
    if row.limit_per_viewer is not None and sold.filter(viewer=viewer).count() >= row.limit_per_viewer:
        raise Refused(f"you had {row.title} {row.limit_per_viewer} × in this stream, that is all")


def _sold(row: Redeem, since: datetime) -> QuerySet[QueueItem]:
    """What of it happened since then, or still may."""
    return QueueItem.objects.filter(redeem=row.key, created_at__gte=since, state__in=HAPPENED)


def _take_cooldowns(
    item: Item | None, row: Redeem, viewer: Viewer, rules: EffectsSettings, now: datetime
) -> dict[str, str]:
    """Takes them; returns until when each runs, so that these and no others can be ended again."""
    default = item.cooldown(rules) if item is not None else 0
    own = default if row.cooldown_seconds is None else row.cooldown_seconds
    wanted = {f"redeem.{row.key}:{viewer.key}": float(own), f"redeem.{row.key}": float(row.global_cooldown_seconds)}
    free = cooldowns.take(wanted, now=now)
    held = [cooldowns.seconds_left(key, now=now) for key in wanted if key not in free]
    if held:
        raise Refused(f"{row.title} is cooling down, {max(held)} s left")
    return {key: (now + timedelta(seconds=seconds)).isoformat() for key, seconds in wanted.items() if seconds}


def _take_stock(row: Redeem) -> bool:
    if row.stock is None:
        return False
    if not Redeem.objects.filter(pk=row.pk, stock__gt=0).update(stock=F("stock") - 1):
        raise Refused(f"{row.title} is sold out, none is left")
    return True


def _cost(row: Redeem, wanted: Planned, words: str, rules: EffectsSettings) -> int:
    cost = row.cost if wanted.cost is None else wanted.cost
    if row.pricing == Pricing.CHARACTER:
        return cost * max(1, len(" ".join(words.split())[: rules.tts_max_chars]))
    if row.pricing == Pricing.SECOND:
        return cost * max(1, math.ceil(durations.of(wanted.effect)))
    return cost


def _pay(row: Redeem, viewer: Viewer, cost: int, reference: str) -> Transaction:
    return points.spend(viewer, cost, source="redeem", reference=f"redeem:{reference}", reason=row.title)


def _waits(row: Redeem, viewer: Viewer) -> bool:
    if row.approval == Approval.FIRST:
        return not QueueItem.objects.filter(viewer=viewer, approved_at__isnull=False).exists()
    return row.approval == Approval.ALWAYS


@refunds.undone_by
def give_back(item: QueueItem) -> None:
    """What was bought did not happen: what it took is in stock again, and the cooldowns that it began are over."""
    took = item.result.get("took", {})
    if took.get("stock"):
        Redeem.objects.filter(key=item.redeem, stock__isnull=False).update(stock=F("stock") + 1)
    for key, until in took.get("cooldowns", {}).items():
        cooldowns.free(key, until=datetime.fromisoformat(until))


_live: list[Callable[[], datetime | None]] = []


def live_by(step: Callable[[], datetime | None]) -> None:
    """Register who tells since when the channel is live (None: it is not), which the floor above knows."""
    _live.append(step)


def _live_since() -> datetime | None:
    return next((since for step in _live if (since := step()) is not None), None)


_words: list[Callable[[], Iterable[str]]] = []


def taken_words() -> set[str]:
    """The words after ! that are no redeem's: commands, and what the platform answers."""
    return {word for words in _words for word in words()}


def not_for_redeems(words: Callable[[], Iterable[str]]) -> None:
    """Register words that the floor above uses."""
    _words.append(words)


def is_made_by_hand(key: str) -> bool:
    """Is there a redeem of that name that the streamer made of effects?"""
    return Redeem.objects.filter(key=key).exists()


def seed() -> None:
    """Make the rows of redeems that have none yet. What the streamer changed stays."""
    Redeem.objects.bulk_create(
        [
            Redeem(key=item.key, title=item.title, cost=item.cost, enabled=item.enabled, needs_text=item.needs_text)
            for item in catalog.values()
        ],
        ignore_conflicts=True,
    )

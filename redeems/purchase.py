"""Buying a redeem: every check, the points, the stock and the queue item, in one transaction."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet

from economy import cooldowns, ledger
from economy.models import Transaction, Viewer
from effects import ending, queue
from effects.models import HAPPENED, QueueItem, State
from effects.registry import Effect, kinds
from pixelbot_site.kit.effects import planned
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.rules import Rules
from redeems.models import Approval, Least, Pricing, Redeem
from redeems.registry import Item, Order, Planned, catalog

WITHOUT_STREAM = timedelta(hours=12)
"""What counts as one stream for the limits, while the channel is not live."""


def buy(
    *,
    viewer: Viewer,
    key: str,
    words: str,
    reference: str,
    rules: Rules,
    now: datetime,
    live_since: datetime | None = None,
    free: bool = False,
) -> QueueItem:
    """Sell the redeem `key` to `viewer`; `reference` names the cause (a chat message), which buys once.

    `live_since`: the stream's start, None when the channel is not live. `free`: staff gives it away: it costs nothing,
    and only what it needs in itself is looked at. Raises Refused, with the sentence for the viewer, and then nothing
    was taken: no points, no cooldown, no stock.
    """
    with transaction.atomic():
        # Whoever buys holds the row, so that stock and limits are those of this very moment.
        row = Redeem.objects.select_for_update().filter(key=key.casefold()).first()
        item = catalog.get(key.casefold())
        if row is None or (item is None and not row.effects):
            raise Refused(f"there is no redeem called {key[:40]}")
        if not free:
            _may(row, viewer, live_since)
        wanted = _plan(row, item, Order(viewer, words, rules, row))
        if not free:
            _room(wanted.effect, rules)
            _limits(row, viewer, now, live_since)
            _take_cooldowns(item, row, viewer, rules, now)
            _take_stock(row)
        cost = 0 if free else _cost(row, wanted, words)
        payment = _pay(row, viewer, cost, reference) if cost else None
        return queue.enqueue(
            wanted.effect,
            viewer=viewer,
            payment=payment,
            redeem="" if free else row.key,  # what was given away took nothing that could go back
            priority=row.priority,
            waits=not free and _waits(row, viewer),
        )


def _may(row: Redeem, viewer: Viewer, live_since: datetime | None) -> None:
    """Is it on, and is the viewer somebody who may?"""
    if not row.enabled:
        raise Refused(f"{row.title} is switched off at the moment")
    if row.live_only and live_since is None:
        raise Refused(f"{row.title} is only for while the stream is live")
    if role(viewer) < row.least_role:
        raise Refused(f"{row.title} is for {Least(row.least_role).label}")
    if viewer.xp.level < row.least_level:
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
        if len(steps) == 1:
            return Planned(steps[0])
        told = [{"kind": step.kind, **step.payload} for step in steps]
        return Planned(Effect("run_effects", {"effects": told}, row.title))
    assert item is not None
    made = item.plan(order)
    return made if isinstance(made, Planned) else Planned(made)


def _room(effect: Effect, rules: Rules) -> None:
    kind = kinds.get(effect.kind)
    if kind is None:
        raise Refused("that cannot be done on this stream")
    waiting = queue.waiting(kind.lane) if kind.lane else 0
    if waiting and waiting >= rules.queue_max(kind.lane):
        raise Refused(f"the queue is full ({waiting} waiting), try again in a moment")


def _limits(row: Redeem, viewer: Viewer, now: datetime, live_since: datetime | None) -> None:
    sold = _sold(row, live_since or now - WITHOUT_STREAM)
    if row.limit_per_stream is not None and sold.count() >= row.limit_per_stream:
        raise Refused(f"{row.title} is sold out for this stream, {row.limit_per_stream} were all")
    if row.limit_per_viewer is not None and sold.filter(viewer=viewer).count() >= row.limit_per_viewer:
        raise Refused(f"you had {row.title} {row.limit_per_viewer} × in this stream, that is all")


def _sold(row: Redeem, since: datetime) -> QuerySet[QueueItem]:
    """What of it happened since then, or still may."""
    return QueueItem.objects.filter(redeem=row.key, created_at__gte=since, state__in=HAPPENED)


def _take_cooldowns(item: Item | None, row: Redeem, viewer: Viewer, rules: Rules, now: datetime) -> None:
    default = item.cooldown(rules) if item is not None else 0
    own = default if row.cooldown_seconds is None else row.cooldown_seconds
    wanted = {_own(row.key, viewer): float(own), _everybodys(row.key): float(row.global_cooldown_seconds)}
    free = cooldowns.take(wanted, now=now)
    held = [cooldowns.seconds_left(key, now=now) for key in wanted if key not in free]
    if held:
        raise Refused(f"{row.title} is cooling down, {max(held)} s left")


def _own(key: str, viewer: Viewer) -> str:
    return f"redeem.{key}:{viewer.key}"


def _everybodys(key: str) -> str:
    return f"redeem.{key}"


def _take_stock(row: Redeem) -> None:
    if row.stock is None:
        return
    if not Redeem.objects.filter(pk=row.pk, stock__gt=0).update(stock=F("stock") - 1):
        raise Refused(f"{row.title} is sold out, none is left")


def _cost(row: Redeem, wanted: Planned, words: str) -> int:
    cost = row.cost if wanted.cost is None else wanted.cost
    if row.pricing == Pricing.CHARACTER:
        return cost * len(words)
    if row.pricing == Pricing.SECOND:
        return cost * max(1, math.ceil(wanted.seconds))
    return cost


def _pay(row: Redeem, viewer: Viewer, cost: int, reference: str) -> Transaction:
    return ledger.spend(viewer, cost, source="redeem", reference=f"redeem:{reference}", reason=row.title)


def _waits(row: Redeem, viewer: Viewer) -> bool:
    if row.approval == Approval.FIRST:
        return not QueueItem.objects.filter(viewer=viewer, state=State.DONE).exclude(redeem="").exists()
    return row.approval == Approval.ALWAYS


@ending.undone_by
def give_back(item: QueueItem) -> None:
    """What was bought did not happen: it is in stock again, and its cooldowns are over."""
    Redeem.objects.filter(key=item.redeem, stock__isnull=False).update(stock=F("stock") + 1)
    keys = [_everybodys(item.redeem)]
    if item.viewer is not None:
        keys.append(_own(item.redeem, item.viewer))
    cooldowns.free(keys)


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

"""Buying a redeem: every check, the points and the queue item, in one transaction."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from economy import cooldowns, ledger
from economy.models import Viewer
from effects import queue
from effects.models import QueueItem
from effects.registry import Effect, kinds
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.rules import Rules
from redeems.models import Redeem
from redeems.registry import Item, Order, catalog


def buy(*, viewer: Viewer, key: str, words: str, reference: str, rules: Rules, now: datetime) -> QueueItem:
    """Sell the redeem `key` to `viewer`; `reference` names the cause (a chat message), which buys once.

    Raises Refused, with the sentence for the viewer, and then nothing was taken: no points, no cooldown.
    """
    item = catalog.get(key)
    row = Redeem.objects.filter(key=key).first()
    if item is None or row is None:
        raise Refused(f"there is no redeem called {key}")
    if not row.enabled:
        raise Refused(f"{row.title} is switched off at the moment")
    effect = item.plan(Order(viewer, words, rules))
    with transaction.atomic():
        _room(item, effect, rules)
        _take_cooldowns(item, row, viewer, rules, now)
        payment = None
        if row.cost:
            payment = ledger.spend(viewer, row.cost, source="redeem", reference=f"redeem:{reference}", reason=row.title)
        return queue.enqueue(effect, viewer=viewer, payment=payment)


def _room(item: Item, effect: Effect, rules: Rules) -> None:
    kind = kinds.get(effect.kind)
    if kind is None:
        raise Refused("that cannot be done on this stream")
    waiting = queue.waiting(kind.lane)
    if waiting >= item.queue_max(rules):
        raise Refused(f"the queue is full ({waiting} waiting), try again in a moment")


def _take_cooldowns(item: Item, row: Redeem, viewer: Viewer, rules: Rules, now: datetime) -> None:
    own = item.cooldown(rules) if row.cooldown_seconds is None else row.cooldown_seconds
    wanted = {f"redeem.{row.key}:{viewer.key}": float(own), f"redeem.{row.key}": float(row.global_cooldown_seconds)}
    free = cooldowns.take(wanted, now=now)
    held = [cooldowns.seconds_left(key, now=now) for key in wanted if key not in free]
    if held:
        raise Refused(f"{row.title} is cooling down, {max(held)} s left")


def seed() -> None:
    """Make the rows of redeems that have none yet. What the streamer changed stays."""
    Redeem.objects.bulk_create(
        [Redeem(key=item.key, title=item.title, cost=item.cost) for item in catalog.values()], ignore_conflicts=True
    )

"""Buying a redeem: every check, the points, the stock and the queue item, in one transaction."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet

from economy import cooldowns
from economy.ledger import points
from economy.models import Transaction, Viewer
from economy.viewers.roles import Role, role_of
from effects.models import DROPPED, Purchase, QueueItem
from effects.queue import items, refunds, waiting
from effects.registry import INSTANT, Effect, kinds, seconds
from effects.settings_table import EffectsSettings
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.hooks import Hook
from pixelbot_site.kit.steps import SEQUENCE, leaves, mistakes, planned
from pixelbot_site.kit.transactions import again_after_deadlock
from redeems.models import Approval, Pricing, Redeem
from redeems.registry import CatalogEntry, Order, Planned, catalog

# What counts as one stream for the limits, while the channel is not live.
WITHOUT_STREAM = timedelta(hours=12)

live_since = Hook[[], datetime | None](
    "live_since", __name__, "Return since when the channel is live, or None while it is not."
)
reserved_words = Hook[[], Iterable[str]](
    "reserved_words", __name__, "Return the words after ! that no redeem can have as its key."
)


@again_after_deadlock
def buy(*, viewer: Viewer, key: str, words: str, reference: str, rules: EffectsSettings, now: datetime) -> Purchase:
    """Sell the redeem `key` to `viewer`; `reference` names the cause (a chat message), which buys once.

    Raises Refused, with the sentence for the viewer, and then nothing was taken: no points, no cooldown, no stock.
    """
    with transaction.atomic():
        # Points before redeems, as where points go back: nobody waits for ever. Whoever buys holds the redeem's row, so
        # that stock and limits are those of this very moment.
        points.lock_balances(viewer.pk)
        row, item = _find(Redeem.objects.select_for_update(), key)
        _may(row, viewer)
        wanted = _plan(row, item, Order(viewer, words, rules, row))
        _room(wanted.effect, rules)
        _limits(row, viewer, now)
        waits = _waits(row, viewer)
        purchase = Purchase.objects.create(
            viewer=viewer,
            redeem=row.key,
            cooldowns=_take_cooldowns(item, row, viewer, rules, now),
            took_stock=_take_stock(row),
            payment=_pay(row, viewer, _cost(row, wanted, words, rules), reference),
        )
        items.enqueue(wanted.effect, viewer=viewer, purchase=purchase, priority=row.priority, waits=waits)
        return purchase


@again_after_deadlock
def give_away(*, viewer: Viewer, key: str, words: str, rules: EffectsSettings) -> QueueItem:
    """Do what the redeem `key` does for `viewer`, for nothing: only what it needs in itself is checked.

    There is no purchase, so that nothing can go back, and no limit counts it. Raises Refused, with the sentence.
    """
    with transaction.atomic():
        row, item = _find(Redeem.objects.all(), key)
        wanted = _plan(row, item, Order(viewer, words, rules, row))
        return items.enqueue(wanted.effect, viewer=viewer, priority=row.priority)


def _find(rows: QuerySet[Redeem], key: str) -> tuple[Redeem, CatalogEntry | None]:
    row, item = rows.filter(key=key.casefold()).first(), catalog.get(key.casefold())
    if row is None or (item is None and not row.effects):
        raise Refused(f"there is no redeem called {key[:40]}")
    return row, item


def _may(row: Redeem, viewer: Viewer) -> None:
    """Is it on, and is the viewer somebody who may?"""
    if not row.enabled:
        raise Refused(f"{row.title} is switched off at the moment")
    if row.live_only and _live_since() is None:
        raise Refused(f"{row.title} is only for while the stream is live")
    if role_of(viewer) < row.least_role:
        raise Refused(f"{row.title} is for {Role(row.least_role).label}")
    if row.least_level > 1 and viewer.xp.level < row.least_level:
        raise Refused(f"{row.title} needs level {row.least_level}, you are at level {viewer.xp.level}")


def _plan(row: Redeem, item: CatalogEntry | None, order: Order) -> Planned:
    if row.needs_text and not any(character.isalnum() for character in order.words):
        raise Refused(f"write some words with it: !{row.key} hello everybody")
    if row.effects:
        text = order.words[: order.rules.tts_max_chars]
        effects = list(planned(row.effects, {"user": order.viewer.username, "text": text}))
        steps = [effect.step for effect in effects]
        found = mistakes(steps)
        if found:
            raise Refused(f"that does not fit: {found[0]}")
        return Planned(effects[0] if len(effects) == 1 else Effect(SEQUENCE, {"effects": steps}, row.title))
    assert item is not None
    made = item.plan(order)
    return made if isinstance(made, Planned) else Planned(made)


def _room(effect: Effect, rules: EffectsSettings) -> None:
    for lane in sorted(_lanes(effect)):
        count = waiting.count(lane)
        if count >= rules.queue_max(lane):
            raise Refused(f"the queue is full ({count} waiting), try again in a moment")


def _lanes(effect: Effect) -> set[str]:
    """The lanes that an effect will need; of a sequence, those of each of its effects."""
    needed = [kinds.get(str(step.get("kind"))) for step in leaves([effect.step])]
    if None in needed:
        raise Refused("that cannot be done on this stream")
    return {kind.lane for kind in needed if kind is not None} - {INSTANT}


def _limits(row: Redeem, viewer: Viewer, now: datetime) -> None:
    if row.limit_per_stream is None and row.limit_per_viewer is None:
        return
    sold = _sold(row, _live_since() or now - WITHOUT_STREAM)
    if row.limit_per_stream is not None and sold.count() >= row.limit_per_stream:
        raise Refused(f"{row.title} is sold out for this stream, {row.limit_per_stream} were all")
    if row.limit_per_viewer is not None and sold.filter(viewer=viewer).count() >= row.limit_per_viewer:
        raise Refused(f"you had {row.title} {row.limit_per_viewer} × in this stream, that is all")


def _sold(row: Redeem, since: datetime) -> QuerySet[Purchase]:
    """What was bought of it since then and happened, or still may."""
    return Purchase.objects.filter(redeem=row.key, created_at__gte=since).exclude(items__state__in=DROPPED)


def _take_cooldowns(
    item: CatalogEntry | None, row: Redeem, viewer: Viewer, rules: EffectsSettings, now: datetime
) -> dict[str, str]:
    """Takes them; returns until when each runs, so that these and no others can be ended again."""
    default = item.cooldown(rules) if item is not None else 0
    own = default if row.cooldown_seconds is None else row.cooldown_seconds
    wanted = {f"redeem.{row.key}:{viewer.key}": float(own), f"redeem.{row.key}": float(row.global_cooldown_seconds)}
    free = cooldowns.take(wanted, now=now)
    held = [cooldowns.seconds_left(key, now=now) for key in wanted if key not in free]
    if held:
        raise Refused(f"You can use !{row.key} again in {max(held)} s")
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
        return cost * max(1, math.ceil(seconds(wanted.effect)))
    return cost


def _pay(row: Redeem, viewer: Viewer, cost: int, reference: str) -> Transaction | None:
    if not cost:
        return None
    return points.spend(viewer, cost, source="redeem", reference=f"redeem:{reference}", reason=row.title)


def _waits(row: Redeem, viewer: Viewer) -> bool:
    if row.approval == Approval.FIRST:
        return not QueueItem.objects.filter(viewer=viewer, approved_at__isnull=False).exists()
    return row.approval == Approval.ALWAYS


@refunds.purchase_undone.register
def give_back(item: QueueItem) -> None:
    """What was bought did not happen: what it took is in stock again, and the cooldowns that it began are over."""
    purchase = item.purchase
    if purchase is None:
        return
    if purchase.took_stock:
        Redeem.objects.filter(key=purchase.redeem, stock__isnull=False).update(stock=F("stock") + 1)
    for key, until in purchase.cooldowns.items():
        cooldowns.free(key, until=datetime.fromisoformat(until))


def _live_since() -> datetime | None:
    return next((since for since in live_since.call() if since is not None), None)


def taken_words() -> set[str]:
    """Return the words after ! that no redeem can have: commands, and what the platform answers."""
    return set().union(*reserved_words.call())


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

"""Buying a redeem: every check, the points, the stock and the queue item, in one transaction."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet

from economy import cooldowns
from economy.ledger import accounts, points
from economy.ledger.accounts import MAX_BALANCE
from economy.models import Transaction, Viewer
from economy.viewers.roles import Role, in_words, role_of
from effects.library import only_if
from effects.models import DROPPED, Purchase, QueueItem
from effects.queue import items, lanes, refunds
from effects.registry import INSTANT, Effect, EffectKind, kinds, parsed, require_possible, seconds
from effects.settings_table import EffectsSettings
from pixelbot_site.kit import origin, phrases
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.hooks import Hook
from pixelbot_site.kit.steps import SEQUENCE, Step, branches, each_planned, leaves, mistakes, unfolded
from pixelbot_site.kit.transactions import after_commit, again_after_deadlock
from redeems.models import Approval, Pricing, Redeem
from redeems.registry import CatalogEntry, Order, Planned, catalog

log = logging.getLogger("redeems")

# How far back the limits of a stream count while the channel is not live.
WITHOUT_STREAM = timedelta(hours=12)

DOES_NOTHING = phrases.refusal("redeem.does_nothing", "this redeem does nothing: it has no effects")
NO_SUCH = phrases.refusal("redeem.no_such", "there is no redeem called {name}")
SWITCHED_OFF = phrases.refusal("redeem.switched_off", "{title} is switched off at the moment")
LIVE_ONLY = phrases.refusal("redeem.live_only", "{title} is only for while the stream is live")
ONLY_FOR = phrases.refusal("redeem.only_for", "{title} is for {role}")
NEEDS_LEVEL = phrases.refusal("redeem.needs_level", "{title} needs level {level}, you are at level {own}")
NEEDS_WORDS = phrases.refusal("redeem.needs_words", "write some words with it: !{name} hello everybody")
DOES_NOT_FIT = phrases.refusal("redeem.does_not_fit", "that does not fit: {reason}")
QUEUE_FULL = phrases.refusal("redeem.queue_full", "the queue is full ({count} waiting), try again in a moment")
IMPOSSIBLE = phrases.refusal("redeem.impossible", "that cannot be done on this stream")
SOLD_OUT_TONIGHT = phrases.refusal("redeem.sold_out_tonight", "{title} is sold out for this stream ({sold} sold)")
VIEWERS_LIMIT = phrases.refusal("redeem.viewers_limit", "you can have {title} only {times} × in one stream")
TOO_SOON = phrases.refusal("redeem.too_soon", "You can use !{name} again in {seconds} s")
SOLD_OUT = phrases.refusal("redeem.sold_out", "{title} is sold out")

live_since = Hook[[], datetime | None](
    "live_since", __name__, "Return since when the channel is live, or None while it is not."
)
reserved_words = Hook[[], Iterable[str]](
    "reserved_words", __name__, "Return the words after ! that no redeem can have as its key."
)


@again_after_deadlock
def buy(
    *,
    viewer: Viewer,
    key: str,
    words: str,
    reference: str,
    rules: EffectsSettings,
    now: datetime,
    event: str = "",
) -> Purchase:
    """Sell the redeem `key` to `viewer`, enqueue its effect, and return the purchase.

    `words` is the text after the command. `reference` names the cause (a chat message) and must be unique: a second
    purchase that costs points raises IntegrityError. `event`: the uid of the event that it was bought by. Raises
    Refused with the reason for the viewer; then no points, no cooldown and no stock were taken. The streamer pays no
    points and takes no cooldowns (STREAMER_REDEEMS_FREE).
    """
    with transaction.atomic():
        # Accounts are locked before redeems here and in refunds: two transactions that lock in opposite order deadlock.
        viewer = accounts.hold_one(viewer)
        # The row stays locked until the commit, so that two buyers can't both pass the same limit.
        row, entry = _find(Redeem.objects.select_for_update(), key)
        _check_viewer(row, viewer)
        plan = _plan(row, entry, Order(viewer, words, rules, row))
        check_possible(plan.effect, is_free=bool(row.effects))
        check_room(plan.effect, rules)
        _check_limits(row, viewer, now)
        waits = _needs_approval(row, viewer)
        is_free = rules.streamer_redeems_free and role_of(viewer) == Role.STREAMER
        purchase = Purchase.objects.create(
            viewer=viewer,
            redeem=row.key,
            cooldowns={} if is_free else _take_cooldowns(entry, row, viewer, rules, now),
            took_stock=_take_stock(row),
            payment=None if is_free else _pay(row, viewer, _cost(row, plan, words, rules), reference, event),
        )
        # Before the lane is woken, so that the log has it in this order.
        after_commit(log.info, "bought: %s by %s%s", row.key, viewer.username, origin.since())
        items.enqueue(
            plan.effect, viewer=viewer, purchase=purchase, priority=row.priority, waits=waits, event=event or None
        )
        return purchase


@again_after_deadlock
def give_away(*, viewer: Viewer, key: str, words: str, rules: EffectsSettings) -> QueueItem:
    """Enqueue the effect of the redeem `key` for `viewer` free of charge, and return its first queue item.

    Switch, role, level, limits, stock, cooldowns, approval and the queue's length are not checked. No Purchase is
    stored, so limits don't count it and nothing is refunded. Raises Refused where the words don't fit the redeem.
    """
    with transaction.atomic():
        row, entry = _find(Redeem.objects.all(), key)
        plan = _plan(row, entry, Order(viewer, words, rules, row))
        return items.enqueue(plan.effect, viewer=viewer, priority=row.priority)


def planned_effect(row: Redeem, viewer: Viewer, words: str) -> Effect:
    """Return what the redeem does when `viewer` writes `words`; neither the row nor the viewer need be stored.

    Raises Refused where the words don't fit the redeem, or it does nothing.
    """
    entry = catalog.get(row.key)
    if entry is None and not row.effects:
        raise Refused(DOES_NOTHING())
    return _plan(row, entry, Order(viewer, words, EffectsSettings.current(), row)).effect


def _find(rows: QuerySet[Redeem], key: str) -> tuple[Redeem, CatalogEntry | None]:
    row = rows.filter(key=key.casefold()).first()
    entry = catalog.get(key.casefold())
    # A row without code or effects is left over from a catalog module that was removed.
    if row is None or (entry is None and not row.effects):
        raise Refused(NO_SUCH(name=key[:40]))
    return row, entry


def _check_viewer(row: Redeem, viewer: Viewer) -> None:
    if not row.enabled:
        raise Refused(SWITCHED_OFF(title=row.title))
    if not _is_on_air(row):
        raise Refused(LIVE_ONLY(title=row.title))
    if role_of(viewer) < row.least_role:
        raise Refused(ONLY_FOR(title=row.title, role=in_words(Role(row.least_role))))
    if not _has_level(row, viewer):
        raise Refused(NEEDS_LEVEL(title=row.title, level=row.least_level, own=viewer.xp.level))


def _has_level(row: Redeem, viewer: Viewer) -> bool:
    return row.least_level <= 1 or viewer.xp.level >= row.least_level


def _is_on_air(row: Redeem) -> bool:
    return not row.live_only or went_live() is not None


def _plan(row: Redeem, entry: CatalogEntry | None, order: Order) -> Planned:
    if row.needs_text and not any(character.isalnum() for character in order.words):
        raise Refused(NEEDS_WORDS(name=row.key))
    if row.effects:
        text = order.words[: order.rules.tts_max_chars]
        effects = each_planned(row.effects, {"user": order.viewer.username, "text": text})
        steps = [effect.step for effect in effects]
        # Checked again: the dashboard saw the placeholders, and the viewer's text may be empty or too long.
        reasons = mistakes(steps, is_unfolded=True)
        if reasons and not order.words.strip():  # a text is made of the viewer's words alone
            raise Refused(NEEDS_WORDS(name=row.key))
        if reasons:
            raise Refused(DOES_NOT_FIT(reason=reasons[0].rstrip(".")))
        if len(steps) == 1 and not branches(steps[0]):
            return Planned(effects[0])
        return Planned(Effect(SEQUENCE, {"effects": steps}, row.title))
    assert entry is not None  # `_find` refuses a row that has neither
    result = entry.plan(order)
    return result if isinstance(result, Planned) else Planned(result)


def check_possible(effect: Effect, *, is_free: bool) -> None:
    """Raise Refused where the effect can't happen now: no overlay is open, OBS is away, nothing to speak.

    Of what one of several ways needs, nothing is missing while another can happen. `is_free`: nothing has looked at its
    fields yet, as a plan of the catalog has.
    """

    def check(kind: EffectKind[Any], step: Step) -> None:
        kind.require_ready()
        if is_free:
            kind.require_usable(parsed(kind, step))

    require_possible([effect.step], check)


def offered(viewer: Viewer) -> list[Redeem]:
    """Return the redeems that are on, in stock, possible now, and for this viewer, whatever points they have."""
    rows = Redeem.objects.filter(enabled=True, least_role__lte=role_of(viewer)).exclude(stock=0)
    return [row for row in rows if _has_level(row, viewer) and can_happen(row)]


def keys_on() -> list[str]:
    """Return the names of the redeems that are on."""
    return list(Redeem.objects.filter(enabled=True).values_list("key", flat=True))


def can_happen(row: Redeem) -> bool:
    """Return whether what the redeem does can happen now, as far as that is known without a viewer's words."""
    if not _is_on_air(row):
        return False
    entry = catalog.get(row.key)
    steps = unfolded(row.effects) or ([{"kind": entry.effect}] if entry is not None else [])
    try:
        require_possible(steps, lambda kind, step: kind.require_ready())
    except Refused:
        return False
    return True


def check_room(effect: Effect, rules: EffectsSettings) -> None:
    """Raise Refused where a lane that the effect needs is full, or the bot has no such effect."""
    counts: dict[str, int] = {}

    def check(kind: EffectKind[Any], step: Step) -> None:
        if kind.lane == INSTANT:
            return
        if kind.lane not in counts:
            counts[kind.lane] = lanes.bought(kind.lane)
        if counts[kind.lane] >= rules.queue_max(kind.lane):
            raise Refused(QUEUE_FULL(count=counts[kind.lane]))

    if any(kinds.get(str(step.get("kind"))) is None for step in leaves([effect.step])):
        raise Refused(IMPOSSIBLE())
    require_possible([effect.step], check)


def _check_limits(row: Redeem, viewer: Viewer, now: datetime) -> None:
    if row.limit_per_stream is None and row.limit_per_viewer is None:
        return
    sold = _sold(row, went_live() or now - WITHOUT_STREAM)
    if row.limit_per_stream is not None and sold.count() >= row.limit_per_stream:
        raise Refused(SOLD_OUT_TONIGHT(title=row.title, sold=row.limit_per_stream))
    if row.limit_per_viewer is not None and sold.filter(viewer=viewer).count() >= row.limit_per_viewer:
        raise Refused(VIEWERS_LIMIT(title=row.title, times=row.limit_per_viewer))


def _sold(row: Redeem, since: datetime) -> QuerySet[Purchase]:
    """Return the purchases since then that did not go back: one that has won a prize counts, whatever else failed."""
    rows = Purchase.objects.filter(redeem=row.key, created_at__gte=since)
    dropped = QueueItem.objects.filter(purchase=OuterRef("pk"), state__in=DROPPED)
    return rows.exclude(Exists(dropped), refunded_at__isnull=False)


def _take_cooldowns(
    entry: CatalogEntry | None, row: Redeem, viewer: Viewer, rules: EffectsSettings, now: datetime
) -> dict[str, str]:
    """Take the viewer's cooldown and everybody's; return when each ends, so that a refund ends exactly these."""
    default = entry.cooldown(rules) if entry is not None else 0
    own = default if row.cooldown_seconds is None else row.cooldown_seconds
    wanted = {f"redeem.{row.key}:{viewer.key}": float(own), f"redeem.{row.key}": float(row.global_cooldown_seconds)}
    free = cooldowns.take(wanted, now=now)
    held = [cooldowns.seconds_left(key, now=now) for key in wanted if key not in free]
    if held:
        raise Refused(TOO_SOON(name=row.key, seconds=max(held)))
    return {key: (now + timedelta(seconds=seconds)).isoformat() for key, seconds in wanted.items() if seconds}


def _take_stock(row: Redeem) -> bool:
    if row.stock is None:
        return False
    # One conditional statement, so that the stock never falls below zero, even without the row's lock.
    if not Redeem.objects.filter(pk=row.pk, stock__gt=0).update(stock=F("stock") - 1):
        raise Refused(SOLD_OUT(title=row.title))
    return True


def _cost(row: Redeem, plan: Planned, words: str, rules: EffectsSettings) -> int:
    cost = row.cost if plan.cost is None else plan.cost
    if row.pricing == Pricing.CHARACTER:
        # Of the text that is used: spaces are joined, and what is cut off is not charged.
        cost *= max(1, len(" ".join(words.split())[: rules.tts_max_chars]))
    elif row.pricing == Pricing.SECOND:
        cost *= max(1, math.ceil(seconds(plan.effect)))
    return min(cost, MAX_BALANCE)  # more than that nobody has


def _pay(row: Redeem, viewer: Viewer, cost: int, reference: str, event: str) -> Transaction | None:
    if not cost:
        return None
    cause = f"redeem:{reference}"
    return points.spend(viewer, cost, source="redeem", reference=cause, reason=row.title, event=event)


def _needs_approval(row: Redeem, viewer: Viewer) -> bool:
    if row.approval == Approval.FIRST:
        # Items of any redeem count: staff know the viewer.
        return not QueueItem.objects.filter(viewer=viewer, approved_at__isnull=False).exists()
    return row.approval == Approval.ALWAYS


@refunds.purchase_undone.register
def give_back(item: QueueItem, keeps_cooldowns: bool) -> None:
    """Return what the item's purchase took to the stock, and end the cooldowns that it began, unless they are kept."""
    purchase = item.purchase
    if purchase is None:  # given away
        return
    if purchase.took_stock:
        # A stock that was set to "no end" meanwhile stays so.
        Redeem.objects.filter(key=purchase.redeem, stock__isnull=False).update(stock=F("stock") + 1)
    if keeps_cooldowns:
        return
    # A later purchase may have begun the same cooldown anew; its end differs, and it stays.
    for key, until in purchase.cooldowns.items():
        for each in {key, _under_present_name(key, purchase.viewer)}:
            cooldowns.free(each, until=datetime.fromisoformat(until))


def _under_present_name(key: str, viewer: Viewer) -> str:
    # The buyer may have been renamed since. What follows the last colon is whose the cooldown is.
    of_what, colon, _ = key.rpartition(":")
    return f"{of_what}:{viewer.key}" if colon else key


def went_live() -> datetime | None:
    """Return since when the channel is live; None while it is not."""
    return next((since for since in live_since.call() if since is not None), None)


@only_if.live_since.register
def _tell_live_since() -> datetime | None:
    return went_live()


def taken_words() -> set[str]:
    """Return the words after ! that no redeem can have: commands, and what the platform answers."""
    return set().union(*reserved_words.call())


def is_made_by_hand(key: str) -> bool:
    """Return whether the dashboard has a redeem of that name."""
    return Redeem.objects.filter(key=key).exists()


def seed() -> None:
    """Create the missing rows of the catalog's redeems. Rows that exist keep what the streamer changed."""
    Redeem.objects.bulk_create(
        [
            Redeem(
                key=entry.key,
                title=entry.title,
                cost=entry.cost,
                enabled=entry.enabled,
                needs_text=entry.needs_text,
            )
            for entry in catalog.values()
        ],
        ignore_conflicts=True,
    )

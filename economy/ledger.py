"""The only writer of points. Every change is a conditional update and an append-only row, in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from economy import cooldowns, viewers, xp
from economy.levels import Curve
from economy.models import Kind, Points, Transaction, Viewer, XPTransaction, viewer_key
from economy.xp import LevelUp, XPAward
from pixelbot_site.kit.commits import after_commit
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.rules import Rules

log = logging.getLogger("points")

GRANTED = "granted %d to %s (%s)"
MOST = 2**62
"""No single amount is larger, so that a sum of two still fits 64 bits."""


@dataclass(frozen=True, slots=True)
class Award:
    """What a viewer earned by one event: points and XP (each ≥ 0), and how long before each can be earned so again.

    `reference` names the cause: `tip:<event id>` pays once per event, `follow:<viewer>` once for ever.
    """

    username: str
    source: str
    reference: str
    points: int = 0
    xp: int = 0
    points_cooldown: float = 0
    xp_cooldown: float = 0

    @property
    def viewer(self) -> str:
        """The viewer's key."""
        return viewer_key(self.username)


@dataclass(frozen=True, slots=True)
class _Grant:
    viewer: str
    amount: int
    source: str
    reference: str
    reason: str = ""


Referenced = TypeVar("Referenced", _Grant, XPAward)


def pay(awards: Sequence[Award], *, rules: Rules, now: datetime) -> list[LevelUp]:
    """Pay all of `awards`, in their order, in a few statements; returns the levels crossed, whose rewards are paid too.

    What is on cooldown, switched off, or was paid before by the same reference is left out.
    """
    if not awards:
        return []
    for award in awards:
        _check(award.points, least=0)
        _check(award.xp, least=0)
    with transaction.atomic():
        people = viewers.seen((award.username for award in awards), now=now)
        free = _off_cooldown(awards, now=now)
        grants = [
            _Grant(award.viewer, award.points, award.source, award.reference)
            for award in awards
            if rules.points_enabled and award.points and ("points", award.reference) in free
        ]
        experience = [
            XPAward(award.viewer, award.xp, award.source, award.reference)
            for award in awards
            if rules.xp_enabled and award.xp and ("xp", award.reference) in free
        ]
        known = _used(XPTransaction, [award.reference for award in experience])
        level_ups = xp.award(
            _first_of_each(experience, known),
            viewers=people,
            curve=Curve(rules.xp_base, rules.xp_exponent, rules.xp_max_level),
            now=now,
        )
        grants += [
            _Grant(
                up.viewer.key, reward.points, "level", f"level:{reward.level}:{up.viewer.key}", f"level {reward.level}"
            )
            for up in level_ups
            for reward in up.rewards
            if reward.points and rules.points_enabled
        ]
        known = _used(Transaction, [grant.reference for grant in grants])
        _write(_first_of_each(grants, known), people, now=now)
    return level_ups


def _off_cooldown(awards: Sequence[Award], *, now: datetime) -> set[tuple[str, str]]:
    """(currency, reference) of the awards that no cooldown holds back. Of two in one batch, the first takes it."""
    holders: dict[str, tuple[str, str]] = {}
    seconds: dict[str, float] = {}
    free: set[tuple[str, str]] = set()
    for award in awards:
        for currency, cooldown in (("points", award.points_cooldown), ("xp", award.xp_cooldown)):
            if cooldown <= 0:
                free.add((currency, award.reference))
                continue
            key = f"{award.source}.{currency}:{award.viewer}"
            if key not in holders:
                holders[key] = (currency, award.reference)
                seconds[key] = cooldown
    return free | {holders[key] for key in cooldowns.take(seconds, now=now)}


def _used(model: type[Transaction | XPTransaction], references: list[str]) -> set[str]:
    if not references:
        return set()
    return set(model.objects.filter(reference__in=references).values_list("reference", flat=True))


def _first_of_each(items: Sequence[Referenced], known: set[str]) -> list[Referenced]:
    new = {item.reference: item for item in reversed(items) if item.reference not in known}
    return [item for item in items if new.get(item.reference) is item]


def _write(grants: Sequence[_Grant], people: dict[str, Viewer], *, now: datetime) -> None:
    if not grants:
        return
    ids = sorted({people[grant.viewer].pk for grant in grants})
    balances = dict(Points.objects.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk", "balance"))
    earned = dict.fromkeys(ids, 0)
    rows = []
    for grant in grants:
        pk = people[grant.viewer].pk
        earned[pk] += grant.amount
        rows.append(
            Transaction(
                viewer_id=pk,
                kind=Kind.GRANT,
                delta=grant.amount,
                balance_after=balances[pk] + earned[pk],
                source=grant.source,
                reason=grant.reason,
                reference=grant.reference,
                created_at=now,
            )
        )
    Transaction.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE economy_points SET balance = balance + %s WHERE viewer_id = %s", [(earned[pk], pk) for pk in ids]
        )
    after_commit(_tell, [(grant.amount, grant.viewer, grant.source) for grant in grants])


def _tell(granted: Sequence[tuple[int, str, str]]) -> None:
    for amount, viewer, source in granted:
        log.info(GRANTED, amount, viewer, source)


def grant(viewer: Viewer, amount: int, *, source: str, reference: str, reason: str = "") -> Transaction:
    """Give `amount` points (> 0). The same reference again raises IntegrityError."""
    _check(amount, least=1)
    return _change(viewer, amount, kind=Kind.GRANT, source=source, reference=reference, reason=reason)


def spend(viewer: Viewer, amount: int, *, source: str, reference: str, reason: str = "") -> Transaction:
    """Take `amount` points (> 0). Refused, with what is missing, when the balance is smaller; nothing is taken then."""
    _check(amount, least=1)
    return _change(viewer, -amount, kind=Kind.SPEND, source=source, reference=reference, reason=reason)


def refund(spent: Transaction, *, reason: str) -> Transaction:
    """Give back what `spent` took, once: asked again, the first refund is returned and nothing moves.

    Raises ValueError for a transaction that is not a spend.
    """
    if spent.kind != Kind.SPEND:
        raise ValueError(f"transaction {spent.pk} is a {spent.kind}, not a spend: there is nothing to refund")
    with transaction.atomic():
        # Holding the balance's row makes two refunders take turns, so that the second one sees the first one's row.
        Points.objects.select_for_update().get(pk=spent.viewer_id)
        done = Transaction.objects.filter(refund_of=spent).first()
        return done or _change(
            spent.viewer,
            -spent.delta,
            kind=Kind.REFUND,
            source=spent.source,
            reference=f"refund:{spent.pk}",
            reason=reason,
            refund_of=spent,
        )


def adjust(viewer: Viewer, delta: int, *, source: str, reference: str, reason: str = "") -> Transaction:
    """Change a balance by hand: `delta` points more, or less where negative. Refused where it would go below zero."""
    _check(abs(delta), least=1)
    return _change(viewer, delta, kind=Kind.ADJUST, source=source, reference=reference, reason=reason)


def transfer(giver: Viewer, taker: Viewer, amount: int, *, source: str, reference: str) -> Transaction:
    """Move `amount` points (> 0) to another viewer; returns the giver's row. Refused when the giver has too few."""
    _check(amount, least=1)
    if giver.pk == taker.pk:
        raise Refused("you can't give points to yourself")
    with transaction.atomic():
        # Both rows in one order, so that two transfers the opposite way wait for each other rather than deadlock.
        list(Points.objects.select_for_update().filter(pk__in=(giver.pk, taker.pk)).order_by("pk"))
        given = _change(
            giver,
            -amount,
            kind=Kind.TRANSFER,
            source=source,
            reference=f"{reference}:out",
            reason=f"to {taker.username}",
        )
        _change(
            taker,
            amount,
            kind=Kind.TRANSFER,
            source=source,
            reference=f"{reference}:in",
            reason=f"from {giver.username}",
        )
        return given


def _change(
    viewer: Viewer,
    delta: int,
    *,
    kind: Kind,
    source: str,
    reference: str,
    reason: str,
    refund_of: Transaction | None = None,
) -> Transaction:
    with transaction.atomic():
        enough = Points.objects.filter(pk=viewer.pk, balance__gte=-delta).update(balance=F("balance") + delta)
        balance = Points.objects.values_list("balance", flat=True).get(pk=viewer.pk)
        if not enough:
            missing = -delta - balance
            raise Refused(f"you need {missing} more {'point' if missing == 1 else 'points'} (you have {balance})")
        row = Transaction.objects.create(
            viewer=viewer,
            kind=kind,
            delta=delta,
            balance_after=balance,
            source=source,
            reason=reason[:200],
            reference=reference,
            refund_of=refund_of,
            created_at=timezone.now(),
        )
        said = "refunded %d to %s (%s)" if kind == Kind.REFUND else GRANTED if delta > 0 else "took %d from %s (%s)"
        after_commit(log.info, said, abs(delta), viewer.key, source)
        return row


def _check(amount: int, *, least: int) -> None:
    if isinstance(amount, bool) or not isinstance(amount, int) or not least <= amount <= MOST:
        raise ValueError(f"an amount must be a whole number from {least} to {MOST}, not {amount!r}")

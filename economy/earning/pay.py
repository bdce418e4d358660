"""What viewers earn from events: exclusions, cooldowns, caps, and what pays once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from django.db import transaction
from django.db.models import Sum

from economy import cooldowns
from economy.earning import caps
from economy.ledger import accounts, points, xp
from economy.ledger.accounts import require_amount
from economy.ledger.points import Grant
from economy.ledger.rewards import LevelUp, reward_points
from economy.ledger.xp import XPGrant
from economy.models import Transaction, Viewer, XPTransaction, viewer_key
from economy.models.heirs import merged_into
from economy.settings_table import EconomySettings
from economy.viewers import people
from pixelbot_site.kit import bulk


class Once(Enum):
    """How often a cause pays."""

    EVENT = "for each event"
    STREAM = "for each viewer and stream"
    EVER = "for each viewer, for ever"


@dataclass(slots=True)  # not frozen: one for each event, and three times as quick to make
class Award:
    """What a viewer earned by one event: points and XP (each ≥ 0), and how long before each can be earned so again.

    `event` is the event's uid, `at` when it happened: with the source they name the cause, which pays once. With `once`
    other than EVENT the cause is named by the viewer instead (`named`, filled in by `pay`). `holds` names another
    source: what the same viewer was paid from there in the minute before is subtracted, and in the minute after,
    awards from there that are `is_held` earn nothing. `channel` names the channel, where the bot is on several.
    """

    username: str
    source: str
    event: str
    points: int = 0
    xp: int = 0
    points_cooldown: float = 0
    xp_cooldown: float = 0
    once: Once = Once.EVENT
    holds: str = ""
    is_held: bool = False
    named: str = ""
    at: datetime | None = None
    channel: str = ""

    @property
    def viewer(self) -> str:
        """Return the viewer's key."""
        return viewer_key(self.username)

    @property
    def reference(self) -> str:
        """The cause, which pays once. When it happened comes first: in a ledger of millions, the references of one
        evening then lie side by side, and writing one does not touch a part of the index that nobody else needs.
        """
        when = f"{self.at:%Y%m%d%H%M%S}:" if self.at else ""
        return self.named or f"{self.source}:{when}{self.event}"


# For what no channel has anything apart.
NOWHERE: Mapping[str, Any] = {}
# How far before and after an award with `holds` the others count as the same.
HOLD_SECONDS = 60.0


def pay(
    awards: Sequence[Award],
    *,
    rules: EconomySettings,
    now: datetime,
    viewers: Mapping[str, Viewer] | None = None,
    there: Mapping[str, Mapping[str, Viewer]] = NOWHERE,
    streams: Mapping[str, str] = NOWHERE,
) -> list[LevelUp]:
    """Pay all of `awards`, in their order, in a few statements; returns the levels crossed, whose rewards are paid too.

    Left out is what is on cooldown, over a daily cap, switched off, paid before by the same reference, or for somebody
    excluded. `viewers`: those of the awards, by key, where the transaction has seen them already; `there` has them with
    the flags of other channels than the first, by channel. `streams` names the streams that are on, by channel.
    """
    if not awards:
        return []
    for award in awards:
        require_amount(award.points, least=0)
        require_amount(award.xp, least=0)
    with transaction.atomic(savepoint=False):
        if viewers is None:
            viewers = people.seen((award.username for award in awards), now=now)
        due = [
            _named(award, viewers[award.viewer], streams.get(award.channel, ""))
            for award in awards
            if not people.is_excluded(there.get(award.channel, viewers)[award.viewer], rules)
        ]
        due = _not_held(_unpaid(due, viewers), viewers, now=now)
        # Points before XP, as everybody holds them: an award of XP may bring points for a level.
        accounts.lock(*{viewers[award.viewer].id for award in due})
        curve = xp.curve_of(rules)
        grants, xp_grants = _split(due, viewers, rules, now=now)
        level_ups = xp.grant_many(xp_grants, curve=curve, now=now)
        points.grant_many([*grants, *reward_points(level_ups, enabled=rules.points_enabled)], now=now)
    return level_ups


def _named(award: Award, viewer: Viewer, stream: str) -> Award:
    if award.once is Once.EVER:
        return replace(award, named=_reference_for_ever(award, viewer.pk))
    if award.once is Once.STREAM and stream:
        return replace(award, named=f"{award.source}:stream:{stream}:{viewer.pk}")
    return award


def _reference_for_ever(award: Award, viewer_id: int) -> str:
    return f"{award.source}:viewer:{viewer_id}"


def _unpaid(awards: Sequence[Award], viewers: Mapping[str, Viewer]) -> list[Award]:
    former = merged_into({viewers[award.viewer].pk for award in awards if award.once is Once.EVER})
    references: dict[str, list[str]] = {}  # by the award's own, all by which it may have been paid
    for award in awards:
        if award.named:
            references[award.named] = [award.named]
            if award.once is Once.EVER:
                ids = former[viewers[award.viewer].pk]
                references[award.named] += [_reference_for_ever(award, viewer_id) for viewer_id in ids]
    asked = {reference for group in references.values() for reference in group}
    known = bulk.among(Transaction, "reference", asked) | bulk.among(XPTransaction, "reference", asked)
    paid = {named for named, group in references.items() if not known.isdisjoint(group)}
    unpaid = []
    for award in awards:
        if award.named not in paid:
            unpaid.append(award)
        if award.named:
            paid.add(award.named)  # of two in one batch, the first is paid
    return unpaid


def _not_held(awards: Sequence[Award], viewers: Mapping[str, Viewer], *, now: datetime) -> list[Award]:
    """Return `awards` without those that another holds back, and those that hold less what was paid shortly before."""
    if not any(award.holds or award.is_held for award in awards):
        return list(awards)

    def key_of(source: str, award: Award) -> str:
        return f"{source}.held:viewer:{viewers[award.viewer].pk}"

    asked = [key_of(award.holds or award.source, award) for award in awards if award.holds or award.is_held]
    held = cooldowns.running(asked, now=now)
    free: list[Award] = []
    for award in awards:
        if award.is_held and key_of(award.source, award) in held:
            continue
        if award.holds:
            key = key_of(award.holds, award)
            # Those of this batch came earlier, but are not paid yet.
            free = [other for other in free if not other.is_held or key_of(other.source, other) != key]
            if key not in held:
                # While a hold runs nothing is paid, and what was paid before it was subtracted when it began.
                award = _less_paid_before(award, viewers[award.viewer], now=now)
            held.add(key)
            cooldowns.extend(key, until=now + timedelta(seconds=HOLD_SECONDS))
        free.append(award)
    return free


def _less_paid_before(award: Award, viewer: Viewer, *, now: datetime) -> Award:
    def paid(rows: type[Transaction] | type[XPTransaction]) -> int:
        since = now - timedelta(seconds=HOLD_SECONDS)
        recent = rows.objects.filter(viewer=viewer, source=award.holds, created_at__gt=since)
        return recent.aggregate(total=Sum("delta"))["total"] or 0

    return replace(award, points=max(award.points - paid(Transaction), 0), xp=max(award.xp - paid(XPTransaction), 0))


def _split(
    awards: Sequence[Award], viewers: Mapping[str, Viewer], rules: EconomySettings, *, now: datetime
) -> tuple[list[Grant], list[XPGrant]]:
    """Return the points and the XP of `awards` that neither a cooldown nor a daily cap holds back."""
    keyed = [(award, *_cooldown_keys(award, viewers[award.viewer])) for award in awards]
    free = cooldowns.take(_cooldowns(keyed), now=now)
    grants, xp_grants = [], []
    for award, points_key, xp_key in keyed:
        viewer = viewers[award.viewer]
        # The first award takes the cooldown, even with nothing to earn.
        points_free = award.points_cooldown <= 0 or _takes(free, points_key)
        xp_free = award.xp_cooldown <= 0 or _takes(free, xp_key)
        if points_free and award.points and rules.points_enabled:
            grants.append(Grant(viewer, award.points, award.source, award.reference, event=award.event))
        if xp_free and award.xp and rules.xp_enabled:
            xp_grants.append(XPGrant(viewer, award.xp, award.source, award.reference, event=award.event))
    return (
        caps.within(grants, "points", rules.points_daily_caps, now=now),
        caps.within(xp_grants, "xp", rules.xp_daily_caps, now=now),
    )


def _cooldowns(keyed: Iterable[tuple[Award, str, str]]) -> dict[str, float]:
    """Return the seconds of each cooldown that awards start, by key; of two with one key, the first's.

    `keyed`: the awards, each with its cooldown's key for points and for XP.
    """
    seconds: dict[str, float] = {}
    for award, points_key, xp_key in keyed:
        if award.points_cooldown > 0:
            seconds.setdefault(points_key, award.points_cooldown)
        if award.xp_cooldown > 0:
            seconds.setdefault(xp_key, award.xp_cooldown)
    return seconds


def _cooldown_keys(award: Award, viewer: Viewer) -> tuple[str, str]:
    return f"{award.source}.points:viewer:{viewer.id}", f"{award.source}.xp:viewer:{viewer.id}"


def _takes(free: set[str], key: str) -> bool:
    """Return whether `key` is among those `free`, and take it out of them."""
    if key not in free:
        return False
    free.remove(key)
    return True

"""What viewers earn: who may, how often, and how much a day; then the ledgers write it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from django.db import transaction

from economy import cooldowns
from economy.earning import caps
from economy.ledger import points as ledger
from economy.ledger import xp
from economy.ledger.points import Grant
from economy.ledger.xp import LevelUp, XPGrant
from economy.models import Transaction, Viewer, XPTransaction, viewer_key
from economy.settings_table import EconomySettings
from economy.viewers import people as viewers
from pixelbot_site.kit import bulk


class Once(Enum):
    """How often a cause pays."""

    EVENT = "for each event"
    STREAM = "for each viewer and stream"
    EVER = "for each viewer, for ever"


@dataclass(frozen=True, slots=True)
class Award:
    """What a viewer earned by one event: points and XP (each ≥ 0), and how long before each can be earned so again.

    `event` is the event's uid, `at` when it happened: with the source they name the cause, which pays once. With `once`
    other than EVENT the cause is named by the viewer instead (`named`, filled in by `pay`). `holds`: the same viewer's
    awards that are `held_by` that word earn nothing for a minute.
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
    held_by: str = ""
    named: str = ""
    at: datetime | None = None

    @property
    def viewer(self) -> str:
        """The viewer's key."""
        return viewer_key(self.username)

    @property
    def reference(self) -> str:
        """The cause, which pays once. When it happened comes first: in a ledger of millions, the references of one
        evening then lie side by side, and writing one does not touch a part of the index that nobody else needs.
        """
        when = f"{self.at:%Y%m%d%H%M%S}:" if self.at else ""
        return self.named or f"{self.source}:{when}{self.event}"


HOLD_SECONDS = 60.0


def pay(
    awards: Sequence[Award],
    *,
    rules: EconomySettings,
    now: datetime,
    people: Mapping[str, Viewer] | None = None,
    stream: str = "",
) -> list[LevelUp]:
    """Pay all of `awards`, in their order, in a few statements; returns the levels crossed, whose rewards are paid too.

    Left out is what is on cooldown, over a daily cap, switched off, paid before by the same reference, or for somebody
    excluded. `people`: the viewers by key, where the transaction has seen them already. `stream` names the stream that
    is on.
    """
    if not awards:
        return []
    for award in awards:
        ledger.check(award.points, least=0)
        ledger.check(award.xp, least=0)
    with transaction.atomic(savepoint=False):
        if people is None:
            people = viewers.seen((award.username for award in awards), now=now)
        due = [_named(award, people[award.viewer], stream) for award in awards if _earns(people[award.viewer], rules)]
        due = _not_held(_unpaid(due, people), people, now=now)
        points, experience = _split(due, people, rules, now=now)
        curve = xp.curve_of(rules)
        level_ups = xp.write(experience, curve=curve, now=now)
        ledger.write([*points, *xp.reward_points(level_ups, enabled=rules.points_enabled)], now=now)
    return level_ups


def _earns(viewer: Viewer, rules: EconomySettings) -> bool:
    return not viewers.is_excluded(viewer, rules)


def _named(award: Award, viewer: Viewer, stream: str) -> Award:
    """With the reference that its `once` asks for. Ids, not names: a viewer may be renamed, or forgotten."""
    if award.once is Once.EVER:
        return replace(award, named=f"{award.source}:viewer:{viewer.pk}")
    if award.once is Once.STREAM and stream:
        return replace(award, named=f"{award.source}:stream:{stream}:{viewer.pk}")
    return award


def _unpaid(awards: Sequence[Award], people: Mapping[str, Viewer]) -> list[Award]:
    """Without those that pay once and did: they must not use up a cooldown or a daily cap either."""
    ever = {people[award.viewer].pk for award in awards if award.once is Once.EVER}
    former = {pk: _merged_into(pk) for pk in ever}
    before = {
        f"{award.source}:viewer:{pk}": award.named
        for award in awards
        if award.once is Once.EVER
        for pk in former[people[award.viewer].pk]
    }
    named = [*(award.named for award in awards if award.named), *before]
    paid = bulk.among(Transaction, "reference", named) | bulk.among(XPTransaction, "reference", named)
    paid |= {before[reference] for reference in paid & set(before)}
    seen: set[str] = set()
    unpaid = []
    for award in awards:
        if not award.named or award.named not in paid | seen:
            unpaid.append(award)
            seen.add(award.named)
    return unpaid


def _merged_into(pk: int) -> set[int]:
    """The ids of whoever became part of that viewer, of those merged into them, and so on."""
    found, latest = set[int](), {pk}
    while latest:
        latest = set(Viewer.objects.filter(merged_into__in=latest).values_list("pk", flat=True)) - found
        found |= latest
    return found


def _not_held(awards: Sequence[Award], people: Mapping[str, Viewer], *, now: datetime) -> list[Award]:
    """Without those that an earlier award of the same viewer holds back."""
    if not any(award.holds or award.held_by for award in awards):
        return list(awards)

    def key_of(word: str, award: Award) -> str:
        return f"{word}:viewer:{people[award.viewer].pk}"

    held = cooldowns.running([key_of(award.held_by, award) for award in awards if award.held_by], now=now)
    free = []
    for award in awards:
        if award.held_by and key_of(award.held_by, award) in held:
            continue
        free.append(award)
        if award.holds:
            key = key_of(award.holds, award)
            held.add(key)
            cooldowns.take({key: HOLD_SECONDS}, now=now)
    return free


def _split(
    awards: Sequence[Award], people: Mapping[str, Viewer], rules: EconomySettings, *, now: datetime
) -> tuple[list[Grant], list[XPGrant]]:
    """The points and the XP of `awards` that neither a cooldown nor a daily cap holds back."""
    free_points, free_xp = _off_cooldown(awards, people, now=now)
    points = [
        Grant(people[award.viewer], award.points, award.source, award.reference, event=award.event)
        for place, award in enumerate(awards)
        if rules.points_enabled and award.points and place in free_points
    ]
    experience = [
        XPGrant(people[award.viewer], award.xp, award.source, award.reference, event=award.event)
        for place, award in enumerate(awards)
        if rules.xp_enabled and award.xp and place in free_xp
    ]
    return (
        caps.within(points, "points", rules.points_daily_caps, now=now),
        caps.within(experience, "xp", rules.xp_daily_caps, now=now),
    )


def _off_cooldown(awards: Sequence[Award], people: Mapping[str, Viewer], *, now: datetime) -> tuple[set[int], set[int]]:
    """The places of the awards whose points, and of those whose XP, no cooldown holds back. Of two in one batch, the
    first takes it.
    """
    free: tuple[set[int], set[int]] = (set(), set())
    holders: dict[str, tuple[set[int], int]] = {}
    seconds: dict[str, float] = {}
    for place, award in enumerate(awards):
        for currency, its_free, cooldown in (
            ("points", free[0], award.points_cooldown),
            ("xp", free[1], award.xp_cooldown),
        ):
            if cooldown <= 0:
                its_free.add(place)
                continue
            key = f"{award.source}.{currency}:viewer:{people[award.viewer].pk}"
            if key not in holders:
                holders[key] = (its_free, place)
                seconds[key] = cooldown
    for key in cooldowns.take(seconds, now=now):
        its_free, place = holders[key]
        its_free.add(place)
    return free

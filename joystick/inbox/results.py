"""What came of events: points, XP and levels, and the effects, with how each of them went."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.text import Truncator

from economy.ledger import xp
from economy.models import Transaction, TransactionKind, Viewer, XPTransaction
from economy.settings_table import PointsSettings
from effects.models import DROPPED, ENDED, QueueItem, State
from effects.registry import kinds
from joystick.models import InboundEvent
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.plural import counted
from pixelbot_site.kit.steps import SEQUENCE, leaves

# Ledger rows that are looked through for what the newest events gave: they have no index of it.
MAX_ROWS = 400
# Items of one event, or of the newest ones, and results that are told of one event.
MAX_ITEMS = 400
MAX_RESULTS = 8
# Characters of a title, and of a reason.
MAX_TITLE = 60
MAX_REASON = 120
# What an effect of a kind is called, and what it did. Of other kinds the name says it.
NAMES = {"speak": "voice", "play_sound": "sound", "spin_wheel": "wheel", SEQUENCE: "effects"}
DONE = {"speak": "spoke", "alert": "showed", "play_sound": "played", "chat_line": "said in chat"}
# Their titles are addresses, which can be secrets.
UNTITLED = frozenset({"webhook"})


class Look(StrEnum):
    """How a result is to be shown."""

    HAPPENED = "happened"
    WAITS = "waits"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Result:
    """One thing that came of an event. `url` leads to its row, for those who have `permission`.

    `is_for_all`: who lacks the permission may read it, too, without the link.
    """

    text: str
    url: str
    permission: str
    look: Look = Look.HAPPENED
    is_for_all: bool = False


@dataclass(frozen=True, slots=True)
class Came:
    """What came of one event. `more` counts what is left out of the results."""

    results: tuple[Result, ...] = ()
    more: int = 0
    has_run: bool = False  # it set off effects, and all of them have ended

    @property
    def text(self) -> str:
        """Return it in one line."""
        more = [f"{self.more} more"] if self.more else []
        return ", ".join([*(result.text for result in self.results), *more])


NOTHING = Came()
PERMISSIONS = ("economy.view_transaction", "economy.view_xptransaction", "effects.view_queueitem")


def of_newest(events: Sequence[InboundEvent]) -> dict[str, Came]:
    """Return what came of the newest events, by their uid, with as many queries for fifty as for one."""
    ledger = Transaction.objects.order_by("-id")[:MAX_ROWS], XPTransaction.objects.order_by("-id")[:MAX_ROWS]
    return _came({event.uid for event in events}, *ledger)


def of(event: InboundEvent) -> Came:
    """Return what came of an event, however old. Ledger rows are looked for among those of its viewer."""
    # Rows that were written before a merge stay with the old name's viewer, later ones are with whom they became.
    own = Viewer.objects.filter(key=event.viewer_key or "").order_by()
    theirs = Q(viewer__in=own.values("pk")) | Q(viewer__in=own.values("merged_into"))
    rows = (model.objects.filter(theirs, event=event.uid).order_by("-id")[:MAX_ROWS] for model in LEDGERS)
    return _came({event.uid}, *rows).get(event.uid, NOTHING)


LEDGERS = (Transaction, XPTransaction)


def _came(uids: set[str], points: QuerySet[Transaction], experience: QuerySet[XPTransaction]) -> dict[str, Came]:
    found: dict[str, list[Result]] = defaultdict(list)
    for uid, result in (*_points(points), *_experience(experience)):
        if uid in uids:
            found[uid].append(result)
    items: dict[str, list[QueueItem]] = defaultdict(list)
    rows = QueueItem.objects.filter(event__in=uids).select_related("spin").defer("overlay_message", "speech_text")
    for item in rows.order_by("-id")[:MAX_ITEMS]:
        items[item.event or ""].insert(0, item)
    for uid, own in items.items():
        found[uid] += _items(own)
    return {
        uid: Came(
            tuple(results[:MAX_RESULTS]),
            max(0, len(results) - MAX_RESULTS),
            bool(items[uid]) and all(item.state in ENDED for item in items[uid]),
        )
        for uid, results in [(uid, found[uid]) for uid in {*found, *items}]
    }


def _points(rows: QuerySet[Transaction]) -> Iterator[tuple[str, Result]]:
    amount = PointsSettings.current().amount
    wanted = rows.values_list("pk", "event", "kind", "delta", "source", "reason")
    for pk, uid, kind, delta, source, reason in reversed(list(wanted)):
        words = f"{'+' if delta > 0 else ''}{amount(delta)}"
        if kind == TransactionKind.REFUND:
            words = f"{amount(delta)} given back"
        elif kind == TransactionKind.REVERSAL:
            words = f"{words} taken back"
        elif source == "level":
            words = f"{words} for {reason}"
        url = reverse("admin:economy_transaction_change", args=[pk])
        yield uid, Result(words, url, "economy.view_transaction", is_for_all=True)


def _experience(rows: QuerySet[XPTransaction]) -> Iterator[tuple[str, Result]]:
    curve = xp.current_curve()
    for pk, uid, delta, after, level in reversed(
        list(rows.values_list("pk", "event", "delta", "total_after", "level_after"))
    ):
        reached = f", level {level}" if level > curve.level(after - delta) else ""
        url = reverse("admin:economy_xptransaction_change", args=[pk])
        yield uid, Result(f"{delta:+d} XP{reached}", url, "economy.view_xptransaction", is_for_all=True)


def _items(items: Iterable[QueueItem]) -> Iterator[Result]:
    for item in items:
        # A sequence is told by its parts.
        if item.kind != SEQUENCE or item.state != State.DONE:
            look = Look.FAILED if item.state in DROPPED else Look.HAPPENED if item.state == State.DONE else Look.WAITS
            url = reverse("admin:effects_queueitem_change", args=[item.pk])
            yield Result(told(item), url, "effects.view_queueitem", look)


def told(item: QueueItem) -> str:
    """Return what an item did, does, or waits for, or why it did not happen."""
    name = NAMES.get(item.kind, item.kind.replace("_", " "))
    title = "" if item.kind in UNTITLED or not item.title else f" “{_clipped(item.title, MAX_TITLE)}”"
    if item.state == State.DONE:
        return _done(item, name, title)
    if item.state in DROPPED:
        reason = f": {_clipped(item.reason, MAX_REASON)}" if item.reason else ""
        return f"{name} {item.state}{reason}"
    waits = {State.WAITING: "waits for approval", State.PENDING: "waits"}.get(State(item.state), "now")
    more = sum(1 for _ in leaves(item.sequel))
    return f"{waits}: {name}{title}" + (f", then {counted(more, 'more effect')}" if more else "")


def _done(item: QueueItem, name: str, title: str) -> str:
    spin = getattr(item, "spin", None)
    if spin is not None:
        return f"won “{_clipped(spin.prize_name, MAX_TITLE)}”"
    gift = _gift(item)
    return gift or f"{DONE.get(item.kind, name)}{title}"


def _gift(item: QueueItem) -> str:
    kind = kinds.get(item.kind)
    if kind is None or not kind.gives:
        return ""
    try:
        return kind.given(kind.parse(item.payload)).replace("give ", "gave ", 1)
    except Failed:  # blanked, since its viewer was forgotten
        return ""


def _clipped(text: str, most: int) -> str:
    return Truncator(" ".join(text.split())).chars(most)

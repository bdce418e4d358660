"""The life of a queue item: enqueued into a lane, performed one at a time, and ended.

An item that did not happen is refunded (`effects.queue.refunds`). The row is the truth: Celery gets a lane's name and
nothing else, and a lost message delays an item until the next `effects.queue.upkeep.rescue`.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from economy.models import Viewer
from effects.models import ENDED, Purchase, QueueItem, State
from effects.overlays import messages, screens
from effects.queue import counting, lanes, lease, refunds
from effects.queue.wakeups import wake, wake_in
from effects.registry import INSTANT, MAX_TITLE, Effect, EffectKind, FlowKind, OverlayTask, first_lane, get_kind, kinds
from effects.settings_table import QueueSettings
from pixelbot_site.kit import origin, phrases, present_channel
from pixelbot_site.kit.errors import Failed, Refused
from pixelbot_site.kit.steps import SEQUENCE, Step
from pixelbot_site.kit.transactions import after_commit, again_after_deadlock, contained

log = logging.getLogger("queue")

# Before the title of what staff only try.
TEST_MARK = "TEST: "

# An item that does not wait any more takes nothing in.
NOT_FOLDED: dict[str, None] = {"fold_key": None, "folded": None, "fold": None}

BROKE = phrases.refusal("queue.broke", "something broke")
NEWER_LINES = phrases.refusal("queue.newer_lines", "newer lines took its place")
WAITED_TOO_LONG = phrases.refusal("queue.waited_too_long", "it waited too long")


def enqueue(
    effect: Effect,
    *,
    viewer: Viewer | None = None,
    purchase: Purchase | None = None,
    part_of: str = "",
    priority: int = 0,
    waits: bool = False,
    sequel: Sequence[Step] = (),
    tried_by: str = "",
    event: str | None = None,
    is_follow_up: bool | None = None,
    due_in: float = 0,
    is_own: bool = False,
    fold_key: str | None = None,
    fold: Mapping[str, Any] | None = None,
) -> QueueItem:
    """Put `effect` into its lane, and wake the lane after the commit; an instant effect happens before this returns.

    `waits`: it needs approval by staff first. `sequel`: the steps that follow it. `part_of`: the name of what it
    belongs to, for the sentence that tells the viewer if it does not happen. `tried_by`: the member of staff who only
    tries it (`effects.queue.trying`). `event`: the uid of the event that sets it off; `is_follow_up`: by way of another
    item. `due_in`: the seconds before which it does not begin. `is_own`: it comes of the bot by itself, as what has a
    sort (`EffectKind.sort`) does, unless it was bought, won or tried. `fold_key`, `fold`: see `effects.queue.folding`.
    Raise Failed for an unknown kind.
    """
    kind = get_kind(effect.kind)
    if isinstance(kind, FlowKind):
        effect = Effect(SEQUENCE, {"effects": [effect.step]}, effect.title)
        kind = get_kind(SEQUENCE)
    now = timezone.now()
    item = QueueItem(
        kind=kind.name,
        # A sequence has no lane of its own; while it waits for approval, it counts in the first one that it will need.
        lane=screens.lane_here(kind.lane or (first_lane(effect.payload) if waits else INSTANT)),
        payload=dict(effect.payload),
        sequel=list(sequel),
        title=_title(kind.titled(effect.title), is_test=bool(tried_by)),
        viewer=viewer,
        purchase=purchase,
        part_of=part_of,
        priority=priority,
        tried_by=tried_by,
        event=event,
        channel_id=present_channel.present() or None,
        is_follow_up=is_follow_up,
        is_own=is_own
        or (purchase is None and not part_of and not tried_by and bool(kind.sort(effect.payload)))
        or None,
        fold_key=fold_key,
        folded=None if fold_key is None else 1,
        fold=fold,
        state=State.WAITING if waits else State.PENDING,
        due_at=now + timedelta(seconds=due_in) if due_in else None,
        # The time that it is meant to wait does not count.
        expires_at=now + timedelta(seconds=due_in + QueueSettings.current().queue_item_ttl),
    )
    if item.is_own:
        _make_room(item, kind)
    item.save(force_insert=True)
    if not waits:
        begin(item, kind)
    return item


def _title(title: str, *, is_test: bool) -> str:
    # What follows in a sequence has the mark from the item before it.
    mark = TEST_MARK if is_test and not title.startswith(TEST_MARK) else ""
    return f"{mark}{title}"[:MAX_TITLE]


def _make_room(item: QueueItem, kind: EffectKind[Any]) -> None:
    oldest = lanes.to_drop_for(item, kind, most=QueueSettings.current().queue_own_max)
    if oldest is not None:
        # Skipped, not cancelled: what follows it in a sequence still happens.
        end(oldest, State.SKIPPED, NEWER_LINES())


def enqueue_known(
    effect: Effect,
    *,
    viewer: Viewer | None = None,
    part_of: str = "",
    event: str | None = None,
    sequel: Sequence[Step] = (),
    fold_key: str | None = None,
    fold: Mapping[str, Any] | None = None,
) -> QueueItem | None:
    """Do the same as `enqueue` for what the bot does by itself, or as part of what was won (`part_of`).

    Log an unknown kind and return None: the streamer's rows may name a removed one.
    """
    is_own = not part_of
    try:
        return enqueue(
            effect,
            viewer=viewer,
            part_of=part_of,
            event=event,
            sequel=sequel,
            is_own=is_own,
            fold_key=fold_key,
            fold=fold,
        )
    except Failed as error:
        log.warning("left out: %s", error)
        return None


def begin(item: QueueItem, kind: EffectKind[Any] | None = None) -> None:
    """Start a pending item: wake its lane, or perform it now if its kind is instant; what is due later, wake then."""
    kind = kind or get_kind(item.kind)
    if item.due_at is not None:
        wake_in(item.lane, (item.due_at - timezone.now()).total_seconds())
    elif kind.lane == INSTANT:
        item.state, item.attempts, item.started_at = State.RUNNING, 1, timezone.now()
        item.lease_until = item.started_at + lease.LENGTH  # for `rescue`, in case the process dies now
        item.lane = INSTANT  # a sequence that waited for approval counted in a lane until now
        item.save(update_fields=["state", "attempts", "started_at", "lease_until", "lane"])
        perform(item)
        item.refresh_from_db()
    else:
        wake(item.lane)


def hand_on(item: QueueItem, effect: Effect, *, sequel: Sequence[Step] = (), due_in: float = 0) -> QueueItem:
    """Enqueue what follows `item`, of the same event and purchase, which may go back if it fails."""
    return enqueue(
        effect,
        viewer=item.viewer,
        purchase=item.purchase,
        part_of=item.part_of,
        priority=item.priority,
        sequel=sequel,
        tried_by=item.tried_by,
        event=item.event,
        is_follow_up=True,
        due_in=due_in,
        is_own=bool(item.is_own),
    )


def perform(item: QueueItem) -> bool:
    """Perform a claimed item. Return True when it has ended, False when the overlays have it now."""
    kind = kinds.get(item.kind)
    # What an instant effect does and that it was done is one transaction: after a crash it happened, or it did not.
    needs_transaction = kind is not None and kind.lane == INSTANT and not transaction.get_connection().in_atomic_block
    with present_channel.within(item.channel_id or ""), transaction.atomic() if needs_transaction else nullcontext():
        # Before any account is held: a merge locks items first, and accounts after them.
        if needs_transaction and not hold(item):
            return True  # it was cancelled since it was claimed, or another worker has it
        with origin.of(item.event), counting.PERFORM_SECONDS.labels(counting.label(item.lane)).time():
            return _perform(item)


def hold(item: QueueItem) -> bool:
    """Lock a claimed item until the end of the transaction. Return False if it is not this worker's any more."""
    rows = QueueItem.objects.filter(pk=item.pk, state=State.RUNNING, attempts=item.attempts)
    return bool(list(rows.select_for_update(no_key=True).values_list("pk")))


def _perform(item: QueueItem) -> bool:
    try:
        kind = get_kind(item.kind)
        payload = kind.parse(item.payload)
        # An instant effect happens inside the caller's transaction: the savepoint lets that survive an error. Any other
        # must not hold a transaction while it waits for OBS or a server.
        with transaction.atomic() if kind.lane == INSTANT else lease.hold(item, seconds=kind.deadline):
            is_left_out = item.is_test and kind.left_out_of_tests(payload)
            task = None if is_left_out else kind.perform(item, payload)
        if task is not None:
            return not _hand_to_overlays(item, task)
        finish(item.pk, item.attempts, results=item.made)
    except Failed as error:
        end(item, State.FAILED, error.reason)
    except Refused as error:
        # By what the viewer wrote: with the cooldown back, it could be tried again and again for nothing.
        end(item, State.FAILED, error.reason, keeps_cooldowns=True)
    except Exception as error:  # an edge of the queue: the error is stored on the row, and the lane goes on
        log.exception("%s failed", item)
        # Viewers get no exception's text: it may hold paths or addresses.
        reason = f"{type(error).__name__}: {error}"
        end(item, State.FAILED, reason, details=traceback.format_exc(), viewer_reason=BROKE())
    return True


def _hand_to_overlays(item: QueueItem, task: OverlayTask) -> bool:
    # By the attempt, a page tells an item that is repeated from one that it has shown already.
    lane, screen = screens.parted(item.lane)
    message = {**task.message, "lane": lane, "attempt": item.attempts}
    if item.event:
        message["event"] = item.event
    if item.is_test:
        message["test"] = True
    seconds = min(task.seconds, QueueSettings.current().queue_item_max_seconds)
    if not lease.hand_to_overlays(item, message, seconds):
        return False  # it was skipped while it was performed, and must not be shown
    log.info("sent to the overlays: %s", item)  # before: a page may report that it plays at once
    messages.show(item.pk, message, screen)
    return True


def finish(item_id: int, attempt: int, *, results: Mapping[str, Any] | None = None) -> bool:
    """Store that the item happened. Return False if it had ended already, as when a second overlay reports it.

    `results`: the fields that performing it set, with their values.
    """
    rows = QueueItem.objects.filter(pk=item_id, attempts=attempt, state=State.RUNNING)
    item = rows.first()
    if item is None:
        return False
    return _complete(item, rows, messages.done, results or {})


@again_after_deadlock
def _complete(
    item: QueueItem, rows: QuerySet[QueueItem], notify: Callable[[int], None], changes: Mapping[str, Any]
) -> bool:
    try:
        with transaction.atomic():
            if not rows.update(state=State.DONE, finished_at=timezone.now(), lease_until=None, **changes):
                return False
            item = QueueItem.objects.select_related("viewer", "purchase").get(pk=item.pk)
            with origin.of(item.event), present_channel.within(item.channel_id or ""):
                kind = kinds.get(item.kind)
                if kind is not None and not item.is_test:
                    kind.settle(item)
                after_commit(log.info, "done: %s", item)
                _continue_after(item, notify)
    except (OperationalError, InterfaceError):  # the database, not the prize: `again_after_deadlock` may repeat it
        raise
    except Exception:  # an edge of the queue: a prize that can't be given must not hold up its lane
        log.exception("%s could not be settled", item)
        reason = "what it gives could not be given"
        return _abort(rows, State.FAILED, reason, error=reason, viewer_reason=BROKE(), by=item.by, refund=True)
    return True


@again_after_deadlock
def end(
    seen: QueueItem,
    state: State,
    reason: str,
    *,
    details: str = "",
    viewer_reason: str = "",
    by: str = "",
    refund: bool = True,
    keeps_cooldowns: bool = False,
    same_lease: bool = False,
) -> bool:
    """End an item that did not happen: store `reason`, refund it once, and tell the viewer.

    `viewer_reason` is what the viewer reads where `reason` is not for viewers; `details` is what the dashboard shows
    instead of `reason`. `keeps_cooldowns`: a refund leaves those running that the purchase began. An item whose result
    was promised already (a drawn prize) counts as done instead.

    Return False, and do nothing, if the row changed since it was read as `seen`. `same_lease`: a renewed lease is a
    change, too; for callers who end the item because its lease ran out.
    """
    rows = unchanged(seen, same_lease=same_lease)
    kind = kinds.get(seen.kind)
    with transaction.atomic():
        if not list(rows.select_for_update(no_key=True).values_list("pk")):
            return False
        # Asked behind the lock: before it, a worker may draw the prize at this very moment.
        if kind is not None and kind.is_promised(seen):
            return _complete(seen, rows, messages.stop, {"error": reason, "by": by or seen.by})
        return _abort(
            rows,
            state,
            reason,
            error=details or reason,
            viewer_reason=viewer_reason or reason,
            by=by or seen.by,
            refund=refund,
            keeps_cooldowns=keeps_cooldowns,
        )


def stop_in_time(seen: QueueItem, note: str) -> bool:
    """Stop on the overlays what they have played for as long as it may last, and count it as done.

    `note` is stored as the item's error. Return False if the row or its lease changed since it was read as `seen`.
    """
    return _complete(seen, unchanged(seen, same_lease=True), messages.stop, {"error": note})


@again_after_deadlock
def _abort(
    rows: QuerySet[QueueItem],
    state: State,
    reason: str,
    *,
    error: str,
    viewer_reason: str,
    by: str,
    refund: bool,
    keeps_cooldowns: bool = False,
) -> bool:
    with transaction.atomic():
        item = rows.first()
        if item is None:
            return False
        # Of several who end it at once, the one whose update changes the row refunds it.
        ended = {"state": state, "error": error, "finished_at": timezone.now(), "lease_until": None, "by": by}
        if not rows.update(**ended, **NOT_FOLDED):
            return False
        item = QueueItem.objects.select_related("viewer", "purchase__payment").get(pk=item.pk)
        with origin.of(item.event), present_channel.within(item.channel_id or ""):
            if refund:
                refunds.give_back(item, viewer_reason, keeps_cooldowns=keeps_cooldowns)
            after_commit(log.warning if state == State.FAILED else log.info, "%s: %s: %s", state, item, reason)
            _continue_after(item, messages.stop)
    return True


def _continue_after(item: QueueItem, notify: Callable[[int], None]) -> None:
    counting.count_end(item)
    if item.sequel and _keeps_sequel(item):
        with contained(log, "what follows %s", item):
            hand_on(item, Effect(SEQUENCE, {"effects": item.sequel}, item.title))
    after_commit(notify, item.pk)  # not before: a rollback would leave the overlays without an item that still runs
    if item.lane:
        wake(item.lane)


def _keeps_sequel(item: QueueItem) -> bool:
    # A cancelled or expired item drops its sequel; so does one that was bought and failed, since its points went back.
    return item.state == State.DONE or (item.state in {State.FAILED, State.SKIPPED} and item.purchase is None)


def unchanged(seen: QueueItem, *, same_lease: bool = False) -> QuerySet[QueueItem]:
    """Return the row of `seen` as a queryset that is empty if its state or attempt (or lease) changed since."""
    rows = QueueItem.objects.filter(pk=seen.pk, state=seen.state, attempts=seen.attempts).exclude(state__in=ENDED)
    return rows.filter(lease_until=seen.lease_until) if same_lease else rows

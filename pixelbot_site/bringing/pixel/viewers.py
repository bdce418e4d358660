"""The original's viewers with points, XP, their histories and inventories: compared, and brought in pieces."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from economy.ledger import accounts, imported
from economy.ledger.currencies import POINTS_LEDGER, XP_LEDGER
from economy.ledger.imported import Cause, History
from economy.models import XP, Item, ItemGrant, Viewer, viewer_key
from economy.viewers import inventory, lists, people
from pixelbot_site.bringing.difference import Difference, State, left_out
from pixelbot_site.bringing.pixel.original import Original, Person
from pixelbot_site.kit import bulk, pieces
from pixelbot_site.kit.transactions import again_after_deadlock, take_turn
from pixelbot_site.models import Import, ImportedChange

SECTION = "Viewers"
PERMISSION = "economy.change_points"
# What stands for a model in the change of a piece.
PIECE = "viewers"
# The name that begins the references of imported rows, by which a second run knows them.
NAME = "pixel"
# Users in one transaction; fewer, where they have more changes than this. 5,000 changes held it for half a second.
MAX_USERS = 500
MAX_CHANGES = 1000


def cause(event: str = "") -> Cause:
    """Return the cause of the import whose event is given."""
    undone = list(Import.objects.exclude(undone_at=None).order_by("pk"))
    names = [NAME, *(f"{NAME}.{record.pk}" for record in undone)]
    return Cause(names, event, frozenset(record.event for record in undone))


def compare(original: Original) -> Iterator[Difference]:
    """Yield how each viewer would change. Writes nothing."""
    usable, others = people_of(original)
    yield from others
    why = cause()
    for piece in pieces_of(usable, original):
        yield from _compare_piece(piece, original, why)


def _compare_piece(users: Sequence[Person], original: Original, why: Cause) -> Iterator[Difference]:
    names = {viewer_key(user.name): user.name for user in users}
    known = people.with_keys(names)
    viewers = known | {
        key: Viewer(pk=-number, username=name)
        for number, (key, name) in enumerate(names.items(), start=1)
        if key not in known
    }
    of_points, of_xp = _histories(users, viewers, original)
    points = imported.balances_after(POINTS_LEDGER, of_points, cause=why)
    totals = imported.balances_after(XP_LEDGER, of_xp, cause=why)
    grants = _new_grants(users, viewers, original)
    earlier = _earlier(users, viewers)
    # Two names of the original's may be one viewer here.
    for pk, viewer in {viewer.pk: viewer for viewer in viewers.values()}.items():
        details = [
            *_change("points", *points[pk]),
            *_change("XP", *totals[pk]),
            *(f"{quantity} × {item}" for owner, item, quantity, _ in grants if owner == pk),
            *(f"first seen: {was:%Y-%m-%d} → {at:%Y-%m-%d}" for who, (was, at) in earlier.items() if who == pk),
        ]
        state = State.NEW if pk < 0 else State.CHANGED if details else State.SAME
        yield Difference(SECTION, viewer.username, state, tuple(details))


def _change(what: str, before: int, after: int) -> Iterator[str]:
    if before != after:
        yield f"{what}: {before} → {after}"


def people_of(original: Original) -> tuple[list[Person], list[Difference]]:
    """Return the users who are brought over, and why others are not."""
    forgotten = lists.forgotten({viewer_key(user.name) for user in original.users})
    usable, others = [], []
    for user in original.users:
        if user.name and viewer_key(user.name) not in forgotten:
            usable.append(user)
        elif user.name:  # nor is the name told again
            others.append(left_out(SECTION, f"user {user.number}", "They were forgotten here."))
        else:
            name = user.told_name[:60] or f"user {user.number}"
            others.append(left_out(SECTION, name, "This can't be a viewer's name."))
    return usable, others


def pieces_of(users: Sequence[Person], original: Original) -> Iterator[list[Person]]:
    """Yield the users in pieces of MAX_USERS and about MAX_CHANGES; a user's own changes stay together."""
    piece: list[Person] = []
    changes = 0
    for user in users:
        piece.append(user)
        changes += len(original.point_changes.get(user.number, ())) + len(original.xp_changes.get(user.number, ()))
        if len(piece) >= MAX_USERS or changes >= MAX_CHANGES:
            yield piece
            piece, changes = [], 0
    if piece:
        yield piece


def bring(original: Original, record: Import) -> Iterator[str]:
    """Import in pieces with pauses, beside a bot that runs; yield how far it is after each piece."""
    done = 0
    why = cause(record.event)
    users, _ = people_of(original)
    for piece in pieces_of(users, original):
        began = time.monotonic()
        _bring_piece(piece, original, record, why)
        done += len(piece)
        yield f"{done} of {len(users)} viewers"
        pieces.pause(began)


@again_after_deadlock
def _bring_piece(users: Sequence[Person], original: Original, record: Import, why: Cause) -> None:
    with transaction.atomic():
        take_turn()  # nobody is merged meanwhile
        viewers, made, first_seen = _arrive(users)
        ids = sorted({viewer.pk for viewer in viewers.values()})
        accounts.lock(*ids)
        before, last = _rewarded_levels(ids), imported.last_rows()
        of_points, of_xp = _histories(users, viewers, original)
        rows = imported.import_xp(of_xp, cause=why) + imported.import_points(of_points, cause=why)
        rewarded = {pk: [before[pk], level] for pk, level in _rewarded_levels(ids).items() if level != before[pk]}
        items = dict(Item.objects.values_list("key", "pk"))
        grants = [
            ItemGrant(viewer_id=pk, item_id=items[item], quantity=quantity, reference=reference)
            for pk, item, quantity, reference in _new_grants(users, viewers, original)
            if item in items
        ]
        inventory.give_many(grants)
        if rows or grants or made or first_seen:
            after = {
                "viewers": ids,
                "rows": [last, imported.last_rows()],
                "made": made,
                "first_seen": first_seen,
                "rewarded": rewarded,
                "items": [grant.reference for grant in grants],
            }
            what = f"{len(ids)} viewers"
            ImportedChange.objects.create(of=record, what=what, model=PIECE, after=after)


def _rewarded_levels(ids: Sequence[int]) -> dict[int, int]:
    return dict(XP.objects.filter(pk__in=ids).values_list("pk", "rewarded_level"))


def _histories(
    users: Sequence[Person], viewers: Mapping[str, Viewer], original: Original
) -> tuple[list[History], list[History]]:
    of_points, of_xp = [], []
    for user in users:
        number, viewer = user.number, viewers[viewer_key(user.name)]
        balance, total = original.balances.get(number, 0), original.xp_totals.get(number, 0)
        of_points.append(History(viewer, number, original.point_changes.get(number, []), balance))
        of_xp.append(History(viewer, number, original.xp_changes.get(number, []), total))
    return of_points, of_xp


def _new_grants(
    users: Sequence[Person], viewers: Mapping[str, Viewer], original: Original
) -> list[tuple[int, str, int, str]]:
    """Return viewer, item, quantity and reference of what is in inventories there and was not given here."""
    held = [
        (viewers[viewer_key(user.name)].pk, holding.item, holding.quantity, f"{NAME}:item:{holding.number}")
        for user in users
        for holding in original.inventory.get(user.number, ())
    ]
    known = bulk.among(ItemGrant, "reference", [reference for *_, reference in held])
    return [one for one in held if one[3] not in known]


def _arrive(users: Sequence[Person]) -> tuple[dict[str, Viewer], dict[int, str], dict[int, list[str]]]:
    """Return the viewers by key, created where there are none, seen as early as there; when each new one was last
    seen, and when each other was first seen before and is now.
    """
    by_key = {viewer_key(user.name): user for user in users}
    known = people.with_keys(by_key)
    new = {key: user for key, user in by_key.items() if key not in known}
    # No start amount: the original's balance is the viewer's.
    arrived = people.seen([user.name for user in new.values()], now=timezone.now(), welcome=False)
    viewers = known | arrived
    earlier = _earlier(users, viewers)
    adapted = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE economy_viewer SET last_seen_at = %s WHERE id = %s",
            [(adapted(user.last_seen), arrived[key].pk) for key, user in new.items()],
        )
        cursor.executemany(
            "UPDATE economy_viewer SET first_seen_at = %s WHERE id = %s",
            [(adapted(at), pk) for pk, (_, at) in earlier.items()],
        )
    made = {arrived[key].pk: user.last_seen.isoformat() for key, user in new.items()}
    moved = {pk: [was.isoformat(), at.isoformat()] for pk, (was, at) in earlier.items() if pk not in made}
    return viewers, made, moved


def _earlier(users: Sequence[Person], viewers: Mapping[str, Viewer]) -> dict[int, tuple[datetime, datetime]]:
    """Return when viewers were first seen here, and at the other bot, where that is earlier."""
    ids = {viewer.pk for viewer in viewers.values()}
    here = dict(Viewer.objects.filter(pk__in=ids).values_list("pk", "first_seen_at"))
    earlier: dict[int, tuple[datetime, datetime]] = {}
    for user in users:
        pk = viewers[viewer_key(user.name)].pk
        if pk in here and user.first_seen < (earlier[pk][1] if pk in earlier else here[pk]):
            earlier[pk] = here[pk], user.first_seen
    return earlier

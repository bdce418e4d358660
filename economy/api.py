"""The API of viewers, points and XP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router, Schema
from ninja.errors import HttpError
from pydantic import Field

from economy.ledger import points, spans, xp
from economy.ledger.accounts import MAX_BALANCE
from economy.ledger.currencies import ledger_of
from economy.models import Currency, Transaction, TransactionKind, Viewer, XPTransaction
from economy.viewers import people
from economy.viewers.leaderboard import richest, top_earners
from pixelbot_site.kit.api import ApiRequest, Id, Page, PageIn, Pages, Scope, Text, answers, found_or_404, needs, page

router = Router(tags=["economy"])

Change = Annotated[int, Field(strict=True, ge=-MAX_BALANCE, le=MAX_BALANCE)]
MAX_PLACES = 100
Row = TypeVar("Row", Transaction, XPTransaction)


class ViewerOut(Schema):
    """A viewer with their balances."""

    id: int
    username: str
    points: int
    xp: int
    level: int
    first_seen_at: datetime
    last_seen_at: datetime
    is_follower: bool
    is_subscriber: bool
    is_moderator: bool
    is_streamer: bool
    is_bot: bool
    excluded: bool | None

    @staticmethod
    def resolve_points(viewer: Viewer) -> int:
        return viewer.points.balance

    @staticmethod
    def resolve_xp(viewer: Viewer) -> int:
        return viewer.xp.total

    @staticmethod
    def resolve_level(viewer: Viewer) -> int:
        return viewer.xp.level


class RowOut(Schema):
    """A row of a ledger."""

    id: int
    viewer_id: int
    delta: int
    source: str
    reason: str
    reference: str
    event: str
    by: str
    created_at: datetime


class TransactionOut(RowOut):
    """A row of the points ledger."""

    kind: str
    balance_after: int
    undoes_id: int | None


class XPTransactionOut(RowOut):
    """A row of the XP ledger."""

    total_after: int
    level_after: int


class PlaceOut(Schema):
    """A place on the leaderboard."""

    place: int
    id: int
    username: str
    amount: int


class ChangeIn(Schema):
    """A change by hand. A `key` that was used before answers 409 and changes nothing."""

    delta: Change
    reason: Text = ""
    key: UUID = Field(default_factory=uuid4)


class RowsIn(Pages.Input):
    """The filters of a ledger's list."""

    viewer: Id | None = None
    source: Text = ""
    since: datetime | None = None
    until: datetime | None = None


class TransactionsIn(RowsIn):
    """The filters of the points ledger."""

    kind: TransactionKind | None = None


@router.get("/viewers", response=answers(Page[ViewerOut]), auth=needs(Scope.READ, permission="economy.view_viewer"))
def list_viewers(request: ApiRequest, wanted: PageIn, search: Text = "") -> dict[str, Any]:
    """List viewers, the newest first. `search` is the beginning of a name."""
    viewers = Viewer.objects.select_related("points", "xp")
    return page(request, viewers.filter(people.named(search)) if search.strip() else viewers, wanted)


@router.get(
    "/viewers/{id_or_name}", response=answers(ViewerOut), auth=needs(Scope.READ, permission="economy.view_viewer")
)
def get_viewer(request: ApiRequest, id_or_name: Text) -> Viewer:
    """Return a viewer by id, or by name in any case. Write a name that is a number as @123."""
    found = None
    if id_or_name.isascii() and id_or_name.isdecimal() and len(id_or_name) < 19:
        found = Viewer.objects.select_related("points", "xp").filter(pk=int(id_or_name)).first()
    return found_or_404(found or people.find(id_or_name))


@router.post("/viewers/{viewer_id}/points", response=answers(TransactionOut), auth=needs(Scope.POINTS))
def adjust_points(request: ApiRequest, viewer_id: Id, change: ChangeIn) -> Transaction:
    """Give points, or take some where `delta` is negative; 409 where there are too few."""
    viewer = get_object_or_404(Viewer, pk=viewer_id)
    if change.delta == 0:
        raise HttpError(422, "delta must not be zero.")
    try:
        with transaction.atomic():
            return points.adjust(
                viewer,
                change.delta,
                source="api",
                reference=f"api:{change.key}",
                reason=change.reason,
                by=request.auth.name,
            )
    except IntegrityError:
        raise HttpError(409, "This key was used before.") from None


@router.post("/viewers/{viewer_id}/xp", response=answers(XPTransactionOut), auth=needs(Scope.POINTS))
def adjust_xp(request: ApiRequest, viewer_id: Id, change: ChangeIn) -> XPTransaction:
    """Give XP, or take some, down to zero."""
    viewer = get_object_or_404(Viewer, pk=viewer_id)
    if change.delta == 0:
        raise HttpError(422, "delta must not be zero.")
    try:
        with transaction.atomic():
            return xp.adjust(
                viewer,
                change.delta,
                source="api",
                reference=f"api:{change.key}",
                reason=change.reason,
                by=request.auth.name,
            )
    except IntegrityError:
        raise HttpError(409, "This key was used before.") from None
    except ValueError as error:
        raise HttpError(409, f"{error}.") from None


@router.get(
    "/transactions",
    response=answers(Page[TransactionOut]),
    auth=needs(Scope.READ, permission="economy.view_transaction"),
)
def list_transactions(request: ApiRequest, wanted: Annotated[TransactionsIn, Query()]) -> dict[str, Any]:
    """List the points ledger, the newest row first."""
    rows = Transaction.objects.filter(kind=wanted.kind) if wanted.kind else Transaction.objects.all()
    return page(request, _narrowed(rows, wanted), wanted)


@router.get(
    "/xp-transactions",
    response=answers(Page[XPTransactionOut]),
    auth=needs(Scope.READ, permission="economy.view_xptransaction"),
)
def list_xp_transactions(request: ApiRequest, wanted: Annotated[RowsIn, Query()]) -> dict[str, Any]:
    """List the XP ledger, the newest row first."""
    return page(request, _narrowed(XPTransaction.objects.all(), wanted), wanted)


@router.post("/transactions/{transaction_id}/reverse", response=answers(TransactionOut), auth=needs(Scope.POINTS))
def reverse_transaction(request: ApiRequest, transaction_id: Id, reason: Text = "") -> Transaction:
    """Take one change back, once; 409 where it can't be."""
    row = get_object_or_404(Transaction.objects.select_related("viewer"), pk=transaction_id)
    try:
        return points.reverse(row, reason=reason, by=request.auth.name)
    except ValueError as error:
        raise HttpError(409, f"{error}.") from None


@router.get("/leaderboard", response=answers(list[PlaceOut]), auth=needs(Scope.READ, permission="economy.view_viewer"))
def leaderboard(
    request: ApiRequest,
    by: Currency = Currency.POINTS,
    days: Annotated[int | None, Field(ge=1, le=3650)] = None,
    limit: Annotated[int, Field(ge=1, le=MAX_PLACES)] = 10,
) -> list[dict[str, Any]]:
    """List the viewers with most points or XP; with `days`, those who earned most in the last `days` days."""
    ledger, now = ledger_of(by), timezone.now()
    if days is None:
        best = richest(ledger, limit=limit)
    else:
        best = top_earners(ledger, since=now - timedelta(days=days), until=now, limit=limit)
    return [
        {"place": number, "id": place.viewer_id, "username": place.username, "amount": place.amount}
        for number, place in enumerate(best, start=1)
    ]


def _narrowed(rows: QuerySet[Row], wanted: RowsIn) -> QuerySet[Row]:
    filters = {"viewer_id": wanted.viewer, "source": wanted.source or None}
    rows = rows.filter(**{name: value for name, value in filters.items() if value is not None})
    return spans.between(rows, _aware(wanted.since), _aware(wanted.until))


def _aware(moment: datetime | None) -> datetime | None:
    # A time without a zone is in the streamer's.
    if moment is None:
        return None
    try:
        aware = timezone.make_aware(moment) if timezone.is_naive(moment) else moment
        return aware.astimezone(UTC)
    except (OverflowError, ValueError):
        raise HttpError(422, f"{moment} is no time that can be looked for.") from None

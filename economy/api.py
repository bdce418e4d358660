"""The API's part for viewers, points and XP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from ninja.errors import HttpError
from pydantic import Field

from economy.ledger import points, xp
from economy.ledger.amounts import MAX_BALANCE
from economy.ledger.currencies import ledger_of
from economy.models import Currency, Kind, Transaction, Viewer, XPTransaction
from economy.models.heirs import heir_of
from economy.viewers import people
from economy.viewers.leaderboard import richest, top_earners
from pixelbot_site.kit.api import Id, Page, Paged, Scope, Text, answers, needs, page, there, who

router = Router(tags=["economy"])

Change = Annotated[int, Field(strict=True, ge=-MAX_BALANCE, le=MAX_BALANCE)]
PLACES = 100


class ViewerOut(Schema):
    """A viewer with what they have."""

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
        """The balance."""
        return viewer.points.balance

    @staticmethod
    def resolve_xp(viewer: Viewer) -> int:
        """All XP ever."""
        return viewer.xp.total

    @staticmethod
    def resolve_level(viewer: Viewer) -> int:
        """By XP."""
        return viewer.xp.level


class RowOut(Schema):
    """One change of points, or of XP."""

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
    """Of points."""

    kind: str
    balance_after: int
    undoes_id: int | None


class XPTransactionOut(RowOut):
    """Of XP."""

    total_after: int
    level_after: int


class PlaceOut(Schema):
    """A place on the leaderboard."""

    place: int
    id: int
    username: str
    amount: int


class ChangeIn(Schema):
    """A change by hand. `key`: the same one twice changes once, and the second is told so (409)."""

    delta: Change
    reason: Text = ""
    key: UUID = Field(default_factory=uuid4)


class RowsIn(Page):
    """Which rows of a ledger."""

    viewer: Id | None = None
    source: Text = ""
    since: datetime | None = None
    until: datetime | None = None


class TransactionsIn(RowsIn):
    """The same, of points."""

    kind: Kind | None = None


@router.get("/viewers", response=answers(list[ViewerOut]))
@needs(Scope.READ)
def list_viewers(request: HttpRequest, asked: Paged, search: Text = "") -> list[Viewer]:
    """Viewers, the newest first; `search` is the beginning of a name."""
    found = Viewer.objects.select_related("points", "xp")
    return page(found.filter(people.named(search)) if search.strip() else found, asked)


@router.get("/viewers/{id_or_name}", response=answers(ViewerOut))
@needs(Scope.READ)
def get_viewer(request: HttpRequest, id_or_name: Text) -> Viewer:
    """One viewer, by id or by name in any case. A name that is a number: write it as @123."""
    found = None
    if id_or_name.isascii() and id_or_name.isdecimal() and len(id_or_name) < 19:
        found = Viewer.objects.select_related("points", "xp").filter(pk=int(id_or_name)).first()
    viewer: Viewer = there(found or people.find(id_or_name))
    return viewer


@router.post("/viewers/{viewer_id}/points", response=answers(TransactionOut))
@needs(Scope.POINTS)
def adjust_points(request: HttpRequest, viewer_id: Id, change: ChangeIn) -> Transaction:
    """Give points, or take some where `delta` is negative; 409 where there are too few."""
    viewer = there(Viewer.objects.filter(pk=viewer_id).first())
    if change.delta == 0:
        raise HttpError(422, "delta must not be zero.")
    try:
        with transaction.atomic():
            return points.adjust(
                heir_of(viewer),
                change.delta,
                source="api",
                reference=f"api:{change.key}",
                reason=change.reason,
                by=who(request),
            )
    except IntegrityError:
        raise HttpError(409, "This key was used before.") from None


@router.post("/viewers/{viewer_id}/xp", response=answers(XPTransactionOut))
@needs(Scope.POINTS)
def adjust_xp(request: HttpRequest, viewer_id: Id, change: ChangeIn) -> XPTransaction:
    """Give XP, or take some, down to zero."""
    viewer = there(Viewer.objects.filter(pk=viewer_id).first())
    if change.delta == 0:
        raise HttpError(422, "delta must not be zero.")
    try:
        with transaction.atomic():
            return xp.adjust(
                heir_of(viewer),
                change.delta,
                source="api",
                reference=f"api:{change.key}",
                reason=change.reason,
                by=who(request),
            )
    except IntegrityError:
        raise HttpError(409, "This key was used before.") from None
    except ValueError as error:
        raise HttpError(409, f"{error}.") from None


@router.get("/transactions", response=answers(list[TransactionOut]))
@needs(Scope.READ)
def list_transactions(request: HttpRequest, asked: Annotated[TransactionsIn, Query()]) -> list[Transaction]:
    """The points ledger, the newest first."""
    rows = Transaction.objects.filter(kind=asked.kind) if asked.kind else Transaction.objects.all()
    return page(_narrowed(rows, asked), asked)


@router.get("/xp-transactions", response=answers(list[XPTransactionOut]))
@needs(Scope.READ)
def list_xp_transactions(request: HttpRequest, asked: Annotated[RowsIn, Query()]) -> list[XPTransaction]:
    """The XP ledger, the newest first."""
    return page(_narrowed(XPTransaction.objects.all(), asked), asked)


@router.post("/transactions/{transaction_id}/reverse", response=answers(TransactionOut))
@needs(Scope.POINTS)
def reverse_transaction(request: HttpRequest, transaction_id: Id, reason: Text = "") -> Transaction:
    """Take one change back, once; 409 where it can't be."""
    row = there(Transaction.objects.select_related("viewer").filter(pk=transaction_id).first())
    try:
        return points.reverse(row, reason=reason, by=who(request))
    except ValueError as error:
        raise HttpError(409, f"{error}.") from None


@router.get("/leaderboard", response=answers(list[PlaceOut]))
@needs(Scope.READ)
def leaderboard(
    request: HttpRequest,
    by: Currency = Currency.POINTS,
    days: Annotated[int | None, Field(ge=1, le=3650)] = None,
    limit: Annotated[int, Field(ge=1, le=PLACES)] = 10,
) -> list[dict[str, Any]]:
    """Who has most points or XP; with `days`, who earned most in the last so many days."""
    ledger, now = ledger_of(by), timezone.now()
    if days is None:
        best = richest(ledger, limit=limit)
    else:
        best = top_earners(ledger, since=now - timedelta(days=days), until=now, limit=limit)
    return [
        {"place": number, "id": place.viewer_id, "username": place.username, "amount": place.amount}
        for number, place in enumerate(best, start=1)
    ]


def _narrowed(rows: Any, asked: RowsIn) -> Any:
    wanted = {
        "viewer_id": asked.viewer,
        "source": asked.source or None,
        "created_at__gte": _aware(asked.since),
        "created_at__lt": _aware(asked.until),
    }
    return rows.filter(**{name: value for name, value in wanted.items() if value is not None})


def _aware(moment: datetime | None) -> datetime | None:
    """A time without a zone is the streamer's."""
    if moment is None:
        return None
    try:
        aware = timezone.make_aware(moment) if timezone.is_naive(moment) else moment
        return aware.astimezone(UTC)
    except (OverflowError, ValueError):
        raise HttpError(422, f"{moment} is no time that can be looked for.") from None

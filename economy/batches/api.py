"""The API of batches."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID, uuid4

from django.shortcuts import get_object_or_404
from ninja import Router, Schema
from ninja.errors import HttpError
from pydantic import Field

from economy.batches import batch
from economy.batches.target import FILTERS, Target
from economy.ledger.accounts import MAX_BALANCE
from economy.models import Batch, Currency
from pixelbot_site.kit.api import ApiRequest, Id, Scope, Text, answers, needs

router = Router(tags=["batches"])


class BatchIn(Schema):
    """A change for every viewer (`target` says so), for `ids`, or for those the filters match. A `key` runs once."""

    operation: Literal["add", "subtract", "set"]
    amount: int = Field(strict=True, ge=0, le=MAX_BALANCE)
    target: Literal["all", "ids", "filter"] | None = None
    ids: list[Id] | None = Field(None, min_length=1, max_length=10_000)
    seen_within_days: int | None = Field(None, ge=0, le=36_500)
    subscribers: bool = False
    present: bool = False
    least_level: int | None = Field(None, ge=1, le=9999)
    below_zero: Literal["clamp", "skip"] = "clamp"
    reason: Text = ""
    key: UUID = Field(default_factory=uuid4)
    preview: bool = False


class BatchOut(Schema):
    """The result of a batch; with `preview`, what it would be."""

    ok: bool
    batch: int
    state: str
    total_users: int
    success: int = 0
    failed: int = 0
    errors: list[str] = Field(default_factory=list)
    level_ups: int = 0
    changed: int = 0
    too_little: int = 0


@router.post("/users/batch-points", response=answers(BatchOut), auth=needs(Scope.POINTS))
def batch_points(request: ApiRequest, wanted: BatchIn) -> dict[str, Any]:
    """Add, subtract or set the points of many viewers. Answers when all of it is done."""
    return _batch(request, Currency.POINTS, wanted)


@router.post("/users/batch-xp", response=answers(BatchOut), auth=needs(Scope.POINTS))
def batch_xp(request: ApiRequest, wanted: BatchIn) -> dict[str, Any]:
    """Add, subtract or set XP. Rewards for levels reached this way come with the next XP that the viewer earns."""
    return _batch(request, Currency.XP, wanted)


@router.post("/batches/{batch_id}/reverse", response=answers(BatchOut), auth=needs(Scope.POINTS))
def reverse_batch(request: ApiRequest, batch_id: Id) -> dict[str, Any]:
    """Take a whole batch back, once. Asked again, it is tried for those who were left out since they had nothing."""
    row = get_object_or_404(Batch, pk=batch_id)
    return _result(batch.run(batch.plan_reversal(row, by=request.auth.name)))


def _batch(request: ApiRequest, currency: Currency, wanted: BatchIn) -> dict[str, Any]:
    if wanted.amount == 0 and wanted.operation != "set":
        raise HttpError(422, "amount must be at least 1.")
    planned = batch.plan(
        currency,
        wanted.operation,
        wanted.amount,
        target=_target(wanted),
        skips=wanted.below_zero == "skip",
        reason=wanted.reason,
        by=request.auth.name,
        key=wanted.key,
    )
    if not wanted.preview:
        return _result(batch.run(planned))
    preview = batch.preview(planned)
    return {
        "ok": True,
        "batch": planned.pk,
        "state": planned.state,
        "total_users": preview.viewers,
        "changed": preview.changed,
        "too_little": preview.too_little,
    }


def _target(wanted: BatchIn) -> Target:
    filters = Target.of(wanted.dict(include=set(FILTERS)))
    narrows = filters != Target()
    if wanted.ids is not None:
        if narrows or wanted.target not in (None, "ids"):
            raise HttpError(422, ONE_WAY)
        return Target(ids=tuple(wanted.ids))
    if narrows:
        if wanted.target not in (None, "filter"):
            raise HttpError(422, ONE_WAY)
        return filters
    if wanted.target != "all":
        raise HttpError(422, ONE_WAY)
    return filters


ONE_WAY = "Choose the viewers in one way: ids (at least one), or filters (at least one that narrows), or target all."


def _result(done: Batch) -> dict[str, Any]:
    return {**batch.result(done), "changed": done.changed}

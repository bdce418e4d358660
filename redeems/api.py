"""The API's part for redeems."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field, StringConstraints

from pixelbot_site.kit.api import Scope, answers, needs, there
from redeems.models import Redeem

router = Router(tags=["redeems"])

Title = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]
Whole = Annotated[int, Field(ge=0, le=2**31 - 1)]


class RedeemOut(Schema):
    """Something that points buy."""

    key: str
    title: str
    cost: int
    enabled: bool
    cooldown_seconds: int | None
    global_cooldown_seconds: int


class RedeemIn(Schema):
    """What shall change; what is left out stays. `cooldown_seconds`: null is the redeem's own default."""

    title: Title | None = None
    cost: Whole | None = None
    enabled: bool | None = None
    cooldown_seconds: Whole | None = None
    global_cooldown_seconds: Whole | None = None


@router.get("/redeems", response=answers(list[RedeemOut]))
@needs(Scope.READ)
def list_redeems(request: HttpRequest) -> list[Redeem]:
    """All of them."""
    return list(Redeem.objects.all())


@router.patch("/redeems/{key}", response=answers(RedeemOut))
@needs(Scope.ADMIN)
def update_redeem(request: HttpRequest, key: str, change: RedeemIn) -> Redeem:
    """Change price, title, cooldowns, or switch it on or off."""
    row = _redeem(key)
    for name, value in change.dict(exclude_unset=True).items():
        if value is not None or name == "cooldown_seconds":
            setattr(row, name, value)
    row.save()
    return row


@router.post("/redeems/{key}/toggle", response=answers(RedeemOut))
@needs(Scope.ADMIN)
def toggle_redeem(request: HttpRequest, key: str) -> Redeem:
    """Off if it is on, on if it is off."""
    row = _redeem(key)
    row.enabled = not row.enabled
    row.save(update_fields=["enabled"])
    return row


def _redeem(key: str) -> Redeem:
    row: Redeem = there(Redeem.objects.filter(key=key.replace("\0", "")).first())
    return row

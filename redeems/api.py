"""The API's part for redeems."""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field, StringConstraints

from economy.viewers import people
from effects.models import State
from effects.settings_table import EffectsSettings
from pixelbot_site.kit.api import Scope, answers, needs, there
from redeems import purchase
from redeems.models import Approval, Least, Pricing, Redeem

router = Router(tags=["redeems"])

Title = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]
MAY_BE_NULL = {"cooldown_seconds", "limit_per_stream", "limit_per_viewer", "stock"}
Whole = Annotated[int, Field(ge=0, le=2**31 - 1)]


class RedeemOut(Schema):
    """Something that points buy."""

    key: str
    title: str
    cost: int
    pricing: Pricing
    enabled: bool
    live_only: bool
    cooldown_seconds: int | None
    global_cooldown_seconds: int
    limit_per_stream: int | None
    limit_per_viewer: int | None
    stock: int | None
    least_role: Least
    least_level: int
    needs_text: bool
    approval: Approval
    priority: int


class RedeemIn(Schema):
    """What shall change; what is left out stays. null: the redeem's own cooldown, no limit, no end of the stock."""

    title: Title | None = None
    cost: Whole | None = None
    pricing: Pricing | None = None
    enabled: bool | None = None
    live_only: bool | None = None
    cooldown_seconds: Whole | None = None
    global_cooldown_seconds: Whole | None = None
    limit_per_stream: Whole | None = None
    limit_per_viewer: Whole | None = None
    stock: Whole | None = None
    least_role: Least | None = None
    least_level: Whole | None = None
    needs_text: bool | None = None
    approval: Approval | None = None
    priority: Annotated[int, Field(ge=-1000, le=1000)] | None = None


class PurchaseIn(Schema):
    """For whom, with which words. `free`: given away, whatever the rules are."""

    viewer: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00]+$")]
    text: Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^\x00]*$")] = ""
    free: bool = False


class PurchaseOut(Schema):
    """The queue item that came of it, and the viewer's points that are left."""

    ok: bool = True
    item_id: int
    state: State
    balance: int


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
    told = change.dict(exclude_unset=True)
    changed = {name: value for name, value in told.items() if value is not None or name in MAY_BE_NULL}
    for name, value in changed.items():
        setattr(row, name, value)
    row.save(update_fields=changed)  # and nothing else: somebody may be buying it
    return row


@router.post("/redeems/{key}/buy", response=answers(PurchaseOut))
@needs(Scope.POINTS)
def buy(request: HttpRequest, key: str, asked: PurchaseIn) -> PurchaseOut:
    """Buy it for a viewer, with their points, or give it away. 409, with the sentence, where it is refused."""
    viewer = there(people.find(asked.viewer))
    item = purchase.buy(
        viewer=viewer,
        key=_redeem(key).key,
        words=asked.text.strip(),
        reference=f"api:{uuid4()}",
        rules=EffectsSettings.current(),
        now=timezone.now(),
        free=asked.free,
    )
    return PurchaseOut(
        item_id=item.pk, state=State(item.state), balance=there(people.find(asked.viewer)).points.balance
    )


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

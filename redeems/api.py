"""The API's endpoints of redeems."""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field, StringConstraints

from economy.models import MAX_COOLDOWN, MAX_PRICE, Viewer
from economy.viewers import people
from economy.viewers.roles import Role
from effects.models import QueueItem, State
from effects.settings_table import EffectsSettings
from pixelbot_site.kit.api import ApiRequest, Scope, answers, found_or_404, needs
from redeems import purchase
from redeems.models import Approval, Pricing, Redeem

router = Router(tags=["redeems"])

Title = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]
# Fields that a null changes; for the others, null means the same as leaving them out.
NULLABLE = {"cooldown_seconds", "limit_per_stream", "limit_per_viewer", "stock"}
# What PositiveIntegerField holds on PostgreSQL.
Whole = Annotated[int, Field(ge=0, le=2**31 - 1)]
Seconds = Annotated[int, Field(ge=0, le=MAX_COOLDOWN)]


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
    least_role: Role
    least_level: int
    needs_text: bool
    approval: Approval
    priority: int


class RedeemIn(Schema):
    """The fields to change; others stay. null means the redeem's default cooldown, no limit, or an unlimited stock."""

    title: Title | None = None
    cost: Annotated[int, Field(ge=0, le=MAX_PRICE)] | None = None
    pricing: Pricing | None = None
    enabled: bool | None = None
    live_only: bool | None = None
    cooldown_seconds: Seconds | None = None
    global_cooldown_seconds: Seconds | None = None
    limit_per_stream: Whole | None = None
    limit_per_viewer: Whole | None = None
    stock: Whole | None = None
    least_role: Role | None = None
    least_level: Whole | None = None
    needs_text: bool | None = None
    approval: Approval | None = None
    priority: Annotated[int, Field(ge=-1000, le=1000)] | None = None


class PurchaseIn(Schema):
    """The viewer to buy for, and the text after the command. `free` gives it away, without any limit or cost."""

    viewer: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00]+$")]
    text: Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^\x00]*$")] = ""
    free: bool = False


class PurchaseOut(Schema):
    """The first queue item of the purchase, and the viewer's balance after it."""

    ok: bool = True
    item_id: int
    state: State
    balance: int


@router.get("/redeems", response=answers(list[RedeemOut]), auth=needs(Scope.READ, permission="redeems.view_redeem"))
def list_redeems(request: ApiRequest) -> list[Redeem]:
    """List every redeem."""
    return list(Redeem.objects.all())


@router.patch(
    "/redeems/{key}", response=answers(RedeemOut), auth=needs(Scope.ADMIN, permission="redeems.change_redeem")
)
def update_redeem(request: ApiRequest, key: str, change: RedeemIn) -> Redeem:
    """Change a redeem: its price, title, limits, or whether it is on."""
    row = _redeem(key)
    fields = change.dict(exclude_unset=True)
    changed = {name: value for name, value in fields.items() if value is not None or name in NULLABLE}
    for name, value in changed.items():
        setattr(row, name, value)
    row.save(update_fields=changed)  # only these: a purchase may change the stock at the same time
    return row


@router.post("/redeems/{key}/buy", response=answers(PurchaseOut), auth=needs(Scope.POINTS))
def buy(request: ApiRequest, key: str, wanted: PurchaseIn) -> PurchaseOut:
    """Buy a redeem for a viewer with their points, or give it away. Answers 409 with the reason where it is refused."""
    viewer = found_or_404(people.find(wanted.viewer))
    key = _redeem(key).key
    item = _give_away(viewer, key, wanted) if wanted.free else _buy(viewer, key, wanted)
    viewer.points.refresh_from_db()
    return PurchaseOut(item_id=item.pk, state=State(item.state), balance=viewer.points.balance)


@router.post(
    "/redeems/{key}/toggle", response=answers(RedeemOut), auth=needs(Scope.ADMIN, permission="redeems.change_redeem")
)
def toggle_redeem(request: ApiRequest, key: str) -> Redeem:
    """Switch a redeem off if it is on, and on if it is off."""
    row = _redeem(key)
    row.enabled = not row.enabled
    row.save(update_fields=["enabled"])
    return row


def _buy(viewer: Viewer, key: str, wanted: PurchaseIn) -> QueueItem:
    bought = purchase.buy(
        viewer=viewer,
        key=key,
        words=wanted.text.strip(),
        reference=f"api:{uuid4()}",
        rules=EffectsSettings.current(),
        now=timezone.now(),
    )
    return bought.items.earliest("pk")


def _give_away(viewer: Viewer, key: str, wanted: PurchaseIn) -> QueueItem:
    return purchase.give_away(viewer=viewer, key=key, words=wanted.text.strip(), rules=EffectsSettings.current())


def _redeem(key: str) -> Redeem:
    # PostgreSQL raises for a NUL in a query's value.
    return get_object_or_404(Redeem, key=key.replace("\0", ""))

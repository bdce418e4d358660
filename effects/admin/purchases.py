"""What a viewer bought, as a part of their card, with a button that gives the points back."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from economy.admin.card import CardPart, viewer_card
from economy.models import Transaction, Viewer
from effects.models import UNFINISHED, Purchase, QueueItem, State
from effects.queue import control
from pixelbot_site.kit.errors import Refused

MAX_SHOWN = 10


@viewer_card.register
def card_part(viewer: Viewer, request: HttpRequest) -> CardPart | None:
    """Return the viewer's newest purchases, for who may see the queue."""
    if not request.user.has_perm("effects.view_queueitem"):
        return None
    may_give_back = request.user.has_perm("effects.change_queueitem")
    context = {"rows": _newest(viewer), "may_give_back": may_give_back}
    return CardPart("admin/effects/purchases_of_viewer.html", context)


def _newest(viewer: Viewer) -> list[dict[str, object]]:
    items = QueueItem.objects.filter(purchase=OuterRef("pk"))
    unfinished = items.filter(state__in=UNFINISHED).order_by("-pk")
    found: QuerySet[Purchase] = Purchase.objects.filter(viewer=viewer).select_related("payment").order_by("-pk")
    rows = found.annotate(
        unfinished=Subquery(unfinished.values("state")[:1]),
        last=Subquery(items.order_by("-pk").values("state")[:1]),
        is_undone=Exists(Transaction.objects.filter(undoes=OuterRef("payment"))),
    )
    return [_row(purchase) for purchase in rows[:MAX_SHOWN]]


def _row(purchase: Purchase) -> dict[str, object]:
    payment = purchase.payment
    state = getattr(purchase, "unfinished", None) or getattr(purchase, "last", None)
    is_undone = purchase.refunded_at is not None or bool(getattr(purchase, "is_undone", False))
    return {
        "purchase": purchase,
        "title": (payment.reason if payment else "") or purchase.redeem,
        "price": -payment.delta if payment else 0,
        "state": State(state).label if state else "long ago",
        "is_undone": is_undone and payment is not None,
        "may_be_undone": payment is not None and not is_undone,
    }


def give_back(request: HttpRequest, purchase_id: int) -> HttpResponse:
    """Refund the purchase, and return to the viewer's card."""
    if request.method != "POST" or not request.user.has_perm("effects.change_queueitem"):
        raise PermissionDenied
    purchase = get_object_or_404(Purchase.objects.select_related("payment"), pk=purchase_id)
    try:
        given = control.give_back(purchase, by=request.user.get_username())
    except Refused as error:
        messages.error(request, f"The points could not be given back: {error}.")
    else:
        messages.info(request, "The points are back." if given else "The points were given back before.")
    return redirect("admin:economy_viewer_change", purchase.viewer_id)

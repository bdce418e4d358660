"""The views of a viewer's page: the card, its form, its buttons, and the search that leads there."""

from __future__ import annotations

from copy import copy
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from economy.admin import by_hand, card
from economy.admin.by_hand import ByHandForm
from economy.ledger.currencies import ledger_of
from economy.models import KEY_MAX, Currency
from economy.viewers import people
from pixelbot_site.kit.admin import ModelAdmin
from pixelbot_site.kit.errors import Refused


class CardAdmin(ModelAdmin):
    """Shows the card above the form of a viewer, and adds the views behind its buttons."""

    def get_urls(self) -> list[URLPattern]:
        """Add the address of the search, and of the buttons that reverse a row."""
        view = self.admin_site.admin_view
        reversing = "<int:viewer_id>/reverse/<str:currency>/<int:row_id>/"
        own = [
            path("find/", view(self.find), name="economy_viewer_find"),
            path(reversing, view(self.reverse_row), name="economy_viewer_reverse"),
        ]
        return own + super().get_urls()

    def find(self, request: HttpRequest) -> HttpResponse:
        """Redirect to the card of the viewer who has the name, or to the list of those whose names begin so."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        name = request.GET.get("q", "").replace("\0", "").strip()[:KEY_MAX]
        viewer = people.find(name) if name else None
        if viewer is not None:
            return redirect("admin:economy_viewer_change", viewer.pk)
        return redirect(f"{reverse('admin:economy_viewer_changelist')}?{urlencode({'q': name})}")

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Add the card to the page."""
        if context.get("original") is not None:
            context["card"] = card.of(context["original"], request, context.get("refused"))
        return super().render_change_form(request, context, *args, **kwargs)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the page, save its form, or give or take by the card's form: its key says that it was sent."""
        if request.method != "POST" or "by_hand_key" not in request.POST:
            return super().change_view(request, object_id, form_url, extra_context)
        viewer = self.get_object(request, unquote(object_id))
        if viewer is None:
            raise Http404
        if not (self.has_view_permission(request, viewer) and request.user.has_perm("economy.change_points")):
            raise PermissionDenied
        form = ByHandForm(request.POST)
        if form.is_valid():
            try:
                owner, held = by_hand.give_or_take(viewer, form, by=request.user.get_username())
            except Refused as error:
                form.add_error("amount", str(error))
            else:
                messages.success(request, format_html("<bdi>{}</bdi> now has {}.", owner.username, held))
                return redirect("admin:economy_viewer_change", owner.pk)
        shown = copy(request)
        shown.method = "GET"  # or the page would take the card's form for its own
        return super().change_view(shown, object_id, form_url, {**(extra_context or {}), "refused": form})

    def reverse_row(self, request: HttpRequest, viewer_id: int, currency: str, row_id: int) -> HttpResponse:
        """Take a row of the viewer's ledger back. Pressed twice, it is taken back once."""
        if request.method != "POST" or not request.user.has_perm("economy.change_points"):
            raise PermissionDenied
        if currency not in Currency:
            raise Http404
        rows = ledger_of(currency).rows.objects.select_related("viewer")
        row = get_object_or_404(rows, pk=row_id, viewer=viewer_id)
        try:
            by_hand.reverse(row, by=request.user.get_username())
        except (Refused, ValueError) as error:
            messages.error(request, f"{row}: {error}.")
        else:
            self.message_user(request, f"{row}: reversed.")
        return redirect("admin:economy_viewer_change", viewer_id)

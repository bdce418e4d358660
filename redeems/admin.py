"""What can be bought, at what price, by whom and how often."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone

from economy.models import Viewer
from economy.viewers import people
from effects.models import QueueItem
from effects.settings_table import EffectsSettings
from pixelbot_site.kit.admin import ModelAdmin, StockMixin
from pixelbot_site.kit.errors import Failed, Refused
from pixelbot_site.kit.steps import wanted_words
from redeems import purchase
from redeems.models import Redeem
from redeems.registry import catalog

WORDS = {"user", "text"}


class RedeemForm(forms.ModelForm):  # type: ignore[type-arg]
    """A redeem that is not in the catalog is made of effects."""

    class Meta:
        model = Redeem
        fields = tuple(field.name for field in Redeem._meta.concrete_fields if not field.primary_key)

    def clean_key(self) -> str:
        """As it is typed in chat: small, and no command's."""
        key: str = self.cleaned_data["key"].casefold()
        if key in purchase.taken_words():
            raise forms.ValidationError(f"!{key} is a command already.")
        return key

    def clean(self) -> dict[str, Any]:
        """What could not work is said now."""
        cleaned: dict[str, Any] = super().clean() or {}
        key = cleaned.get("key") or self.instance.key
        if key not in catalog and not cleaned.get("effects") and "effects" not in self.errors:
            self.add_error("effects", "What shall happen? This redeem does nothing by itself.")
        unknown = sorted(wanted_words(cleaned.get("effects") or []) - WORDS)
        if unknown:
            self.add_error("effects", f"Nothing is filled in for {{{unknown[0]}}} here. There is {{text}}, {{user}}.")
        return cleaned


@admin.register(Redeem)
class RedeemAdmin(StockMixin, ModelAdmin):
    """Rows of the catalog are there by themselves; others are made of effects."""

    form = RedeemForm
    list_display = ("key", "title", "cost", "enabled", "cooldown_seconds", "global_cooldown_seconds", "stock")
    list_editable = ("title", "cost", "enabled", "cooldown_seconds", "global_cooldown_seconds")
    change_form_template = "admin/redeems/redeem/change_form.html"
    fieldsets = (
        (None, {"fields": ("key", "title", "cost", "pricing", "enabled", "live_only")}),
        ("Who, and how often", {"fields": (
            "least_role", "least_level", "cooldown_seconds", "global_cooldown_seconds", "limit_per_stream",
            "limit_per_viewer", "stock", "needs_text", "approval", "priority",
        )}),
        ("What happens", {"fields": ("effects", "choices", "seconds", "voice", "rate", "volume")}),
    )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        """The key of one that there is stays: chat knows it, and its history."""
        return ("key",) if obj is not None else ()

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Not those of the catalog: they would come back at the next start. Switch them off instead."""
        return not (isinstance(obj, Redeem) and obj.key in catalog) and super().has_delete_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Deleting is done one by one, so that none of the catalog is among them."""
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def get_urls(self) -> list[URLPattern]:
        """With the button that uses it."""
        own = [path("<int:redeem_id>/use/", self.admin_site.admin_view(self.use), name="redeems_redeem_use")]
        return own + super().get_urls()

    def use(self, request: HttpRequest, redeem_id: int) -> HttpResponse:
        """Buy it for a viewer, or give it away."""
        if request.method != "POST" or not request.user.has_perm("redeems.change_redeem"):
            raise PermissionDenied
        row = get_object_or_404(Redeem, pk=redeem_id)
        viewer = people.find(request.POST.get("viewer", ""))
        try:
            if viewer is None:
                raise Refused("nobody of that name was seen here yet")
            item = _used(row, viewer, request.POST.get("words", "").strip(), charge="charge" in request.POST)
            self.message_user(request, f"It is in the queue: {item}.")
        except (Refused, Failed) as error:
            messages.error(request, f"{error}.")
        return redirect("admin:redeems_redeem_change", row.pk)


def _used(row: Redeem, viewer: Viewer, words: str, *, charge: bool) -> QueueItem:
    now = EffectsSettings.current()
    if not charge:
        return purchase.give_away(viewer=viewer, key=row.key, words=words, rules=now)
    reference = f"dashboard:{uuid4()}"
    bought = purchase.buy(viewer=viewer, key=row.key, words=words, reference=reference, rules=now, now=timezone.now())
    return bought.items.earliest("pk")

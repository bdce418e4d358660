"""The dashboard's pages of redeems."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Field, Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone

from economy.models import Viewer, viewer_key
from economy.viewers import people
from effects.models import QueueItem
from effects.settings_table import EffectsSettings
from pixelbot_site.kit import words
from pixelbot_site.kit.admin import ModelAdmin, MovingMixin, keep_typed, log_deed, typed_before
from pixelbot_site.kit.errors import Failed, Refused
from pixelbot_site.kit.trying import Trial, TryMixin
from pixelbot_site.kit.voice_fields import VoiceSelect
from redeems import purchase
from redeems.models import Redeem
from redeems.registry import catalog

# The placeholders that `purchase` fills in.
PLACEHOLDERS = {"user", "text"}
# What a viewer writes, where a redeem is tried without words.
SAMPLE_WORDS = "This is a test."
# Seconds for which a form that was sent is not acted on again.
USED_FOR = 86_400


class RedeemForm(forms.ModelForm):  # type: ignore[type-arg]
    """The form of a redeem. Outside of the catalog, a redeem needs effects."""

    class Meta:
        model = Redeem
        fields = tuple(field.name for field in Redeem._meta.concrete_fields if not field.primary_key)

    def clean_key(self) -> str:
        """Return the key case-folded, as commands are looked up. Refuse the word of a command."""
        key: str = self.cleaned_data["key"].casefold()
        if key in purchase.taken_words():
            raise forms.ValidationError(f"!{key} is a command already.")
        return key

    def clean(self) -> dict[str, Any]:
        """Refuse effects that could not work once somebody buys them."""
        cleaned: dict[str, Any] = super().clean() or {}
        key = cleaned.get("key") or self.instance.key
        if key not in catalog and not cleaned.get("effects") and "effects" not in self.errors:
            self.add_error("effects", "Add an effect: this redeem does nothing by itself.")
        for mistake in words.mistakes(cleaned.get("effects") or [], PLACEHOLDERS):
            self.add_error("effects", mistake)
        return cleaned


@admin.register(Redeem)
class RedeemAdmin(TryMixin, MovingMixin, ModelAdmin):
    """The list and form of redeems, with a button that uses one for a viewer."""

    form = RedeemForm
    list_display = ("key", "title", "cost", "enabled", "cooldown_seconds", "global_cooldown_seconds", "stock")
    list_editable = ("title", "cost", "enabled", "cooldown_seconds", "global_cooldown_seconds")
    change_form_template = "admin/redeems/redeem/change_form.html"
    words_label = "with the words"
    fieldsets = (
        (None, {"fields": ("key", "title", "cost", "pricing", "enabled", "live_only")}),
        ("Who, and how often", {"fields": (
            "least_role", "least_level", "cooldown_seconds", "global_cooldown_seconds", "limit_per_stream",
            "limit_per_viewer", "stock", "needs_text", "approval", "priority",
        )}),
        ("What happens", {"fields": ("effects", "choices", "seconds", "voice", "rate", "volume")}),
    )  # fmt: skip

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """Return the field; the voice is chosen from those that are installed."""
        if db_field.name == "voice":
            kwargs["widget"] = VoiceSelect()
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        """Make the key of an existing row read-only: purchases refer to it."""
        return ("key",) if obj is not None else ()

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Forbid deleting rows of the catalog, which the next start would create again; they can be switched off."""
        return not (isinstance(obj, Redeem) and obj.key in catalog) and super().has_delete_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Remove the deletion of several rows, which would not ask `has_delete_permission` for each row."""
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def trial(self, obj: Redeem, username: str, words: str) -> Trial:
        """Return what the redeem does for a viewer who writes `words`."""
        return Trial([purchase.planned_effect(obj, Viewer(username=username), words or SAMPLE_WORDS)])

    def get_urls(self) -> list[URLPattern]:
        """Add the address of the button that uses a redeem."""
        own = [path("<int:redeem_id>/use/", self.admin_site.admin_view(self.use), name="redeems_redeem_use")]
        return own + super().get_urls()

    def use(self, request: HttpRequest, redeem_id: int) -> HttpResponse:
        """Buy the redeem for the posted viewer, or give it away, and return to its page with the outcome."""
        if request.method != "POST" or not request.user.has_perm("redeems.change_redeem"):
            raise PermissionDenied
        row = get_object_or_404(Redeem, pk=redeem_id)
        # A form acts once, however often it is sent.
        key = request.POST.get("use_key") or str(uuid4())
        if not cache.add(f"used:{key[:40]}", row.pk, USED_FOR):
            messages.info(request, "This was done already. To do it once more, fill in the form again.")
            return redirect("admin:redeems_redeem_change", row.pk)
        text, charge = request.POST.get("words", "").strip(), "charge" in request.POST
        name = request.POST.get("viewer", "").strip().removeprefix("@")
        known = people.find(name)
        try:
            with transaction.atomic():  # a new viewer whose purchase is refused is not stored
                item = _use(row, known or _new_viewer(name), text, charge=charge)
            log_deed(request, Redeem, f"Used for a viewer: queue item {item.pk}.", row.pk)
            self.message_user(request, f"Added to the queue: {item.title} (number {item.pk}).")
            if known is None:
                messages.warning(request, f"{name} was never seen before, and is a viewer now. Is the name right?")
        except (Refused, Failed) as error:
            keep_typed(request, "use")
            messages.error(request, f"{error}.")
        return redirect("admin:redeems_redeem_change", row.pk)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Add what was typed where a use of the redeem was refused."""
        more = {"typed": typed_before(request, "use"), "use_key": uuid4(), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, more)


def _new_viewer(name: str) -> Viewer:
    """Store a viewer who was never seen, as if they came now. Raise Refused where it can't be a name."""
    if not people.is_username(name):
        raise Refused("this can't be a viewer's name")
    return people.seen([name], now=timezone.now())[viewer_key(name)]


def _use(row: Redeem, viewer: Viewer, text: str, *, charge: bool) -> QueueItem:
    rules = EffectsSettings.current()
    if not charge:
        return purchase.give_away(viewer=viewer, key=row.key, words=text, rules=rules)
    reference = f"dashboard:{uuid4()}"
    bought = purchase.buy(viewer=viewer, key=row.key, words=text, reference=reference, rules=rules, now=timezone.now())
    return bought.items.earliest("pk")

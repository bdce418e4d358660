"""The page for the AI's replies: whom to ask and how, what was used of the budget, and a try that shows the answer."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path

from effects.models import AIReplies
from effects.outside.replies import addresses, asking, budget, options
from pixelbot_site.kit import secrets_at_rest
from pixelbot_site.kit.admin import ModelAdmin, log_deed
from pixelbot_site.kit.errors import Failed

# Seconds between two tries of a member of staff.
TRY_EVERY = 2
BUDGET = ("requests_per_stream", "tokens_per_stream", "requests_per_day", "tokens_per_day")


def _as_sentence(error: Failed) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


class AIRepliesForm(forms.ModelForm):  # type: ignore[type-arg]
    """Whom to ask, and how. The key can be set and forgotten, but is not shown."""

    new_key = forms.CharField(
        label="New key",
        required=False,
        max_length=500,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off"}),
        help_text="Blank: the key stays as it is. It is stored encrypted, and sent to this address alone.",
    )
    forget_key = forms.BooleanField(
        label="Forget the key",
        required=False,
        help_text="Send none, as to an AI on this PC; to Perplexity, PPLX_API_KEY in .env.",
    )

    class Meta:
        model = AIReplies
        fields = (
            *("enabled", "address", "model", "max_tokens", "seconds", "persona", "spoken"),
            *("random_percent", "random_pause", *BUDGET),
        )
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "address": forms.TextInput(attrs={"class": "vLargeTextField"}),
            "persona": forms.Textarea(attrs={"rows": 5, "cols": 70}),
            **{name: forms.NumberInput(attrs={"class": "vBigIntegerField"}) for name in BUDGET},
        }

    def clean_address(self) -> str:
        """Return the address. Refuse one that may not be asked."""
        address: str = self.cleaned_data["address"]
        if address:
            try:
                addresses.target(address)
            except Failed as error:
                raise forms.ValidationError(_as_sentence(error)) from None
        return address

    def clean_new_key(self) -> str:
        """Return the new key. Refuse what no header can hold."""
        key: str = self.cleaned_data["new_key"]
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise forms.ValidationError("A key has letters, digits and signs (ASCII), and no spaces.")
        return key

    def clean(self) -> Any:
        """Refuse to send a stored key to another host than the one it was entered for, and to ask no model."""
        fields = super().clean()
        address = self.cleaned_data.get("address")
        if address is None:  # refused already
            return fields
        before = AIReplies.objects.filter(pk=self.instance.pk).first() or AIReplies()
        is_kept = not self.cleaned_data.get("new_key") and not self.cleaned_data.get("forget_key")
        origins = {addresses.origin(one or options.PERPLEXITY) for one in (address, before.address)}
        if before.key and is_kept and len(origins) > 1:
            self.add_error("new_key", "The address leads to another host: enter its key, or forget the stored one.")
        if not self.cleaned_data.get("model") and not options.is_perplexity(address or options.PERPLEXITY):
            self.add_error("model", "Name the model.")
        return fields

    def save(self, commit: bool = True) -> Any:
        """Save the row, with a new key encrypted."""
        if self.cleaned_data["forget_key"]:
            self.instance.key = ""
        elif self.cleaned_data["new_key"]:
            self.instance.key = secrets_at_rest.seal(self.cleaned_data["new_key"])
        return super().save(commit)


@admin.register(AIReplies)
class AIRepliesAdmin(ModelAdmin):
    """The single row, what was used of the budget, and a button that asks once."""

    form = AIRepliesForm
    fieldsets = (
        (None, {"fields": ("enabled", "address", "model", "stored_key", "new_key", "forget_key")}),
        ("What it says", {"fields": ("persona", "spoken", "max_tokens", "seconds")}),
        ("Answers by chance", {"fields": ("random_percent", "random_pause")}),
        (
            "Budget",
            {
                "fields": (BUDGET[:2], BUDGET[2:]),
                "description": "When one of these is used up, the AI is asked nothing more, and !pixel is refused "
                "before it costs. A day begins at midnight; what comes after a stream counts for that stream.",
            },
        ),
    )
    readonly_fields = ("stored_key",)
    change_form_template = "admin/effects/aireplies/change_form.html"

    @admin.display(description="stored key")
    def stored_key(self, row: AIReplies) -> str:
        """Return whether there is a key."""
        try:
            return "••••" if options.of_row(row).key() else "None."
        except Failed as error:
            return _as_sentence(error)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: there is always exactly one row."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: there is always exactly one row."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Redirect to the single row."""
        AIReplies.objects.get_or_create(pk=1)
        return redirect("admin:effects_aireplies_change", 1)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show above the form what was used of the budget."""
        AIReplies.objects.get_or_create(pk=1)
        used = budget.used(options.current().limits)
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "used": used})

    def get_urls(self) -> list[URLPattern]:
        """Add the button that asks once."""
        return [path("1/try/", self.admin_site.admin_view(self.try_view), name="effects_ai_try"), *super().get_urls()]

    def try_view(self, request: HttpRequest) -> HttpResponse:
        """Ask what was typed by the saved row, also while it is off, and show the answer as chat would have it."""
        if request.method != "POST" or not request.user.has_perm("effects.change_aireplies"):
            raise PermissionDenied
        if not cache.add(f"ai-try:{request.user.pk}", True, timeout=TRY_EVERY):
            messages.error(request, f"Wait {TRY_EVERY} seconds between two questions.")
            return redirect("admin:effects_aireplies_change", 1)
        try:
            reply = asking.ask(request.POST.get("text", ""), always=True)
        except Failed as error:
            messages.error(request, f"It did not work: {error}.")
        else:
            tokens = "it does not tell how many" if reply.tokens is None else reply.tokens
            messages.success(request, f"After {reply.seconds:.1f} s (tokens: {tokens}): {reply.text}")
        log_deed(request, AIReplies, "Tried it.", 1)
        return redirect("admin:effects_aireplies_change", 1)

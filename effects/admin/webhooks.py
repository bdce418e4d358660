"""The pages for the targets of webhooks, with presets, and a try that shows the answer."""

from __future__ import annotations

import json
import time
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.forms.fields import InvalidJSONInput
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path

from effects.models import WebhookTarget
from effects.outside import bodies, headers, webhooks
from effects.outside.presets import PRESETS
from pixelbot_site.kit.admin import ModelAdmin, NamedMixin, log_deed
from pixelbot_site.kit.errors import Failed


class BodyField(forms.JSONField):
    """A JSON field whose text is indented, and which refuses what a template can't be."""

    def to_python(self, value: Any) -> Any:
        """Return the structure. Raise ValidationError for what is no JSON, or no template."""
        try:
            template = super().to_python(value)
            if template is not None:
                bodies.check(template)
        except RecursionError:
            raise forms.ValidationError(f"This is nested deeper than {bodies.MAX_DEPTH}.") from None
        return template

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Return what was typed, as JSON or, where it is none, as the text to correct."""
        try:
            return super().bound_data(data, initial)
        except RecursionError:
            return InvalidJSONInput(data)

    def prepare_value(self, value: Any) -> Any:
        """Return the text for the field, indented."""
        if value is None:
            return ""
        if isinstance(value, str):  # what was typed, and has mistakes
            return super().prepare_value(value)
        return json.dumps(value, indent=2, ensure_ascii=False)


class WebhookTargetForm(forms.ModelForm):  # type: ignore[type-arg]
    """Where a target is and what it gets. Headers can be set and forgotten, but are not shown."""

    body = BodyField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 10, "cols": 70, "spellcheck": "false"}),
        help_text=WebhookTarget._meta.get_field("body").help_text,
    )
    new_headers = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 70, "autocomplete": "off", "spellcheck": "false"}),
        help_text="One on each line, such as Authorization: Bearer abc. They take the place of all stored ones, "
        "encrypted. Blank: the headers stay as they are.",
    )
    forget_headers = forms.BooleanField(required=False, help_text="Send no headers of your own.")

    class Meta:
        model = WebhookTarget
        fields = ("name", "url", "method", "body")
        widgets: ClassVar[dict[str, forms.Widget]] = {"url": forms.TextInput(attrs={"class": "vLargeTextField"})}

    def clean_url(self) -> str:
        """Return the address. Refuse one that `.env` does not allow."""
        url = str(self.cleaned_data["url"])
        if not webhooks.is_allowed(url):
            raise forms.ValidationError(
                "This address is not among WEBHOOK_ADDRESSES in .env: add it there, and start the bot again."
            )
        return url

    def clean_new_headers(self) -> dict[str, str]:
        """Return the headers by name."""
        try:
            return headers.parse(self.cleaned_data["new_headers"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None

    def clean(self) -> Any:
        """Refuse to send stored headers to another host than the one for which they were entered."""
        fields = super().clean()
        before = WebhookTarget.objects.filter(pk=self.instance.pk).first()
        url = self.cleaned_data.get("url")
        is_kept = not self.cleaned_data.get("new_headers") and not self.cleaned_data.get("forget_headers")
        if before is not None and before.headers and url and is_kept and _origin(url) != _origin(before.url):
            self.add_error("new_headers", "The address leads to another host: enter the headers again, or forget them.")
        return fields

    def save(self, commit: bool = True) -> Any:
        """Save the row, with new headers encrypted."""
        if self.cleaned_data["forget_headers"]:
            self.instance.headers = ""
        elif self.cleaned_data["new_headers"]:
            self.instance.headers = headers.seal(self.cleaned_data["new_headers"])
        return super().save(commit)


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


@admin.register(WebhookTarget)
class WebhookTargetAdmin(NamedMixin, ModelAdmin):
    """The targets. A new one can begin with what a known program wants."""

    named_as = "webhook_target"
    form = WebhookTargetForm
    list_display = ("name", "host", "method")
    fields = ("name", "url", "method", "body", "stored_headers", "new_headers", "forget_headers")
    readonly_fields = ("stored_headers",)
    change_form_template = "admin/effects/webhooktarget/change_form.html"

    @admin.display(description="host")
    def host(self, target: WebhookTarget) -> str:
        """Return the host alone: on the stream's own picture, everybody could read an address that is a secret."""
        return urlsplit(target.url).netloc

    @admin.display(description="stored headers")
    def stored_headers(self, target: WebhookTarget) -> str:
        """Return the names of the headers, with a mask for their values."""
        try:
            names = headers.unseal(target.headers)
        except Failed as error:
            sentence = str(error)
            return f"{sentence[:1].upper()}{sentence[1:]}."
        return ", ".join(f"{name}: {webhooks.MASK}" for name in names) or "None."

    def get_changeform_initial_data(self, request: HttpRequest) -> Any:
        """Fill in the preset that the address of the page names."""
        preset = PRESETS.get(request.GET.get("preset", ""))
        return {"name": preset.title, "url": preset.url, "body": preset.body} if preset else {}

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Offer the presets above the form of a new target."""
        context |= {"presets": PRESETS, "preset": PRESETS.get(request.GET.get("preset", ""))}
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        """Add the button that tries a target."""
        view = self.admin_site.admin_view(self.try_view)
        return [path("<int:target_id>/try/", view, name="effects_webhook_try"), *super().get_urls()]

    def try_view(self, request: HttpRequest, target_id: int) -> HttpResponse:
        """Call the saved target with the words that were typed, and tell what it answers."""
        if request.method != "POST" or not request.user.has_perm("effects.change_webhooktarget"):
            raise PermissionDenied
        target = get_object_or_404(WebhookTarget, pk=target_id)
        text, amount, action = (request.POST.get(name, "")[:200] for name in ("text", "amount", "action"))
        words = bodies.words(request.user.get_username(), text, amount, action, item=0, at=int(time.time()))
        try:
            answer = webhooks.try_target(target, words)
        except Failed as error:
            messages.error(request, f"It did not work: {error}.")
        else:
            level = messages.SUCCESS if 200 <= answer.status < 300 else messages.ERROR
            said = f": {answer.text}" if answer.text.strip() else ", and nothing else."
            messages.add_message(request, level, f"It answered {answer.status} after {answer.seconds:.2f} s{said}")
        log_deed(request, WebhookTarget, "Tried it.", target.pk)
        return redirect("admin:effects_webhooktarget_change", target.pk)

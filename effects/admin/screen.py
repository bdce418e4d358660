"""The overlays with their addresses, and where OBS is."""

from __future__ import annotations

import contextlib
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString

from economy.models import Item
from effects.models import OBSConnection, Overlay, Sound, new_secret
from effects.obs import address, client
from effects.obs import names as obs_names
from effects.overlays import messages as overlay
from pixelbot_site.kit import secrets_at_rest
from pixelbot_site.kit.admin import ModelAdmin
from pixelbot_site.kit.errors import Failed


@admin.register(Overlay)
class OverlayAdmin(ModelAdmin):
    """Pages for OBS."""

    list_display = ("name", "link", "shows_alerts", "created_at")
    fields = ("name", "link", "shows_alerts", "created_at")
    readonly_fields = ("link", "created_at")
    actions = ("change_address",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Overlay]:
        """Remembers the host that the streamer sees the bot under, for the full address."""
        self.root = f"{request.scheme}://{request.get_host()}"
        queryset: QuerySet[Overlay] = super().get_queryset(request)
        return queryset

    @admin.display(description="address (paste it into OBS as Browser Source; whoever knows it can watch)")
    def link(self, row: Overlay) -> SafeString | str:
        """The page's full address."""
        if not row.pk:
            return "made when you save"
        url = self.root + row.get_absolute_url()
        return format_html('<a href="{0}" target="_blank" rel="noopener">{0}</a>', url)

    def delete_model(self, request: HttpRequest, obj: Overlay) -> None:
        """Its open pages go dark, too."""
        super().delete_model(request, obj)
        overlay.recheck()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Overlay]) -> None:
        """The same for several."""
        super().delete_queryset(request, queryset)
        overlay.recheck()

    @admin.action(description="Change the address (the old one stops working)", permissions=["change"])
    def change_address(self, request: HttpRequest, overlays: QuerySet[Overlay]) -> None:
        """Give the chosen overlays new secrets, when an address got into wrong hands."""
        for chosen in overlays:
            chosen.secret = new_secret()
            chosen.save(update_fields=["secret"])
        overlay.recheck()
        self.message_user(request, "New addresses are made: paste them into OBS.")


class OBSForm(forms.ModelForm):  # type: ignore[type-arg]
    """The password is typed, and never shown again."""

    new_password = forms.CharField(
        required=False,
        widget=forms.PasswordInput(render_value=False),
        help_text="Blank: as it is. It is kept encrypted.",
    )
    forget_password = forms.BooleanField(required=False, help_text="And use OBS_PASSWORD of .env.")

    class Meta:
        model = OBSConnection
        fields = ("enabled", "host", "port")

    def save(self, commit: bool = True) -> Any:
        """With the password sealed."""
        if self.cleaned_data["forget_password"]:
            self.instance.password = ""
        elif self.cleaned_data["new_password"]:
            self.instance.password = secrets_at_rest.seal(self.cleaned_data["new_password"])
        return super().save(commit)


@admin.register(OBSConnection)
class OBSConnectionAdmin(ModelAdmin):
    """One row, and a button that tries it."""

    form = OBSForm
    fields = ("enabled", "host", "port", "new_password", "forget_password")
    change_form_template = "admin/effects/obsconnection/change_form.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never: there is one."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never: there is one."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Straight to the one row."""
        OBSConnection.objects.get_or_create(pk=1)
        return redirect("admin:effects_obsconnection_change", 1)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With what is set in .env."""
        OBSConnection.objects.get_or_create(pk=1)
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "now": _standing()})

    def get_urls(self) -> list[URLPattern]:
        """With the test, and the names that forms offer."""
        view = self.admin_site.admin_view
        own = [
            path("1/test/", view(self.test), name="effects_obs_test"),
            path("names/", view(self.names), name="effects_names"),
        ]
        return own + super().get_urls()

    def test(self, request: HttpRequest) -> HttpResponse:
        """Connect as it is saved now, and list the scenes."""
        if request.method != "POST" or not request.user.has_perm("effects.change_obsconnection"):
            raise PermissionDenied
        try:
            found = client.scenes(address.options(always=True))
            self.message_user(request, f"OBS answers. Its scenes: {', '.join(found)}.")
        except Failed as error:
            messages.error(request, f"{error}.")
        return redirect("admin:effects_obsconnection_change", 1)

    def names(self, request: HttpRequest) -> JsonResponse:
        """What may stand in an effect's fields: sounds, items, and what OBS has, where it is there."""
        found: dict[str, list[str]] = {
            "sound": list(Sound.objects.values_list("name", flat=True)),
            "item": list(Item.objects.values_list("key", flat=True)),
        }
        with contextlib.suppress(Failed):  # the names are typed, then
            found |= obs_names.names() if address.options().enabled else {}
        return JsonResponse(found)


def _standing() -> str:
    try:
        where = address.options()
    except Failed as error:
        return str(error)
    if not where.enabled:
        return "OBS is switched off: effects that need it fail, and points go back."
    return f"The bot looks for OBS at {where.host}:{where.port}."

"""The pages for overlays and their addresses, and for the connection to OBS."""

from __future__ import annotations

import contextlib
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Min, Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from economy.models import Item
from effects.admin.widgets import WidgetInline, drafts, preset, stage
from effects.models import (
    Format,
    Media,
    OBSConnection,
    OSCTarget,
    Overlay,
    SavedSequence,
    Sound,
    WebhookTarget,
    new_secret,
)
from effects.obs import address, client, health, names
from effects.overlays import pages, screens
from effects.overlays.messages import recheck
from effects.queue import items, wakeups
from pixelbot_site.kit import present_channel, secrets_at_rest, voices
from pixelbot_site.kit.admin import ModelAdmin, named_choices
from pixelbot_site.kit.errors import Failed, Refused
from pixelbot_site.kit.steps import Effect
from pixelbot_site.kit.transactions import after_commit


@admin.register(Overlay)
class OverlayAdmin(ModelAdmin):
    """Overlays: pages that OBS shows."""

    inlines = (WidgetInline,)
    change_form_template = "admin/effects/overlay/change_form.html"

    list_display = ("name", "theme", "sound", "link", "connected")
    fields = ("name", "theme", "format", "sound", "link", "connected", "created_at")
    readonly_fields = ("link", "connected", "created_at")
    actions = ("change_address", "roll_credits")

    class Media:
        js = ("pixelbot_site/copy.js",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Overlay]:
        """Return the overlays, and keep the host of this request for `link`."""
        # A column gets no request; the address must be the one under which the streamer reaches the bot.
        self.of_request.root = f"{request.scheme}://{request.get_host()}"
        queryset: QuerySet[Overlay] = super().get_queryset(request)
        is_open = Q(pages__until__gt=timezone.now())
        return queryset.annotate(
            open_pages=Count("pages", filter=is_open), open_since=Min("pages__since", filter=is_open)
        )

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Return the columns: with the channel where the bot is on several."""
        return (*self.list_display, "of_channel") if len(screens.channels()) > 1 else self.list_display

    def get_fields(self, request: HttpRequest, obj: Overlay | None = None) -> tuple[str, ...]:
        """Return the fields: with the channel where there are several to choose from, or one is chosen."""
        name, *others = self.fields
        is_asked = len(screens.channels()) > 1 or (obj is not None and obj.channel_id)
        return (name, "channel_id", *others) if is_asked else self.fields

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **more: Any) -> Any:
        """Return the choice of the channel by its name."""
        field = super().formfield_for_dbfield(db_field, request, **more)
        if db_field.name == "channel_id" and field is not None:
            stored = set(Overlay.objects.exclude(channel_id="").values_list("channel_id", flat=True))
            known = dict(screens.channels())
            gone = [(channel, channel) for channel in sorted(stored - known.keys())]
            choices = [("", "Every channel without an overlay of its own"), *known.items(), *gone]
            field.widget = forms.Select(choices=choices)
        return field

    @admin.display(description="channel")
    def of_channel(self, row: Overlay) -> str:
        """Return the name of the overlay's channel."""
        return dict(screens.channels()).get(row.channel_id, row.channel_id)

    def get_inlines(self, request: HttpRequest, obj: Overlay | None = None) -> Any:
        """Return the widgets of an overlay that is stored: a new one gets its first ones by being saved."""
        return self.inlines if obj else ()

    def get_urls(self) -> list[URLPattern]:
        """Add what the stage asks for."""
        own = path("drafts/", self.admin_site.admin_view(drafts), name="effects_overlay_drafts")
        return [own, *super().get_urls()]

    def changeform_view(self, request: HttpRequest, *args: Any, **more: Any) -> HttpResponse:
        """Fill in the places of a preset whose button was pressed on a page without scripts, and save them."""
        shape = request.POST.get("_preset", "")
        if shape in Format.values:
            request.POST = preset(request.POST, shape)  # type: ignore[assignment]
        return super().changeform_view(request, *args, **more)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **more: Any
    ) -> HttpResponse:
        """Show above the widgets of a stored overlay the stage, on which they are moved."""
        overlay = context["original"]
        return super().render_change_form(request, {**context, "stage": overlay and stage(overlay)}, *args, **more)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the widgets, and have open pages show them after the commit."""
        super().save_related(request, form, formsets, change)
        after_commit(recheck)

    @admin.display(description="connected since")
    def connected(self, row: Overlay) -> str:
        """Return since when pages are open, and how many."""
        count = getattr(row, "open_pages", 0)
        if not count:
            return "no page is open"
        since = timezone.localtime(row.open_since)  # type: ignore[attr-defined]
        return f"{since:%Y-%m-%d %H:%M}, {count} page{'s' if count > 1 else ''}"

    @admin.display(description="address (paste it into OBS as a Browser Source; anybody who knows it can watch)")
    def link(self, row: Overlay) -> SafeString | str:
        """Return a link with the page's full address."""
        if not row.pk:
            return "Save the overlay to get its address."
        url = self.of_request.root + row.page_path()
        # Folded away: on the stream's own picture, everybody could read it.
        return format_html(
            '<details class="masked"><summary>Show the address</summary>'
            '<a href="{0}" target="_blank" rel="noopener">{0}</a></details> '
            '<button type="button" class="button" data-copy="{0}">Copy without showing</button>',
            url,
        )

    def delete_model(self, request: HttpRequest, obj: Overlay) -> None:
        """Delete an overlay, and disconnect its open pages."""
        super().delete_model(request, obj)
        recheck()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Overlay]) -> None:
        """Delete several overlays, and disconnect their open pages."""
        super().delete_queryset(request, queryset)
        recheck()

    @admin.action(description="Roll the credits of this stream", permissions=["change"])
    def roll_credits(self, request: HttpRequest, overlays: QuerySet[Overlay]) -> None:
        """Have all open overlays that have a widget for them roll the credits."""
        try:
            pages.require_open("credits")
        except Refused:
            messages.error(request, "No open overlay has a widget “Credits”. Add one to an overlay, and open it.")
            return
        for channel in dict.fromkeys(overlay.channel_id for overlay in overlays):
            with present_channel.within(channel):
                items.enqueue(Effect("credits", {}, title="the credits"))
        self.message_user(request, "The credits begin.")

    @admin.action(description="Change the address (the old one stops working)", permissions=["change"])
    def change_address(self, request: HttpRequest, overlays: QuerySet[Overlay]) -> None:
        """Give the chosen overlays new secrets, after an address leaked."""
        for overlay in overlays:
            overlay.secret = new_secret()
            overlay.save(update_fields=["secret"])
        recheck()
        self.message_user(request, "The addresses are changed: paste the new ones into OBS.")


class OBSForm(forms.ModelForm):  # type: ignore[type-arg]
    """Where OBS is. The password can be set and forgotten, but is not shown."""

    new_password = forms.CharField(
        required=False,
        widget=forms.PasswordInput(render_value=False),
        help_text="Blank: the password stays as it is. It is stored encrypted.",
    )
    forget_password = forms.BooleanField(required=False, help_text="Use OBS_PASSWORD in .env instead.")

    class Meta:
        model = OBSConnection
        fields = ("enabled", "host", "port")
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "enabled": named_choices("As OBS_ENABLED in .env says", "On", "Off")
        }
        help_texts: ClassVar[dict[str, str]] = {"enabled": ""}  # the choices say it

    def save(self, commit: bool = True) -> Any:
        """Save the row, with a new password encrypted."""
        if self.cleaned_data["forget_password"]:
            self.instance.password = ""
        elif self.cleaned_data["new_password"]:
            self.instance.password = secrets_at_rest.seal(self.cleaned_data["new_password"])
        return super().save(commit)


@admin.register(OBSConnection)
class OBSConnectionAdmin(ModelAdmin):
    """The single row, with a button that tries the connection."""

    form = OBSForm
    fields = ("enabled", "host", "port", "new_password", "forget_password")
    change_form_template = "admin/effects/obsconnection/change_form.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: there is always exactly one row."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: there is always exactly one row."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Redirect to the single row."""
        OBSConnection.objects.get_or_create(pk=1)
        return redirect("admin:effects_obsconnection_change", 1)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show above the form where the bot looks for OBS, and whether OBS answers there."""
        OBSConnection.objects.get_or_create(pk=1)
        # The template calls it: where the form is saved and the page not shown, OBS isn't asked.
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "now": health.standing})

    def save_model(self, request: HttpRequest, obj: OBSConnection, form: Any, change: bool) -> None:
        """Save the row, and connect by it after the commit."""
        super().save_model(request, obj, form, change)
        after_commit(client.obs().wake)
        after_commit(wakeups.check_obs)

    def get_urls(self) -> list[URLPattern]:
        """Add the test button, and the names that effect fields offer."""
        view = self.admin_site.admin_view
        own = [
            path("1/test/", view(self.test_view), name="effects_obs_test"),
            path("names/", view(self.names_view), name="effects_names"),
        ]
        return own + super().get_urls()

    def test_view(self, request: HttpRequest) -> HttpResponse:
        """Connect to OBS with the saved row, even if OBS is switched off, and list its scenes."""
        if request.method != "POST" or not request.user.has_perm("effects.change_obsconnection"):
            raise PermissionDenied
        try:
            scenes = client.scenes(address.options(always=True))
            client.obs().wake()
            wakeups.check_obs()
            self.message_user(request, f"OBS answers. Its scenes: {', '.join(scenes)}.")
        except Failed as error:
            messages.error(request, f"{error}.")
        return redirect("admin:effects_obsconnection_change", 1)

    def names_view(self, request: HttpRequest) -> JsonResponse:
        """Return the names that effect fields offer, by kind: media, sounds, items, sequences, targets, voices, and
        what OBS has where it answers.

        They are for those who may fill such a field.
        """
        if not names.may_be_asked_by(request.user):
            raise PermissionDenied
        found = voices.installed()
        names_by_kind: dict[str, Any] = {
            # What is stored, and what people read.
            "voice": {"options": list(found.options()), "is_browsers": found.is_browsers},
            "media": list(Media.objects.values_list("name", flat=True)),
            "sound": list(Sound.objects.values_list("name", flat=True)),
            "item": list(Item.objects.values_list("key", flat=True)),
            "saved": list(SavedSequence.objects.values_list("name", flat=True)),
            "osc_target": list(OSCTarget.objects.values_list("name", flat=True)),
            "webhook_target": list(WebhookTarget.objects.values_list("name", flat=True)),
        }
        with contextlib.suppress(Failed):  # without OBS, its names can still be typed
            if address.options().enabled:
                names_by_kind |= names.names()
        return JsonResponse(names_by_kind)

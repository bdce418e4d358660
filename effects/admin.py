"""The queue to look at, and the overlays with their addresses."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from effects import overlay
from effects.models import Overlay, QueueItem, new_secret
from pixelbot_site.kit.admin import ModelAdmin, ReadOnlyAdmin


@admin.register(QueueItem)
class QueueItemAdmin(ReadOnlyAdmin):
    """What waits, runs, happened, or failed and why."""

    list_display = ("id", "created_at", "lane", "kind", "title", "viewer", "state", "reason")
    list_filter = ("state", "lane", "kind")
    search_fields = ("title", "viewer__key")
    list_select_related = ("viewer",)

    @admin.display(description="error")
    def reason(self, item: QueueItem) -> str:
        """The error's last line: of a traceback, the one that says what it was."""
        return item.error.strip().rpartition("\n")[2]


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

"""What came from Joystick, and the line to it."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from joystick import inbox
from joystick.models import Connection, InboundEvent, Install
from pixelbot_site.kit.admin import ReadOnlyAdmin


@admin.register(Install)
class InstallAdmin(ReadOnlyAdmin):
    """The channels the bot is on."""

    list_display = ("username", "channel_id", "created_at", "last_event_at")
    search_fields = ("username", "channel_id")


@admin.register(InboundEvent)
class InboundEventAdmin(ReadOnlyAdmin):
    """Every event, as it came and what became of it."""

    list_display = ("received_at", "kind", "username", "text", "state")
    list_filter = ("state", "kind", "received_at")
    search_fields = ("username", "uid", "text")
    actions = ("handle_again",)

    def has_handle_permission(self, request: HttpRequest) -> bool:
        """Handling pays points: looking at rows is not enough."""
        return request.user.has_perm("joystick.change_inboundevent")

    @admin.action(description="Handle the failed ones again", permissions=["handle"])
    def handle_again(self, request: HttpRequest, rows: QuerySet[InboundEvent]) -> None:
        """For events whose handler failed, once the cause is mended."""
        well = inbox.again(list(rows))
        self.message_user(request, f"{well} of {len(rows)} chosen events are handled now.")


@admin.register(Connection)
class ConnectionAdmin(ReadOnlyAdmin):
    """How we stand with the gateway."""

    list_display = ("state", "detail", "since", "last_frame_at", "holder")

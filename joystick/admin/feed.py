"""What came from Joystick, how we stand with it, and what shall come of it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from joystick.gateway import health as connection
from joystick.inbox import receive
from joystick.models import Connection, Gap, InboundEvent
from joystick.protocol import kinds
from joystick.protocol.received import SERVER_ERROR, UNREADABLE
from pixelbot_site.kit.admin import ReadOnlyAdmin


class KnownFilter(admin.SimpleListFilter):
    """Kinds that the bot does not know: the platform may have something new."""

    title = "known to the bot"
    parameter_name = "known"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Known or not."""
        return [("yes", "known"), ("no", "unknown kinds")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[InboundEvent]) -> QuerySet[InboundEvent]:
        """By the table of kinds."""
        known = [*kinds.BUILDERS, SERVER_ERROR, UNREADABLE]
        if self.value() == "no":
            return queryset.exclude(kind__in=known)
        return queryset.filter(kind__in=known) if self.value() == "yes" else queryset


@admin.register(InboundEvent)
class InboundEventAdmin(ReadOnlyAdmin):
    """Every event, as it came and what became of it."""

    list_display = ("received_at", "kind", "username", "text", "tokens", "state")
    list_filter = ("state", KnownFilter, "kind", "received_at")
    search_fields = ("username", "uid", "text")
    actions = ("handle_again",)

    def has_handle_permission(self, request: HttpRequest) -> bool:
        """Handling pays points: looking at rows is not enough."""
        return request.user.has_perm("joystick.change_inboundevent")

    @admin.action(description="Handle the failed ones again", permissions=["handle"])
    def handle_again(self, request: HttpRequest, rows: QuerySet[InboundEvent]) -> None:
        """For events whose handler failed, once the cause is mended."""
        well = receive.retry_failed(list(rows))
        self.message_user(request, f"{well} of {len(rows)} chosen events are handled now.")


@admin.register(Connection)
class ConnectionAdmin(ReadOnlyAdmin):
    """How we stand with the gateway."""

    list_display = ("state", "detail", "since", "last_frame", "reconnects_today", "events_per_minute", "holder")
    fields = list_display

    def get_queryset(self, request: HttpRequest) -> QuerySet[Connection]:
        """Takes the figures along, once for the page."""
        self.health = connection.health()
        queryset: QuerySet[Connection] = super().get_queryset(request)
        return queryset

    @admin.display(description="last frame")
    def last_frame(self, row: Connection) -> str:
        """How long ago."""
        return "none yet" if self.health.age is None else f"{self.health.age:.0f} s ago"

    @admin.display
    def reconnects_today(self, row: Connection) -> int:
        """How often the line was lost and found since midnight."""
        return self.health.reconnects_today

    @admin.display
    def events_per_minute(self, row: Connection) -> int:
        """In the last minute."""
        return self.health.events_per_minute


@admin.register(Gap)
class GapAdmin(ReadOnlyAdmin):
    """When we heard nothing."""

    list_display = ("began_at", "ended_at", "reason")

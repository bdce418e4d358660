"""What came from Joystick, how we stand with it, and what shall come of it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from economy.ledger.amounts import counted
from joystick.gateway import health
from joystick.inbox import receive
from joystick.models import Connection, Gap, InboundEvent
from joystick.protocol import kinds
from joystick.protocol.received import SERVER_ERROR, UNREADABLE
from pixelbot_site.kit.admin import ReadOnlyAdmin


class KnownFilter(admin.SimpleListFilter):
    """Filters by whether the bot knows the kind of event. An unknown one is something new on the platform."""

    title = "kind known to the bot"
    parameter_name = "known"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "known kinds"), ("no", "unknown kinds")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[InboundEvent]) -> QuerySet[InboundEvent]:
        known = [*kinds.BUILDERS, SERVER_ERROR, UNREADABLE]
        if self.value() == "no":
            return queryset.exclude(kind__in=known)
        return queryset.filter(kind__in=known) if self.value() == "yes" else queryset


@admin.register(InboundEvent)
class InboundEventAdmin(ReadOnlyAdmin):
    """Every event, as it came, with its outcome."""

    list_display = ("received_at", "kind", "username", "text", "tokens", "state")
    list_filter = ("state", KnownFilter, "kind", "received_at")
    search_fields = ("username", "uid", "text")
    actions = ("handle_again",)

    def has_handle_permission(self, request: HttpRequest) -> bool:
        # Handling pays points: the permission to view rows is not enough.
        return request.user.has_perm("joystick.change_inboundevent")

    @admin.action(description="Handle the failed ones again", permissions=["handle"])
    def handle_again(self, request: HttpRequest, rows: QuerySet[InboundEvent]) -> None:
        """Handle events whose handler failed once more, for when the cause is fixed."""
        handled = receive.retry_failed(list(rows))
        self.message_user(request, f"{handled} of {counted(len(rows), 'chosen event')} handled now.")


@admin.register(Connection)
class ConnectionAdmin(ReadOnlyAdmin):
    """The state of the connection to the gateway."""

    list_display = (
        *("state", "detail", "since", "last_frame", "reconnects_today", "events_per_minute", "unsaid_today", "holder"),
    )
    fields = list_display

    def get_queryset(self, request: HttpRequest) -> QuerySet[Connection]:
        """Return the row, with the connection's figures kept for the columns."""
        # Counted once for the page, not once for each column.
        self.health = health.health()
        queryset: QuerySet[Connection] = super().get_queryset(request)
        return queryset

    @admin.display(description="last frame")
    def last_frame(self, row: Connection) -> str:
        return "none yet" if self.health.age is None else f"{self.health.age:.0f} s ago"

    @admin.display
    def reconnects_today(self, row: Connection) -> int:
        """Return how often the connection was lost and made again since midnight."""
        return self.health.reconnects_today

    @admin.display
    def events_per_minute(self, row: Connection) -> int:
        """Return how many events came in the last minute."""
        return self.health.events_per_minute

    @admin.display(description="lines left unsaid today")
    def unsaid_today(self, row: Connection) -> int:
        """Return how many lines were dropped, since there was no room for them in chat."""
        return self.health.unsaid_today


@admin.register(Gap)
class GapAdmin(ReadOnlyAdmin):
    """The times in which the bot heard nothing."""

    list_display = ("began_at", "ended_at", "reason")

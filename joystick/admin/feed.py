"""What came from Joystick, how we stand with it, and what shall come of it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.text import capfirst

from economy.models import viewer_key
from effects.queue import again
from joystick.admin import moderating
from joystick.channel import health
from joystick.inbox import feed_size, receive, results
from joystick.inbox.feed_kinds import stored_kinds, unknown_kinds
from joystick.models import Connection, Gap, InboundEvent, Install
from pixelbot_site.kit.admin import ReadOnlyAdmin, log_deed, page_before
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.plural import counted

# What is run again can be heard by everybody, for nothing: as with doing an item again, it is more than steering.
RUN_AGAIN = "effects.add_queueitem"


class KnownFilter(admin.SimpleListFilter):
    """Filters by whether the bot knows the kind of event. An unknown one is something new on the platform."""

    title = "kind known to the bot"
    parameter_name = "known"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "known kinds"), ("no", "unknown kinds")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[InboundEvent]) -> QuerySet[InboundEvent]:
        if self.value() == "no":
            return queryset.filter(kind__in=unknown_kinds())
        # So written, the rows are read in their order; by a list of kinds, all would be read and sorted.
        return queryset.exclude(kind__in=unknown_kinds()) if self.value() == "yes" else queryset


class KindFilter(admin.SimpleListFilter):
    """Filters by one of the kinds in the feed."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind, kind) for kind in stored_kinds()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[InboundEvent]) -> QuerySet[InboundEvent]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


class ReceivedFilter(admin.DateFieldListFilter):
    """Filters by when an event came, by way of the ids, in whose order the list reads the rows."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[InboundEvent]) -> QuerySet[InboundEvent]:
        asked = super().queryset(request, InboundEvent.objects.order_by())
        if asked is None or not self.used_parameters:
            return queryset
        # Ids ascend with the time of arrival.
        came = asked.values_list("pk", flat=True)
        ends = [came.order_by("received_at", "pk").first(), came.order_by("-received_at", "-pk").first()]
        return queryset.none() if None in ends else queryset.filter(pk__range=ends)


@admin.register(InboundEvent)
class InboundEventAdmin(ReadOnlyAdmin):
    """Every event, as it came, with its outcome."""

    list_display = ("received_at", "kind", "username", "text", "tokens", "state")
    list_filter = ("state", KnownFilter, KindFilter, ("received_at", ReceivedFilter))
    search_fields = ("viewer_key", "uid")
    search_help_text = "A viewer's name, or an event's uid."
    actions = ("handle_again",)
    change_list_template = "admin/joystick/inboundevent/change_list.html"
    change_form_template = "admin/joystick/inboundevent/change_form.html"

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Return the columns: with the channel where the bot is on several."""
        found = Install.in_use()
        self.of_request.channels = {install.channel_id: str(install) for install in found}
        return (*self.list_display, "channel") if len(found) > 1 else self.list_display

    @admin.display
    def channel(self, event: InboundEvent) -> str:
        """Return the streamer's name, or Joystick's id of the channel."""
        names: dict[str, str] = self.of_request.channels
        return names.get(event.channel_id, event.channel_id)

    def get_urls(self) -> list[URLPattern]:
        """Add the addresses of *Run its effects again*, and of what moderates."""
        view = self.admin_site.admin_view
        own = [
            path("<int:event_id>/run-again/", view(self.run_again), name="joystick_inboundevent_run_again"),
            path(
                "<int:event_id>/moderate/<str:deed>/",
                view(moderating.moderate_line),
                name="joystick_inboundevent_moderate",
            ),
            path(
                "of-viewer/<int:viewer_id>/<str:deed>/",
                view(moderating.moderate_viewer),
                name="joystick_inboundevent_moderate_viewer",
            ),
        ]
        return [*own, *super().get_urls()]

    def run_again(self, request: HttpRequest, event_id: int) -> HttpResponse:
        """Enqueue once more what an event set off. Takes the permission to see events and to add queue items."""
        may = self.has_view_permission(request) and request.user.has_perm(RUN_AGAIN)
        if request.method != "POST" or not may:
            raise PermissionDenied
        event = get_object_or_404(InboundEvent, pk=event_id)
        try:
            done = again.run_again(event.uid, by=request.user.get_username())
        except Refused as error:
            messages.error(request, f"{capfirst(str(error))}.")
        else:
            messages.success(request, done)
            log_deed(request, InboundEvent, "Ran its effects again.", event.pk)
        own_page = reverse("admin:joystick_inboundevent_change", args=[event_id])
        return redirect(page_before(request, own_page))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show what came of the event above its fields."""
        event = self.get_object(request, object_id)
        came = results.of(event) if event is not None and self.has_view_permission(request, event) else results.NOTHING
        context = {
            "came": came,
            "may": {name for name in results.PERMISSIONS if request.user.has_perm(name)},
            "moderating": moderating.of_event(event, request) if event is not None else None,
            "may_run_again": came.has_run and request.user.has_perm(RUN_AGAIN),
        }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **context})

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show how much room the feed takes above the list."""
        return super().changelist_view(request, {**(extra_context or {}), "size": feed_size.sentence(timezone.now())})

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[InboundEvent], search_term: str
    ) -> tuple[QuerySet[InboundEvent], bool]:
        """Search by a viewer's name or an event's uid, each by its index. For words, every text would be read."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if InboundEvent.objects.filter(uid=term).exists():
            return queryset.filter(uid=term), False
        return queryset.filter(viewer_key=viewer_key(term.removeprefix("@"))), False

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
        self.of_request.health = health.health()
        queryset: QuerySet[Connection] = super().get_queryset(request)
        return queryset

    @admin.display(description="last frame")
    def last_frame(self, row: Connection) -> str:
        return "none yet" if self.of_request.health.age is None else f"{self.of_request.health.age:.0f} s ago"

    @admin.display
    def reconnects_today(self, row: Connection) -> int:
        """Return how often the connection was lost and made again since midnight."""
        return health.reconnects_today()

    @admin.display
    def events_per_minute(self, row: Connection) -> int:
        """Return how many events came in the last minute."""
        return int(self.of_request.health.events_per_minute)

    @admin.display(description="lines left unsaid today")
    def unsaid_today(self, row: Connection) -> int:
        """Return how many lines were dropped, since there was no room for them in chat."""
        return int(self.of_request.health.unsaid_today)


@admin.register(Gap)
class GapAdmin(ReadOnlyAdmin):
    """The times in which the bot heard nothing."""

    list_display = ("began_at", "ended_at", "reason")

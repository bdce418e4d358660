"""The queue: to look at, and to steer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path

from economy.models import Transaction
from effects.models import ENDED, Deed, Purchase, QueueItem
from effects.queue import control, lanes
from pixelbot_site.kit.admin import ReadOnlyAdmin
from pixelbot_site.kit.errors import Failed, Refused

Verb = Callable[..., object]


class DeedInline(admin.TabularInline):  # type: ignore[type-arg]
    """Who did what with it."""

    model = Deed
    extra = 0
    can_delete = False
    readonly_fields = ("at", "by", "what")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: these rows are written by the bot."""
        return False


class RedeemFilter(admin.SimpleListFilter):
    """The redeem that was bought."""

    title = "redeem"
    parameter_name = "redeem"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every redeem that was bought."""
        keys = Purchase.objects.exclude(redeem="").order_by("redeem").values_list("redeem", flat=True).distinct()
        return [(key, key) for key in keys]

    def queryset(self, request: HttpRequest, queryset: QuerySet[QueueItem]) -> QuerySet[QueueItem]:
        """The items of its purchases."""
        return queryset.filter(purchase__redeem=self.value()) if self.value() else queryset


@admin.register(QueueItem)
class QueueItemAdmin(ReadOnlyAdmin):
    """What waits, runs, happened, or did not and why; and the buttons."""

    list_display = ("id", "created_at", "lane", "kind", "title", "viewer", "state", "priority", "reason", "by")
    list_filter = ("state", "lane", "kind", RedeemFilter)
    search_fields = ("title", "viewer__key")
    list_select_related = ("viewer",)
    readonly_fields = ("redeem", "payment")
    change_list_template = "admin/effects/queueitem/change_list.html"
    inlines = (DeedInline,)
    actions = ("approve", "reject", "cancel", "put_first", "retry")

    @admin.display(description="payment")
    def payment(self, item: QueueItem) -> Transaction | None:
        """The points that were spent on it."""
        return item.purchase.payment if item.purchase else None

    @admin.display(description="why not")
    def reason(self, item: QueueItem) -> str:
        """In one line."""
        return item.reason

    def has_steer_permission(self, request: HttpRequest) -> bool:
        """Whoever may change queue items; looking is not enough."""
        return request.user.has_perm("effects.change_queueitem")

    def get_urls(self) -> list[URLPattern]:
        """With the buttons of the lanes."""
        own = [
            path("panic/", self._pressed(self._panic), name="effects_queue_panic"),
            path("calm/", self._pressed(self._calm), name="effects_queue_calm"),
            path("lane/<str:lane>/<str:verb>/", self._pressed(self._steer), name="effects_queue_lane"),
        ]
        return own + super().get_urls()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With how the lanes stand."""
        statuses = lanes.statuses()
        more = {
            "lanes": statuses,
            "may_steer": self.has_steer_permission(request),
            "is_panic": any(lane.paused_by.startswith(control.PANIC_PREFIX) for lane in statuses),
        }
        return super().changelist_view(request, {**(extra_context or {}), **more})

    @admin.action(description="Approve", permissions=["steer"])
    def approve(self, request: HttpRequest, items: QuerySet[QueueItem]) -> None:
        """What waits for approval."""
        self._each(request, items, control.approve, "approved")

    @admin.action(description="Reject: points go back", permissions=["steer"])
    def reject(self, request: HttpRequest, items: QuerySet[QueueItem]) -> None:
        """What waits for approval."""
        self._each(request, items, control.reject, "rejected")

    @admin.action(description="Cancel: points go back", permissions=["steer"])
    def cancel(self, request: HttpRequest, items: QuerySet[QueueItem]) -> None:
        """What waits or runs."""
        self._each(request, items.exclude(state__in=ENDED), control.cancel, "cancelled")

    @admin.action(description="Put first", permissions=["steer"])
    def put_first(self, request: HttpRequest, items: QuerySet[QueueItem]) -> None:
        """What waits."""
        self._each(request, items, control.put_first, "put first")

    @admin.action(description="Do again, free of charge", permissions=["steer"])
    def retry(self, request: HttpRequest, items: QuerySet[QueueItem]) -> None:
        """What has ended."""
        self._each(request, items.filter(state__in=ENDED), control.requeue, "in the queue again")

    def _each(self, request: HttpRequest, items: QuerySet[QueueItem], verb: Verb, done: str) -> None:
        by = request.user.get_username()
        chosen = list(items.select_related("viewer")[: self.list_per_page])
        count = 0
        for item in chosen:
            try:
                count += bool(verb(item, by=by))
            except (Refused, Failed) as error:
                messages.error(request, f"{item}: {error}.")
        self.message_user(request, f"{count} {done}.")

    def _pressed(self, step: Callable[..., str]) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest, **words: str) -> HttpResponse:
            if request.method != "POST" or not self.has_steer_permission(request):
                raise PermissionDenied
            try:
                self.message_user(request, step(by=request.user.get_username(), **words))
            except Refused as error:
                messages.error(request, f"{error}.")
            return redirect("admin:effects_queueitem_changelist")

        return self.admin_site.admin_view(view)

    def _panic(self, *, by: str) -> str:
        return f"Everything is stopped; {control.panic(by=by)} items were taken out, and their points are back."

    def _calm(self, *, by: str) -> str:
        return f"Going on: {', '.join(control.calm(by=by)) or 'nothing was stopped'}."

    def _steer(self, *, by: str, lane: str, verb: str) -> str:
        if verb == "skip":
            item = control.skip(lane, by=by)
            return f"Skipped: {item}." if item else "Nothing runs there."
        if verb == "clear":
            return f"{control.clear(lane, by=by)} taken out of {lane}; points are back."
        if verb == "resume":
            control.resume(lane, by=by)
            return f"{lane} goes on."
        if verb != "pause":
            raise Refused(f"nothing is called {verb[:20]} here")
        control.pause(lane, by=by)
        return f"{lane} is paused."

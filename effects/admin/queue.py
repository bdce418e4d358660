"""The queue's page: its items, and the buttons that steer it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from economy.models import Transaction
from effects.admin import purchases
from effects.models import ENDED, Deed, Purchase, QueueItem, State
from effects.queue import control, lanes
from pixelbot_site.kit.admin import ReadOnlyAdmin, log_deed, page_before
from pixelbot_site.kit.errors import Failed, Refused

Verb = Callable[..., object]
# Fields that say how an item is performed, for whoever looks for a fault.
HOW = frozenset(
    {
        *("payload", "sequel", "part_of", "event", "is_follow_up", "attempts", "lease_until", "told_at"),
        *("is_prepared", "caption", "speech_text"),
        *("speech_file", "speech_seconds", "is_spoken_by_page", "saved_path", "overlay_message", "overlay_seconds"),
    }
)
AGAIN = "again"
BACK = "Their points went back, unless a prize was won with them."


class DeedInline(admin.TabularInline):  # type: ignore[type-arg]
    """What staff did with the item."""

    model = Deed
    extra = 0
    can_delete = False
    readonly_fields = ("at", "by", "what")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: the bot writes these rows."""
        return False


def _taken_out(item: QueueItem, done: str) -> str:
    """Return what became of an item that staff took out, and of the points that it cost."""
    item = QueueItem.objects.select_related("purchase").get(pk=item.pk)
    if item.state == State.DONE:
        return "counts as done: what was drawn is the viewer's"
    if item.purchase is None or item.purchase.payment_id is None:
        return done
    return f"{done}: the points went back" if item.purchase.refunded_at else f"{done}; no points went back"


class RedeemFilter(admin.SimpleListFilter):
    """Filters the items by the redeem that was bought."""

    title = "redeem"
    parameter_name = "redeem"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the keys of the redeems that were ever bought."""
        keys = Purchase.objects.exclude(redeem="").order_by("redeem").values_list("redeem", flat=True).distinct()
        return [(key, key) for key in keys]

    def queryset(self, request: HttpRequest, queryset: QuerySet[QueueItem]) -> QuerySet[QueueItem]:
        """Return the items that result from purchases of the chosen redeem."""
        return queryset.filter(purchase__redeem=self.value()) if self.value() else queryset


@admin.register(QueueItem)
class QueueItemAdmin(ReadOnlyAdmin):
    """Queue items with their history. The rows are read-only; the actions change them through `control`."""

    list_display = ("id", "created_at", "lane", "what", "viewer", "stands", "priority", "by")
    list_filter = ("state", "lane", "kind", RedeemFilter)
    search_fields = ("title", "viewer__key")
    list_select_related = ("viewer",)
    readonly_fields = ("redeem", "payment", "words", "stands")
    change_list_template = "admin/effects/queueitem/change_list.html"
    inlines = (DeedInline,)
    logs_actions = False  # each item has its deeds
    actions = ("approve", "reject", "cancel", "put_first", "retry")

    @admin.display(description="payment")
    def payment(self, item: QueueItem) -> Transaction | None:
        """Return the payment of the item's purchase."""
        return item.purchase.payment if item.purchase else None

    @admin.display(description="state", ordering="state")
    def stands(self, item: QueueItem) -> str:
        """Return the item's state, in the word of its kind."""
        return control.state_word(item)

    @admin.display(description="text")
    def words(self, item: QueueItem) -> str:
        """Return the text that the viewer, or a line of the streamer's, brings to the effect."""
        return str(item.payload.get("text", ""))

    @admin.display(description="what, and why it did not happen", ordering="title")
    def what(self, item: QueueItem) -> SafeString:
        """Return the title, and below it in one line why it did not happen."""
        reason = format_html("<br><b>{}</b>", item.reason) if item.reason else ""
        return format_html("<bdi>{}</bdi>{}", item.title or item.kind, reason)

    def get_fieldsets(self, request: HttpRequest, obj: QueueItem | None = None) -> Any:
        """Fold away the fields that say how it was performed."""
        fields = [name for name in super().get_fields(request, obj) if name != "stands"]
        names = ["stands" if name == "state" else name for name in fields]
        return [
            (None, {"fields": [name for name in names if name not in HOW]}),
            ("How it was performed", {"fields": [name for name in names if name in HOW], "classes": ["collapse"]}),
        ]

    def has_steer_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may press the buttons: that takes the permission to change queue items."""
        return request.user.has_perm("effects.change_queueitem")

    def has_redo_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may have something done again: that takes the permission to add queue items.

        What is done again for nothing can be a spin, or end in points: it is more than steering.
        """
        return request.user.has_perm("effects.add_queueitem")

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Hide how an effect is performed from staff who may only steer: a webhook's address can be a secret."""
        return () if self.has_redo_permission(request) else ("payload", "sequel", "overlay_message")

    def get_urls(self) -> list[URLPattern]:
        """Add the addresses of the buttons."""
        own = [
            path("panic/", self._button(self._panic, "Stopped everything."), name="effects_queue_panic"),
            path("calm/", self._button(self._calm, "Went on after everything was stopped."), name="effects_queue_calm"),
            path(
                "item/<int:item_id>/<str:verb>/",
                self._button(self._decide, "{verb}: queue item {item_id}."),
                name="effects_queue_item",
            ),
            path(
                "purchase/<int:purchase_id>/give-back/",
                self.admin_site.admin_view(purchases.give_back),
                name="effects_purchase_give_back",
            ),
            path(
                "lane/<str:lane>/<str:verb>/",
                self._button(self._steer, "{verb}: the lane {lane}."),
                name="effects_queue_lane",
            ),
        ]
        return own + super().get_urls()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the lanes and their buttons above the list."""
        statuses = lanes.statuses()
        context = {
            "lanes": statuses,
            "may_steer": self.has_steer_permission(request),
            "is_panic": any(lane.paused_by.startswith(control.PANIC_PREFIX) for lane in statuses),
        }
        return super().changelist_view(request, {**(extra_context or {}), **context})

    @admin.action(description="Approve", permissions=["steer"])
    def approve(self, request: HttpRequest, items: QuerySet[QueueItem]) -> None:
        """Approve the chosen items that wait for approval."""
        self._each(request, items, control.approve, "approved")

    @admin.action(description="Reject: points go back", permissions=["steer"])
    def reject(self, request: HttpRequest, items: QuerySet[QueueItem]) -> None:
        """Reject the chosen items that wait for approval."""
        self._each(request, items, control.reject, "rejected")

    @admin.action(description="Cancel: points go back", permissions=["steer"])
    def cancel(self, request: HttpRequest, items: QuerySet[QueueItem]) -> None:
        """Cancel the chosen items that wait or run."""
        self._each(request, items.exclude(state__in=ENDED), control.cancel, "cancelled")

    @admin.action(description="Put first", permissions=["steer"])
    def put_first(self, request: HttpRequest, items: QuerySet[QueueItem]) -> None:
        """Put the chosen items that wait first in their lanes."""
        self._each(request, items, control.put_first, "put first")

    @admin.action(description="Do again, free of charge", permissions=["redo"])
    def retry(self, request: HttpRequest, items: QuerySet[QueueItem]) -> None:
        """Do the chosen items that have ended again."""
        self._each(request, items.filter(state__in=ENDED), control.requeue, "in the queue again")

    def _each(self, request: HttpRequest, items: QuerySet[QueueItem], verb: Verb, done: str) -> None:
        by = request.user.get_username()
        count = 0
        # No more than a page at once: "select all" across a long history would hold the request for minutes.
        for item in items.select_related("viewer")[: self.list_per_page]:
            try:
                if verb(item, by=by):
                    count += 1
            except (Refused, Failed) as error:
                messages.error(request, f"{item}: {error}.")
        self.message_user(request, f"{count} {done}.")

    def _button(self, press: Callable[..., str], deed: str) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest, **arguments: str) -> HttpResponse:
            # A link or an image in a page must not press it: POST, with the token that Django checks.
            if request.method != "POST" or not self.has_steer_permission(request):
                raise PermissionDenied
            if arguments.get("verb") == AGAIN and not self.has_redo_permission(request):
                raise PermissionDenied
            try:
                self.message_user(request, press(by=request.user.get_username(), **arguments))
                log_deed(request, QueueItem, capfirst(deed.format(**arguments)))
            except Refused as error:
                messages.error(request, f"{error}.")
            return redirect(page_before(request, reverse("admin:effects_queueitem_changelist")))

        return self.admin_site.admin_view(view)

    def _decide(self, *, by: str, item_id: int, verb: str) -> str:
        verbs: dict[str, tuple[Verb, str]] = {
            "approve": (control.approve, "approved"),
            "reject": (control.reject, "rejected"),
            "cancel": (control.cancel, "cancelled"),
            "first": (control.put_first, "put first"),
            AGAIN: (control.requeue, "in the queue again, free of charge"),
        }
        item = QueueItem.objects.select_related("viewer").filter(pk=item_id).first()
        if item is None or verb not in verbs:
            raise Refused("there is no such item, or no such button")
        act, done = verbs[verb]
        if not act(item, by=by):
            return f"{item}: it was decided already."
        return f"{item}: {_taken_out(item, done) if verb in ('reject', 'cancel') else done}."

    def _panic(self, *, by: str) -> str:
        return f"Everything is stopped. Items cancelled: {control.panic(by=by)}. {BACK}"

    def _calm(self, *, by: str) -> str:
        return f"Resumed: {', '.join(control.calm(by=by)) or 'nothing, since nothing was stopped'}."

    def _steer(self, *, by: str, lane: str, verb: str) -> str:
        if lane == "all" and verb in ("pause", "resume"):
            act = control.pause if verb == "pause" else control.resume
            changed = [status.name for status in lanes.statuses() if act(status.name, by=by)]
            return f"{'Paused' if verb == 'pause' else 'Resumed'}: {', '.join(changed) or 'nothing new'}."
        if verb == "skip":
            item = control.skip(lane, by=by)
            return f"Skipped: {item}." if item else f"Nothing runs in {lane}."
        if verb == "clear":
            return f"Cancelled in {lane}: {control.clear(lane, by=by)}. {BACK}"
        if verb == "resume":
            control.resume(lane, by=by)
            return f"{lane} is resumed."
        if verb != "pause":
            raise Refused(f"there is no button {verb[:20]}")
        control.pause(lane, by=by)
        return f"{lane} is paused."

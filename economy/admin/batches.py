"""Batches in the dashboard: how much and for whom, a preview, a button, a bar, and the way back."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4, uuid5

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path

from economy import tasks
from economy.batches import batch
from economy.batches.target import FILTERS, Target
from economy.ledger.accounts import MAX_BALANCE
from economy.models import Batch, BatchState, Operation
from pixelbot_site.kit.admin import ReadOnlyAdmin, log_deed
from pixelbot_site.kit.errors import Refused

OPERATIONS = [(value, label) for value, label in Operation.choices if value != Operation.REVERSE]


class BatchForm(forms.ModelForm):  # type: ignore[type-arg]
    """The form of a batch. `ids` holds the viewers chosen in their list; without it the filters apply."""

    operation = forms.ChoiceField(choices=OPERATIONS)
    amount = forms.IntegerField(min_value=0, max_value=MAX_BALANCE)
    ids = forms.CharField(required=False, widget=forms.HiddenInput)
    form_key = forms.UUIDField(required=False, widget=forms.HiddenInput)
    seen_within_days = forms.IntegerField(required=False, min_value=0, max_value=36500, label="seen in the last … days")
    subscribers = forms.BooleanField(required=False, label="only subscribers")
    present = forms.BooleanField(required=False, label="only who is here now")
    least_level = forms.IntegerField(required=False, min_value=1, max_value=9999, label="from level")

    class Meta:
        model = Batch
        fields = ("currency", "operation", "amount", "skips", "reason")

    def clean(self) -> dict[str, Any]:
        """Refuse an amount of 0 for anything but `set`."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("amount") == 0 and cleaned.get("operation") != Operation.SET:
            self.add_error("amount", "At least 1.")
        return cleaned

    def clean_ids(self) -> tuple[int, ...] | None:
        """Return the ids, which are separated by commas, as numbers; None if there are none."""
        words = self.cleaned_data["ids"].split(",") if self.cleaned_data["ids"] else []
        if not all(word.isascii() and word.isdigit() and len(word) < 19 for word in words):
            raise forms.ValidationError("Choose the viewers in their list.")
        return tuple(int(word) for word in words) or None

    def key(self) -> UUID:
        """Return the batch's idempotency key: the same content sent twice is one batch, changed content is another."""
        asked = {name: value for name, value in sorted(self.cleaned_data.items()) if name != "form_key"}
        return uuid5(self.cleaned_data["form_key"] or uuid4(), repr(asked))

    def target(self) -> Target:
        return Target.of(self.cleaned_data)


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin):
    """Batches: adding one shows a preview; a button on its page runs it."""

    form = BatchForm
    list_display = ("created_at", "__str__", "state", "success", "failed", "changed", "by")
    change_form_template = "admin/economy/batch/change_form.html"
    seen = ("state", "currency", "operation", "amount", "target", "skips", "reason", "by", "reverses")
    figures = ("total", "done", "success", "failed", "changed", "level_ups", "created_at", "finished_at")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Require the permission to change balances."""
        return request.user.has_perm("economy.change_points")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let those who may run batches see them."""
        return super().has_view_permission(request, obj) or self.has_add_permission(request)

    def get_fieldsets(self, request: HttpRequest, obj: Batch | None = None) -> Any:
        """Return the form's fields for a new batch, its figures for an existing one."""
        if obj is not None:
            figures = () if obj.state == BatchState.PREVIEW else self.figures  # the preview has its own
            return [(None, {"fields": (*self.seen, *figures)})]
        return [
            (None, {"fields": ("currency", "operation", "amount", "skips", "reason")}),
            ("For whom (nothing chosen: for everybody)", {"fields": (*FILTERS, "ids", "form_key")}),
        ]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Fill in the viewers chosen in their list, and a key, so that a form sent twice is one batch."""
        return {"ids": request.GET.get("ids", ""), "form_key": uuid4()}

    def save_model(self, request: HttpRequest, obj: Batch, form: Any, change: bool) -> None:
        """Store the batch without running it."""
        planned = batch.plan(
            obj.currency,
            obj.operation,
            obj.amount,
            target=form.target(),
            skips=obj.skips,
            reason=obj.reason,
            by=request.user.get_username(),
            key=form.key(),
        )
        obj.pk, obj.key = planned.pk, planned.key
        obj._state.adding = False

    def response_add(self, request: HttpRequest, obj: Batch, post_url_continue: str | None = None) -> HttpResponse:
        """Redirect to the preview."""
        return redirect("admin:economy_batch_change", obj.pk)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Add the preview, the progress, who was left out, and the buttons to the page."""
        row = Batch.objects.filter(pk=object_id).first() if object_id.isascii() and object_id.isdecimal() else None
        more: dict[str, Any] = {"may_run": self.has_add_permission(request)}
        if row is not None:
            more["preview"] = batch.preview(row) if row.state == BatchState.PREVIEW else None
            more["percent"] = row.done * 100 // max(row.total, row.done, 1)
            is_reversal = row.operation == Operation.REVERSE
            more["left_out"] = batch.left_out(row, limit=batch.MAX_ERRORS) if is_reversal else []
            more["may_reverse"] = row.state == BatchState.DONE and not is_reversal
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **more})

    def get_urls(self) -> list[URLPattern]:
        """Add the two buttons' addresses."""
        view = self.admin_site.admin_view
        own = [
            path("<int:batch_id>/run/", view(self.run), name="economy_batch_run"),
            path("<int:batch_id>/reverse/", view(self.reverse), name="economy_batch_reverse"),
        ]
        return own + super().get_urls()

    def run(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        """Run the batch. Pressed twice, it runs once."""
        row = self._pressed(request, batch_id)
        if batch.start(row):
            log_deed(request, Batch, "Run.", row.pk)
            tasks.batch_step.delay(row.pk)
        return redirect("admin:economy_batch_change", row.pk)

    def reverse(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        """Redirect to the preview of the batch that takes this one back."""
        try:
            back = batch.plan_reversal(self._pressed(request, batch_id), by=request.user.get_username())
        except Refused as error:
            messages.error(request, f"{error}.")
            return redirect("admin:economy_batch_change", batch_id)
        log_deed(request, Batch, f"Planned to take back batch {batch_id}.", back.pk)
        return redirect("admin:economy_batch_change", back.pk)

    def _pressed(self, request: HttpRequest, batch_id: int) -> Batch:
        if request.method != "POST" or not self.has_add_permission(request):
            raise PermissionDenied
        return get_object_or_404(Batch, pk=batch_id)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Read the reversed batch along, which the name shows."""
        return super().get_queryset(request).select_related("reverses")

"""The pages of viewers, merges and presence."""

from __future__ import annotations

import time
from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from import_export.admin import ImportExportMixin
from import_export.formats.base_formats import JSON, Format

from economy.admin.card_views import CardAdmin
from economy.ledger import xp
from economy.ledger.levels import describe
from economy.models import FLAGS, Merge, Presence, Viewer
from economy.viewers import forgetting, merging, people
from economy.viewers.exchange import ViewerResource
from pixelbot_site.kit.admin import ReadOnlyAdmin, named_choices
from pixelbot_site.kit.csv_format import CSV
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.pieces import GAP
from pixelbot_site.kit.transactions import take_turn


class ViewerForm(forms.ModelForm):  # type: ignore[type-arg]
    """What the streamer may change about a viewer. A new name renames; a name that is in use merges."""

    class Meta:
        model = Viewer
        fields = ("username", "excluded", "is_unseen", "notes", "tags")
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "tags": forms.TextInput(attrs={"class": "vTextField"}),
            "excluded": named_choices("By badges: bots and you earn nothing", "Earns nothing", "Earns as everybody"),
        }

    def clean_tags(self) -> str:
        """Return the tags as they are stored."""
        words = people.normalized_tags(self.cleaned_data["tags"])
        if len(words) > people.MAX_TAGS_CHARS:
            raise forms.ValidationError(f"All tags of a viewer have at most {people.MAX_TAGS_CHARS} characters.")
        return words

    def clean_username(self) -> str:
        """Return the name without spaces around it and without a leading @."""
        name: str = self.cleaned_data["username"].strip().removeprefix("@")
        if name != self.initial.get("username") and not people.is_username(name):
            raise forms.ValidationError("A name has at least one character, and no control characters.")
        return name


class TagFilter(admin.SimpleListFilter):
    """Filters viewers by a tag that staff gave them."""

    title = "tag"
    parameter_name = "tag"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the tags that viewers have."""
        return [(tag, tag) for tag in people.tags_in_use()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Viewer]) -> QuerySet[Viewer]:
        """Return the viewers with the chosen tag."""
        return people.tagged(queryset, self.value() or "") if self.value() else queryset


class ViewerList(ChangeList):
    """A list ordered by a single column, as its index is: with a second one the database would sort every viewer."""

    def _get_deterministic_ordering(self, ordering: list[str]) -> list[str]:
        return ordering[:1]

    def get_queryset(
        self, request: HttpRequest, exclude_parameters: list[str | None] | None = None
    ) -> QuerySet[Viewer]:
        """Add a condition that is always true, so that the database reads points or XP in the order of their index."""
        found: QuerySet[Viewer] = super().get_queryset(request, exclude_parameters)
        column = str(next(iter(found.query.order_by), "")).removeprefix("-")
        return found.filter(**{f"{column}__gte": 0}) if column in ("points__balance", "xp__total") else found


@admin.register(Viewer)
class ViewerAdmin(ImportExportMixin, CardAdmin):  # type: ignore[misc,type-arg]
    """Viewers, with their balances. A viewer's page begins with their card."""

    form = ViewerForm
    resource_classes = (ViewerResource,)
    import_formats: ClassVar[list[type[Format]]] = [CSV, JSON]
    export_formats = import_formats
    skip_admin_log = True  # the ledger's rows say who imported; an entry for each viewer would be another such list
    list_display = ("username", "balance", "level", "xp_total", "last_seen_at", "tagged")
    readonly_fields = ("balance", "progress", *FLAGS, "first_seen_at", "last_seen_at", "merged_into")
    fieldsets = (
        ("Notes and tags", {"fields": ("notes", "tags", "is_unseen")}),
        ("All fields", {"fields": ("username", "excluded", *readonly_fields), "classes": ("collapse",)}),
    )
    list_filter = (TagFilter, *FLAGS)
    search_fields = ("key",)
    search_help_text = "The beginning of a name, or # and a tag."
    list_select_related = ("points", "xp")
    ordering = ("-last_seen_at",)
    actions = ("change_balances", "forget")

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Require the permission to view viewers."""
        return request.user.has_perm("economy.view_viewer")

    def has_import_permission(self, request: HttpRequest) -> bool:
        """Require the permission to change balances."""
        return request.user.has_perm("economy.change_points")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ViewerList

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: viewers are created when they are first seen."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return False: their ledger stays. They can be forgotten instead."""
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Viewer], search_term: str
    ) -> tuple[QuerySet[Viewer], bool]:
        """Search by the beginning of the name, which the index answers in its order, or by #tag."""
        if search_term.startswith("#"):
            return people.tagged(queryset, search_term.removeprefix("#")), False
        return (queryset.filter(people.named(search_term)).order_by("key"), False) if search_term else (queryset, False)

    def save_model(self, request: HttpRequest, obj: Viewer, form: Any, change: bool) -> None:
        """Rename or merge through `merging`, and save the other fields."""
        take_turn()  # before the row is locked: renaming needs it
        name, obj.username = form.cleaned_data["username"], form.initial["username"]
        obj.save(update_fields=["excluded", "is_unseen", "notes", "tags"])
        if name == obj.username:
            return
        other = people.find(name)
        if other not in (None, obj) and not request.user.has_perm("economy.change_points"):
            messages.error(request, f"{other} is somebody else. Merging moves points, which you may not.")
            return
        try:
            merged = merging.rename(obj, name, by=request.user.get_username())
        except Refused as error:
            messages.error(request, f"The name stays: {error}.")
            return
        if merged is not None:
            self.message_user(request, f"{merged.source} is part of {merged.target} now. Merges can be undone.")

    def process_import(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Import what was confirmed, once: its file is gone then."""
        try:
            answer: HttpResponse = super().process_import(request, *args, **kwargs)
        except FileNotFoundError:
            messages.error(request, "This file was imported already, or is not here any more. Choose it again.")
            return redirect("admin:economy_viewer_import")
        return answer

    @admin.action(description="Change points or XP …", permissions=["change"])
    def change_balances(self, request: HttpRequest, queryset: QuerySet[Viewer]) -> HttpResponse:
        """Redirect to the form of a batch for the selected viewers; "select all" means every viewer."""
        everybody = request.POST.get("select_across") == "1"
        if everybody and request.GET.keys() - {"o", "p"}:
            messages.error(request, "Of a narrowed list, choose a page at a time; the next page can narrow “all”, too.")
            return redirect(request.get_full_path())
        ids = [] if everybody else [str(pk) for pk in queryset.values_list("pk", flat=True)]
        return redirect(f"{reverse('admin:economy_batch_add')}?{urlencode({'ids': ','.join(ids)})}")

    @admin.action(description="Forget: take name and words out for good", permissions=["change"])
    def forget(self, request: HttpRequest, queryset: QuerySet[Viewer]) -> HttpResponse | None:
        """Forget the selected viewers, one page of the list at most, after a page that asks."""
        chosen = list(queryset[: self.list_per_page])
        if "sure" not in request.POST:
            context = {
                **self.admin_site.each_context(request),
                "title": "Forget for good?",
                "opts": self.opts,
                "viewers": chosen,
                "action_checkbox_name": ACTION_CHECKBOX_NAME,
            }
            return render(request, "admin/economy/viewer/forget.html", context)
        for number, viewer in enumerate(chosen):
            if number:
                time.sleep(GAP)  # a hundred transactions in a row would be one long one for who waits
            forgetting.forget(viewer)
        self.message_user(
            request,
            f"{len(chosen)} forgotten; the feed follows within minutes. Points stay in the books, under a number.",
        )
        return None

    @admin.display(description="points", ordering="points__balance")
    def balance(self, viewer: Viewer) -> int:
        return viewer.points.balance

    @admin.display(ordering="xp__total")
    def level(self, viewer: Viewer) -> int:
        return viewer.xp.level

    @admin.display(description="XP", ordering="xp__total")
    def xp_total(self, viewer: Viewer) -> int:
        return viewer.xp.total

    @admin.display(description="tags")
    def tagged(self, viewer: Viewer) -> str:
        """Return the tags, in a column by which the list can't be ordered: no index has their order."""
        return viewer.tags

    @admin.display(description="XP")
    def progress(self, viewer: Viewer) -> str:
        """Return level, XP and what is missing to the next level."""
        return describe(xp.current_curve(), viewer.xp.total)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Read along what the list or the card shows."""
        return super().get_queryset(request).select_related("points", "xp", "presence", "merged_into")


@admin.register(Merge)
class MergeAdmin(ReadOnlyAdmin):
    """Merges, which can be undone."""

    list_display = ("created_at", "source", "target", "points", "xp", "by", "undone_at")
    list_select_related = ("source", "target")
    actions = ("undo",)

    def has_undo_permission(self, request: HttpRequest) -> bool:
        """Require the permission to change viewers."""
        return request.user.has_perm("economy.change_viewer")

    @admin.action(description="Undo", permissions=["undo"])
    def undo(self, request: HttpRequest, queryset: QuerySet[Merge]) -> None:
        """Undo each selected merge in a transaction of its own, and show why one can't be undone."""
        for row in queryset:
            try:
                merging.undo(row, by=request.user.get_username())
            except Refused as error:
                messages.error(request, f"{row}: {error}")
            else:
                self.message_user(request, f"{row}: undone.")


@admin.register(Presence)
class PresenceAdmin(ReadOnlyAdmin):
    """The viewers who are present."""

    list_display = ("viewer", "since", "until")
    search_fields = ("viewer__key",)
    list_select_related = ("viewer",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Leave out leases that have ended and were not swept yet."""
        return super().get_queryset(request).filter(until__gt=timezone.now())

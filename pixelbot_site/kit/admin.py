"""Admin classes that more than one app needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
    _Paginator = Paginator[Any]
else:  # generic for the type checker only
    _ModelAdmin = admin.ModelAdmin
    _Paginator = Paginator

MAX_COUNTED = 10_000
"""Rows that a list counts, and pages through. Who looks for older ones searches."""


class BoundedPaginator(_Paginator):
    """Counts no further than MAX_COUNTED: counting millions takes seconds, and nobody turns ten thousand pages."""

    @cached_property
    def count(self) -> int:
        """At most MAX_COUNTED."""
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]
        return len(rows.order_by().values_list("pk")[:MAX_COUNTED])


class ModelAdmin(_ModelAdmin):
    """A list stays quick, however many rows there are."""

    paginator = BoundedPaginator
    show_full_result_count = False


class ReadOnlyAdmin(ModelAdmin):
    """Rows to look at: nothing is added, changed or deleted by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never: these rows are written by the bot."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never; viewing stays possible."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never: history stays."""
        return False


class StockMixin(_ModelAdmin):
    """A stock that is sold from while somebody has the page open is written only where it was changed there."""

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """The stock as the page showed it comes back with the form."""
        if db_field.name == "stock":
            kwargs["show_hidden_initial"] = True
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        """All but an unchanged stock."""
        if change and "stock" not in form.changed_data:
            obj.save(
                update_fields=[field.name for field in obj._meta.concrete_fields if field.name not in ("id", "stock")]
            )
        else:
            super().save_model(request, obj, form, change)

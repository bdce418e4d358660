"""Base classes of the apps' admin pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.http import url_has_allowed_host_and_scheme

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
    _Paginator = Paginator[Any]
else:  # generic for the type checker only
    _ModelAdmin = admin.ModelAdmin
    _Paginator = Paginator

# Rows that a list counts and can page through. Older ones are found by searching or filtering.
MAX_COUNTED = 10_000


def page_before(request: HttpRequest, default: str) -> str:
    """Return the page of ours where a button was pressed, which the form's `next` names; otherwise `default`."""
    page = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure()):
        return page
    return default


class BoundedPaginator(_Paginator):
    """A paginator that counts up to MAX_COUNTED rows: counting millions takes seconds."""

    @cached_property
    def count(self) -> int:
        """Return the number of rows, at most MAX_COUNTED."""
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]
        return len(rows.order_by().values_list("pk")[:MAX_COUNTED])


class ModelAdmin(_ModelAdmin):
    """An admin class whose list is as quick with millions of rows as with ten."""

    paginator = BoundedPaginator
    show_full_result_count = False


class ReadOnlyAdmin(ModelAdmin):
    """An admin class for rows that the bot writes: nothing is added, changed or deleted by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return False: the bot writes these rows."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return False; viewing stays possible."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return False: history stays."""
        return False


class StockMixin(_ModelAdmin):
    """Keeps sales that happen while the form is open: `stock` is saved only where the form changed it."""

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """Add the stock as it was shown as a hidden field, so that a change can be told from a sale."""
        if db_field.name == "stock":
            kwargs["show_hidden_initial"] = True
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        """Save the row without its stock, unless the form changed it."""
        if change and "stock" not in form.changed_data:
            obj.save(
                update_fields=[field.name for field in obj._meta.concrete_fields if field.name not in ("id", "stock")]
            )
        else:
            super().save_model(request, obj, form, change)

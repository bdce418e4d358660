"""The pages of the two ledgers and of the audits: to read, not to edit."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from economy.ledger import points
from economy.models import Audit, Transaction, XPTransaction
from economy.viewers import people
from pixelbot_site.kit.admin import ReadOnlyAdmin
from pixelbot_site.kit.errors import Refused


class LedgerAdmin(ReadOnlyAdmin):
    """The newest first; a viewer's, or one by its reference, through an index."""

    search_fields = ("reference",)
    search_help_text = "A viewer's whole name, or a reference."
    list_select_related = ("viewer",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """One of the two, whichever there is."""
        if not search_term:
            return queryset, False
        viewer = people.find(search_term)
        return (queryset.filter(viewer=viewer) if viewer else queryset.filter(reference=search_term.strip())), False


@admin.register(Transaction)
class TransactionAdmin(LedgerAdmin):
    """The points ledger."""

    list_display = ("created_at", "viewer", "delta", "balance_after", "kind", "source", "reason", "by")
    list_filter = ("kind",)
    actions = ("reverse",)

    def has_reverse_permission(self, request: HttpRequest) -> bool:
        """Whoever may change balances."""
        return request.user.has_perm("economy.change_points")

    @admin.action(description="Reverse", permissions=["reverse"])
    def reverse(self, request: HttpRequest, queryset: QuerySet[Transaction]) -> None:
        """Each by itself, with a row that says so."""
        for row in queryset.select_related("viewer")[: self.list_per_page]:
            try:
                points.reverse(row, by=request.user.get_username())
            except (Refused, ValueError) as error:
                messages.error(request, f"{row}: {error}")
            else:
                self.message_user(request, f"{row}: reversed.")


@admin.register(XPTransaction)
class XPTransactionAdmin(LedgerAdmin):
    """The XP ledger."""

    list_display = ("created_at", "viewer", "delta", "total_after", "level_after", "source", "reason", "by")


@admin.register(Audit)
class AuditAdmin(ReadOnlyAdmin):
    """Whether the ledger agreed with itself, night by night."""

    list_display = ("ran_at", "result", "seconds")

    @admin.display(boolean=True, description="all right")
    def result(self, row: Audit) -> bool:
        """Green or red."""
        return not row.findings

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
    """The newest rows first. Search takes a viewer's name or a reference, each answered by an index."""

    search_fields = ("reference",)
    search_help_text = "A viewer's whole name, or a reference."
    list_select_related = ("viewer",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search by reference if there is such a row, else by viewer."""
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
        """Require the permission to change balances."""
        return request.user.has_perm("economy.change_points")

    @admin.action(description="Reverse", permissions=["reverse"])
    def reverse(self, request: HttpRequest, queryset: QuerySet[Transaction]) -> None:
        """Reverse each selected row in a transaction of its own."""
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
    """The results of the nightly audits."""

    list_display = ("ran_at", "result", "seconds")

    @admin.display(boolean=True, description="all right")
    def result(self, row: Audit) -> bool:
        return not row.findings

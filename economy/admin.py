"""The economy's pages: viewers and level rewards to edit, the ledger to read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from economy.levels import Curve, describe
from economy.models import Audit, LevelReward, Presence, Transaction, Viewer, XPTransaction
from pixelbot_site.kit import rules
from pixelbot_site.kit.admin import ModelAdmin, ReadOnlyAdmin


@admin.register(Viewer)
class ViewerAdmin(ReadOnlyAdmin):
    """Who was in chat, with what they have."""

    list_display = ("username", "balance", "level", "xp_total", "last_seen_at")
    fields = ("username", "balance", "progress", "first_seen_at", "last_seen_at")
    search_fields = ("key", "username")
    list_select_related = ("points", "xp")
    ordering = ("-last_seen_at",)

    @admin.display(description="points", ordering="points__balance")
    def balance(self, viewer: Viewer) -> int:
        """The balance."""
        return viewer.points.balance

    @admin.display(ordering="xp__level")
    def level(self, viewer: Viewer) -> int:
        """The level."""
        return viewer.xp.level

    @admin.display(description="XP", ordering="xp__total")
    def xp_total(self, viewer: Viewer) -> int:
        """All XP ever gathered."""
        return viewer.xp.total

    @admin.display(description="XP")
    def progress(self, viewer: Viewer) -> str:
        """Level, XP and the way to the next level."""
        now = rules.current()
        return describe(Curve(now.xp_base, now.xp_exponent, now.xp_max_level), viewer.xp.total)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With points and XP, for the page of one viewer too."""
        return super().get_queryset(request).select_related("points", "xp")


@admin.register(Presence)
class PresenceAdmin(ReadOnlyAdmin):
    """Who is here now."""

    list_display = ("viewer", "since", "until")
    search_fields = ("viewer__key",)
    list_select_related = ("viewer",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without those whose lease has ended and was not swept away yet."""
        return super().get_queryset(request).filter(until__gt=timezone.now())


@admin.register(Transaction)
class TransactionAdmin(ReadOnlyAdmin):
    """The points ledger."""

    list_display = ("created_at", "viewer", "delta", "balance_after", "kind", "source", "reason")
    list_filter = ("kind", "source", "created_at")
    search_fields = ("viewer__key", "reference")
    list_select_related = ("viewer",)


@admin.register(XPTransaction)
class XPTransactionAdmin(ReadOnlyAdmin):
    """The XP ledger."""

    list_display = ("created_at", "viewer", "delta", "total_after", "level_after", "source")
    list_filter = ("source", "created_at")
    search_fields = ("viewer__key", "reference")
    list_select_related = ("viewer",)


@admin.register(Audit)
class AuditAdmin(ReadOnlyAdmin):
    """Whether the ledger agreed with itself, night by night."""

    list_display = ("ran_at", "result", "seconds")

    @admin.display(boolean=True, description="all right")
    def result(self, row: Audit) -> bool:
        """Green or red."""
        return not row.findings


@admin.register(LevelReward)
class LevelRewardAdmin(ModelAdmin):
    """What levels bring."""

    list_display = ("level", "points", "line", "enabled")
    list_editable = ("points", "line", "enabled")
    list_display_links = ("level",)

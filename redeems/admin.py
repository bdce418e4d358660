"""What can be bought, and at what price."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from pixelbot_site.kit.admin import ModelAdmin
from redeems.models import Redeem


@admin.register(Redeem)
class RedeemAdmin(ModelAdmin):
    """Rows come from the catalog: they are changed here, neither added nor deleted."""

    list_display = ("key", "title", "cost", "enabled", "cooldown_seconds", "global_cooldown_seconds")
    list_editable = ("title", "cost", "enabled", "cooldown_seconds", "global_cooldown_seconds")
    fields = ("key", "title", "cost", "enabled", "cooldown_seconds", "global_cooldown_seconds")
    readonly_fields = ("key",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never: a redeem is code first."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never: it would come back at the next start. Switch it off instead."""
        return False

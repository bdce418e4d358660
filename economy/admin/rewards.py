"""The pages of level rewards and items, and of the viewers who have them."""

from __future__ import annotations

from django.contrib import admin

from economy.models import Item, ItemGrant, LevelReward
from pixelbot_site.kit.admin import ModelAdmin, ReadOnlyAdmin


@admin.register(LevelReward)
class LevelRewardAdmin(ModelAdmin):
    """Level rewards."""

    list_display = ("level", "repeats", "points", "line", "spoken", "enabled")
    list_editable = ("points", "line", "spoken", "enabled")
    list_display_links = ("level",)


@admin.register(Item)
class ItemAdmin(ModelAdmin):
    """Items."""

    list_display = ("key", "name", "description")
    search_fields = ("key", "name")


@admin.register(ItemGrant)
class ItemGrantAdmin(ReadOnlyAdmin):
    """Grants of items."""

    list_display = ("created_at", "viewer", "item", "quantity", "reference")
    list_filter = ("item",)
    search_fields = ("viewer__key",)
    list_select_related = ("viewer", "item")

"""The pages of level rewards and items, and of the viewers who have them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Field
from django.http import HttpRequest

from economy.models import Item, ItemGrant, LevelReward
from economy.settings_table import PointsSettings
from pixelbot_site.kit.admin import ModelAdmin, NamedMixin, ReadOnlyAdmin
from pixelbot_site.kit.steps import Effect, planned
from pixelbot_site.kit.trying import Trial, TryMixin, saying
from pixelbot_site.kit.words import fill

# The largest that XP_MAX_LEVEL can be.
HIGHEST_LEVEL = 9999


@admin.register(LevelReward)
class LevelRewardAdmin(TryMixin, ModelAdmin):
    """Level rewards."""

    list_display = ("level", "repeats", "points", "line", "spoken", "enabled")
    list_editable = ("points", "line", "spoken", "enabled")
    list_display_links = ("level",)

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """Return the field; there are no levels above HIGHEST_LEVEL."""
        if db_field.name == "level":
            kwargs["max_value"] = HIGHEST_LEVEL
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def trial(self, obj: LevelReward, username: str, words: str) -> Trial:
        """Return what reaching the level does."""
        names: dict[str, str | int] = {"user": username, "level": obj.level}
        line = fill(obj.line, names)
        spoken = [Effect("speak", {"text": line, "source": "level"}, line)] if line and obj.spoken else []
        besides = saying(line)
        if obj.points and PointsSettings.current().points_enabled:
            besides.append(f"give {PointsSettings.current().amount(obj.points)}")
        return Trial((*spoken, *planned(obj.effects, names)), besides)


@admin.register(Item)
class ItemAdmin(NamedMixin, ModelAdmin):
    """Items."""

    named_as, named_in = "item", "key"
    list_display = ("key", "name", "description")
    search_fields = ("key", "name")


@admin.register(ItemGrant)
class ItemGrantAdmin(ReadOnlyAdmin):
    """Grants of items."""

    list_display = ("created_at", "viewer", "item", "quantity", "reference")
    list_filter = ("item",)
    search_fields = ("viewer__key",)
    list_select_related = ("viewer", "item")

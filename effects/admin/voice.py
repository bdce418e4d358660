"""How the voice speaks."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from effects.models import SpeechSource, ViewerVoice, WordFilter
from pixelbot_site.kit.admin import ModelAdmin


@admin.register(SpeechSource)
class SpeechSourceAdmin(ModelAdmin):
    """Where speech comes from, and how it begins."""

    list_display = ("name", "prefix", "pre_sound", "silent")
    list_editable = ("prefix", "pre_sound", "silent")
    fields = ("name", "prefix", "pre_sound", "silent")
    readonly_fields = ("name",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never: the sources are the bot's."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never: they would come back at the next start."""
        return False


@admin.register(WordFilter)
class WordFilterAdmin(ModelAdmin):
    """Words that are not spoken as they were written."""

    list_display = ("word", "replacement")
    list_editable = ("replacement",)
    search_fields = ("word",)


@admin.register(ViewerVoice)
class ViewerVoiceAdmin(ModelAdmin):
    """Whose lines are spoken in which voice."""

    list_display = ("viewer", "voice")
    list_editable = ("voice",)
    list_select_related = ("viewer",)
    search_fields = ("viewer__key",)
    raw_id_fields = ("viewer",)

"""The pages for how the voice speaks."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from effects.models import SpeechSource, ViewerVoice, WordFilter
from pixelbot_site.kit.admin import ModelAdmin


@admin.register(SpeechSource)
class SpeechSourceAdmin(ModelAdmin):
    """How speech from each source begins. The sources themselves are fixed."""

    list_display = ("name", "prefix", "pre_sound", "silent")
    list_editable = ("prefix", "pre_sound", "silent")
    fields = ("name", "prefix", "pre_sound", "silent")
    readonly_fields = ("name",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: the bot knows no other sources."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: the row would come back at the next start."""
        return False


@admin.register(WordFilter)
class WordFilterAdmin(ModelAdmin):
    """Words that are replaced before text is spoken or shown."""

    list_display = ("word", "replacement")
    list_editable = ("replacement",)
    search_fields = ("word",)


@admin.register(ViewerVoice)
class ViewerVoiceAdmin(ModelAdmin):
    """Which voice each viewer's lines are spoken in."""

    list_display = ("viewer", "voice")
    list_editable = ("voice",)
    list_select_related = ("viewer",)
    search_fields = ("viewer__key",)
    raw_id_fields = ("viewer",)

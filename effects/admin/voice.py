"""The pages for how the voice speaks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db.models import Field, Model
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path, reverse

from effects.media import sounds
from effects.models import SpeechSource, ViewerVoice, WordFilter
from effects.overlays.views import stored_wav
from pixelbot_site.kit.admin import ModelAdmin
from pixelbot_site.kit.errors import Failed, Refused
from pixelbot_site.kit.voice_fields import VoiceSelect

# Seconds between two texts that a member of staff has spoken.
HEAR_EVERY = 2


class HearForm(forms.Form):
    """A text, and the voice that speaks it."""

    text = forms.CharField(max_length=200, initial="This is the voice of your stream.")
    voice = forms.CharField(max_length=200, required=False, widget=VoiceSelect(plays=False))


@admin.register(SpeechSource)
class SpeechSourceAdmin(ModelAdmin):
    """How speech from each source begins. The sources themselves are fixed."""

    list_display = ("name", "prefix", "pre_sound", "silent")
    list_editable = ("prefix", "pre_sound", "silent")
    fields = ("name", "prefix", "pre_sound", "silent")
    readonly_fields = ("name",)
    change_list_template = "admin/effects/speechsource/change_list.html"

    def get_urls(self) -> list[URLPattern]:
        """Add the addresses of the page on which a voice is heard, and of what it spoke."""
        own = [
            path("hear/", self.admin_site.admin_view(self.hear), name="effects_hear"),
            path("hear/<uuid:key>.wav", self.admin_site.admin_view(self.heard), name="effects_heard"),
        ]
        return own + super().get_urls()

    def hear(self, request: HttpRequest) -> HttpResponse:
        """Show a form for a text and a voice; by POST, speak it and show a player."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = HearForm(request.POST or None)
        context = {**self.admin_site.each_context(request), "title": "Hear a voice", "form": form, "opts": self.opts}
        reason = ""
        if request.method == "POST" and form.is_valid():
            context["key"], reason = self._speak(request, form)
        if request.headers.get("Accept") == "application/json":  # a button beside a list of voices
            key = context.get("key")
            return JsonResponse({"address": key and reverse("admin:effects_heard", args=[key]), "reason": reason})
        if reason:
            messages.error(request, reason)
        return render(request, "admin/effects/speechsource/hear.html", context)

    def _speak(self, request: HttpRequest, form: HearForm) -> tuple[UUID | None, str]:
        """Return the key of what was spoken, or why it was not."""
        # Speaking keeps a process busy: one text at a time for each member of staff.
        if not cache.add(f"hear:{request.user.pk}", True, timeout=HEAR_EVERY):
            return None, f"Wait {HEAR_EVERY} seconds between two texts."
        try:
            return UUID(sounds.speech(form.cleaned_data["text"], form.cleaned_data["voice"])), ""
        except (Refused, Failed) as error:
            return None, f"It was not spoken: {str(error).rstrip('.')}."

    def heard(self, request: HttpRequest, key: UUID) -> HttpResponseBase:
        """Return what was spoken."""
        if request.method not in ("GET", "HEAD") or not self.has_view_permission(request):
            raise PermissionDenied
        return stored_wav(sounds.speech_name(key.hex))

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
    list_per_page = 25  # each row has the list of all voices
    list_select_related = ("viewer",)
    search_fields = ("viewer__key",)
    raw_id_fields = ("viewer",)

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """Return the field; the voice is chosen from those that are installed."""
        if db_field.name == "voice":
            kwargs["widget"] = VoiceSelect(none="Choose a voice")
        return super().formfield_for_dbfield(db_field, request, **kwargs)

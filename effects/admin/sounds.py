"""The page for sounds, which inspects a file before it is kept."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.text import capfirst

from effects.media import sounds
from effects.models import Sound
from effects.overlays.views import stored_sound
from pixelbot_site.kit import stored_files
from pixelbot_site.kit.admin import NamedMixin, UploadAdmin
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.steps import Effect
from pixelbot_site.kit.trying import Trial, TryMixin


class SoundForm(forms.ModelForm):  # type: ignore[type-arg]
    """A sound and its file. No two sounds share a name or an alias."""

    class Meta:
        model = Sound
        fields = ("name", "aliases", "file", "volume", "cost", "enabled")
        widgets: ClassVar = {"file": forms.FileInput(attrs={"accept": ".wav,.mp3,.ogg,.opus,audio/*"})}

    def clean_aliases(self) -> str:
        """Return the aliases, divided by spaces, however they were."""
        return " ".join(str(self.cleaned_data["aliases"]).replace(",", " ").split())

    def clean(self) -> dict[str, Any]:
        """Inspect a new file, and refuse names that another sound has."""
        cleaned: dict[str, Any] = super().clean() or {}
        names = [str(cleaned.get("name", "")), *str(cleaned.get("aliases", "")).split()]
        for name in names:
            other = sounds.named(name)
            if other is not None and other.pk != self.instance.pk:
                raise forms.ValidationError(f"“{name}” is already the name of the sound {other}.")
        if "file" in self.changed_data and cleaned.get("file"):
            try:
                cleaned["file"] = sounds.store(self.instance, cleaned["file"])
            except Failed as error:
                self.add_error("file", f"{capfirst(str(error))}.")
        return cleaned


@admin.register(Sound)
class SoundAdmin(TryMixin, NamedMixin, UploadAdmin):
    """Sounds that viewers play and effects name."""

    named_as = "sound"
    form = SoundForm
    list_display = ("name", "listen", "aliases", "length", "loudness_in_words", "volume", "cost", "enabled")
    list_editable = ("volume", "cost", "enabled")
    search_fields = ("name", "aliases")
    readonly_fields = ("listen", "content_type", "length", "loudness_in_words")
    change_form_template = "admin/effects/sound/change_form.html"

    def get_fields(self, request: HttpRequest, obj: Sound | None = None) -> tuple[str, ...]:
        """Return the fields; of a new sound, nothing was measured yet."""
        typed = ("name", "aliases", "file", "volume", "cost", "enabled")
        return (*typed, *self.readonly_fields) if obj else typed

    def get_urls(self) -> list[URLPattern]:
        """Add the address of a sound's file."""
        own = [path("<int:sound_id>/file/", self.admin_site.admin_view(self.file), name="effects_sound_file")]
        return own + super().get_urls()

    def file(self, request: HttpRequest, sound_id: int) -> HttpResponseBase:
        """Return the file, to be heard in the dashboard."""
        if request.method not in ("GET", "HEAD") or not self.has_view_permission(request):
            raise PermissionDenied
        return stored_sound(sound_id)

    @admin.display(description="listen")
    def listen(self, sound: Sound) -> str:
        """Return a player, which loads the file when it is pressed."""
        if not sound.pk:
            return "-"
        address = reverse("admin:effects_sound_file", args=[sound.pk])
        # The version changes with the file: browsers keep for a while what they have heard.
        return format_html(
            '<audio controls preload="none" src="{}?v={}" title="{}"></audio>',
            address,
            str(sound.file.name)[-16:],
            sound,
        )

    def save_model(self, request: HttpRequest, obj: Sound, form: Any, change: bool) -> None:
        """Save a sound, and delete the file that was replaced."""
        before = Sound.objects.filter(pk=obj.pk).values_list("file", flat=True).first()
        sounds.keep(obj)
        super().save_model(request, obj, form, change)
        if before and before != obj.file.name:
            stored_files.delete(before)

    def trial(self, obj: Sound, username: str, words: str) -> Trial:
        """Return the sound with the file and the volume that the form holds."""
        return Trial([Effect("play_sound", {"sound": obj.name, "unsaved": sounds.unsaved(obj)}, obj.name)])

    @admin.display(description="length", ordering="seconds")
    def length(self, sound: Sound) -> str:
        """Return the length, to be read."""
        return f"{sound.seconds:.1f} s"

    @admin.display(description="loudness", ordering="loudness")
    def loudness_in_words(self, sound: Sound) -> str:
        """Return the measured loudness, and the volume that it leads to."""
        return f"{sound.loudness:.1f} LUFS, played at {sounds.volume(sound):.0%}"

"""The pages for pictures and videos: one to drop files on, sounds too, and their list with previews."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from effects import models
from effects.admin.uploads import take_all
from effects.media import library
from effects.media.views import stored_media
from effects.obs import names
from effects.settings_table import MediaSettings, QueueSettings
from pixelbot_site.kit.admin import ModelAdmin, NamedMixin, log_deed
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.steps import Effect
from pixelbot_site.kit.trying import Trial, TryMixin


class MediaForm(forms.ModelForm):  # type: ignore[type-arg]
    """The name, which stays while an effect names it."""

    class Meta:
        model = models.Media
        fields = ("name",)

    def clean_name(self) -> str:
        """Refuse the name of another."""
        name = str(self.cleaned_data["name"])
        other = library.named(name)
        if other is not None and other.pk != self.instance.pk:
            raise forms.ValidationError(f"“{name}” is already the name of another.")
        return name


@admin.register(models.Media)
class MediaAdmin(TryMixin, NamedMixin, ModelAdmin):
    """Pictures and videos. *Add* is the page for dropping files, sounds too."""

    named_as = "media"
    form = MediaForm
    list_display = ("name", "preview", "kind", "pixels", "length", "created_at")
    search_fields = ("name",)
    readonly_fields = (
        "preview", "kind", "pixels", "length", "room", "checked", "used_by", "sha256", "uploaded_by", "created_at",
    )  # fmt: skip
    fields: ClassVar = ("name", *readonly_fields)

    class Media:
        css: ClassVar = {"all": ["effects/media.css"]}

    def get_urls(self) -> list[URLPattern]:
        """Add the address of a file."""
        own = [path("<int:media_id>/file/", self.admin_site.admin_view(self.file), name="effects_media_file")]
        return own + super().get_urls()

    def file(self, request: HttpRequest, media_id: int) -> HttpResponseBase:
        """Return the file, to be seen in the dashboard."""
        if request.method not in ("GET", "HEAD") or not self.has_view_permission(request):
            raise PermissionDenied
        return stored_media(request, get_object_or_404(models.Media, pk=media_id))

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Show the page for dropping files; by POST, take them in and say what became of each."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        results = []
        if request.method == "POST":
            files = [*request.FILES.getlist("files"), *request.FILES.getlist("folder")]
            results = take_all(files, request.POST.get("reports", ""), request.user)
            for taken in results:
                if taken.row is not None:
                    log_deed(request, type(taken.row), "Uploaded.", taken.row.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": "Add pictures, videos and sounds",
            "opts": self.opts,
            "limits": MediaSettings.current(),
            "longest_sound": QueueSettings.current().longest_sound,
            "results": results,
            "nothing_chosen": request.method == "POST" and not results,
        }
        return render(request, "admin/effects/media/upload.html", context)

    def trial(self, obj: Any, username: str, words: str) -> Trial:
        """Return the effect that shows it. Raise Refused where its file is missing."""
        saved = models.Media.objects.filter(pk=obj.pk).first()
        if saved is None or library.seems_missing(saved):
            raise Refused("its file is missing")
        return Trial([Effect("show_media", {"media": saved.name, "seconds": 5}, saved.name)])

    @admin.display(description="preview")
    def preview(self, media: models.Media) -> str:
        """Return it, small; a video with its buttons."""
        if library.seems_missing(media):
            return "its file is missing"
        address = reverse("admin:effects_media_file", args=[media.pk])
        if media.is_video:
            return format_html(
                '<video class="preview" controls preload="metadata" src="{}" title="{}"></video>', address, media
            )
        return format_html('<img class="preview" loading="lazy" src="{}" alt="{}">', address, media)

    @admin.display(description="pixels", ordering="width")
    def pixels(self, media: models.Media) -> str:
        """Return width and height."""
        return f"{media.width} × {media.height}"

    @admin.display(description="length", ordering="seconds")
    def length(self, media: models.Media) -> str:
        """Return the length of what moves."""
        return f"{media.seconds:.1f} s" if media.seconds else "-"

    @admin.display(description="room", ordering="size")
    def room(self, media: models.Media) -> str:
        """Return how much room the file takes."""
        return filesizeformat(media.size)

    @admin.display(description="checked")
    def checked(self, media: models.Media) -> str:
        """Return how it was checked at the upload."""
        if not media.is_video:
            return "It was decoded and written anew, without what a camera put in."
        if media.is_decoded:
            return "Its header was read, and the browser that uploaded it decoded its first frame."
        return "Its header was read. No browser decoded it at the upload: play it once, above."

    @admin.display(description="used by")
    def used_by(self, media: models.Media) -> str:
        """Return the rows whose effects name it."""
        return ", ".join(names.rows_naming("media", media.name)) or "nothing yet"

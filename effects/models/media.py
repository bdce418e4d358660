"""Pictures and videos that effects show on the overlay."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from effects.models.voice import one_word


class MediaKind(models.TextChoices):
    """The formats that are kept. An animated PNG is `apng`."""

    PNG = "png", "PNG"
    JPG = "jpg", "JPEG"
    WEBP = "webp", "WebP"
    GIF = "gif", "GIF"
    APNG = "apng", "animated PNG"
    WEBM = "webm", "WebM video"
    MP4 = "mp4", "MP4 video"


VIDEOS = (MediaKind.WEBM, MediaKind.MP4)


class Media(models.Model):
    """A picture or video. `effects.media.library.take` inspected its file, which is named by its content."""

    name = models.CharField(max_length=40, unique=True, validators=[one_word], help_text="Effects name it so.")
    kind = models.CharField(max_length=4, choices=MediaKind, editable=False)
    width = models.PositiveIntegerField(default=0, editable=False, help_text="Pixels. 0: not known.")
    height = models.PositiveIntegerField(default=0, editable=False, help_text="Pixels. 0: not known.")
    seconds = models.FloatField(
        null=True, editable=False, help_text="Of a video, or of an animation once. Empty: it does not move."
    )
    size = models.PositiveIntegerField("bytes", default=0, editable=False)
    sha256 = models.CharField("SHA-256", max_length=64, unique=True, editable=False)
    is_decoded = models.BooleanField(
        "decoded", default=False, editable=False, help_text="A program that shows it could decode it at the upload."
    )
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField("uploaded at", default=timezone.now, editable=False)

    class Meta:
        verbose_name = "picture or video"
        verbose_name_plural = "pictures and videos"
        ordering: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_video(self) -> bool:
        """Return whether it is a video, which may have sound."""
        return self.kind in VIDEOS

    @property
    def file_name(self) -> str:
        """Return the name of its file in media storage. Nothing of the uploaded name is in it."""
        return f"shown/{self.sha256}.{'png' if self.kind == MediaKind.APNG else self.kind}"

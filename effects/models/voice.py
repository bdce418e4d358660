"""Sounds, and how the voice speaks."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils import timezone

from economy.models import MAX_PRICE, Viewer

one_word = RegexValidator(r"^[\w-]+\Z", "One word: letters, digits, - and _.")


class Sound(models.Model):
    """A sound that viewers play and effects name. `effects.media.sounds.store` inspected its file at the upload."""

    name = models.CharField(max_length=40, unique=True, validators=[one_word])
    aliases = models.CharField(max_length=200, blank=True, help_text="Other names for it, separated by spaces.")
    file = models.FileField(upload_to="sounds", max_length=200, help_text="wav, mp3, ogg or opus.")
    volume = models.FloatField(default=1.0, validators=[MinValueValidator(0.0), MaxValueValidator(1.0)])
    cost = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(MAX_PRICE)],
        help_text="Points. Blank: what the redeem “sound” costs.",
    )
    enabled = models.BooleanField(default=True, help_text="Off: viewers can't play it; effects still can.")
    content_type = models.CharField(max_length=40, editable=False)
    seconds = models.FloatField(default=0, editable=False)
    loudness = models.FloatField(default=0, editable=False, help_text="LUFS, as measured.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name


class SpeechSource(models.Model):
    """How speech from one source begins. `effects.voice.speech.SOURCES` lists the sources."""

    name = models.CharField(max_length=20, primary_key=True, help_text="redeem, level, tip, wheel or system.")
    prefix = models.CharField(max_length=100, blank=True, help_text="Spoken before the text; {user} is filled in.")
    pre_sound = models.ForeignKey(
        Sound, models.SET_NULL, null=True, blank=True, help_text="Blank: the one of the settings."
    )
    silent = models.BooleanField("no sound before it", default=False)

    class Meta:
        verbose_name = "how speech begins"
        verbose_name_plural = "how speech begins"
        ordering: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name


class ViewerVoice(models.Model):
    """The voice of one viewer's lines, chosen from TTS_VIEWER_VOICES with their first line."""

    viewer = models.OneToOneField(Viewer, models.CASCADE, primary_key=True, related_name="voice")
    voice = models.CharField(max_length=200)

    class Meta:
        ordering: ClassVar[list[str]] = ["viewer"]

    def __str__(self) -> str:
        # Without the viewer's name: Django's log of what staff changed keeps this text.
        return f"{self.voice} for viewer {self.viewer_id}"


class WordFilter(models.Model):
    """A word that is replaced before text is spoken or shown."""

    word = models.CharField(max_length=100, unique=True, help_text="A whole word, or several, in any case.")
    replacement = models.CharField(max_length=100, blank=True, help_text="Spoken and shown instead. Blank: nothing.")

    class Meta:
        ordering: ClassVar[list[str]] = ["word"]

    def __str__(self) -> str:
        return self.word

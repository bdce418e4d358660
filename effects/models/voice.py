"""What is heard: sounds, and how the voice speaks."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils import timezone

from economy.models import Viewer

one_word = RegexValidator(r"^[\w-]+\Z", "One word: letters, digits, - and _.")


class Sound(models.Model):
    """A sound that viewers play and effects name. The file was looked into when it was uploaded (`effects.sounds`)."""

    name = models.CharField(max_length=40, unique=True, validators=[one_word])
    aliases = models.CharField(max_length=200, blank=True, help_text="Other words for it, divided by spaces.")
    file = models.FileField(upload_to="sounds", max_length=200, help_text="wav, mp3, ogg or opus.")
    volume = models.FloatField(default=1.0, validators=[MinValueValidator(0.0), MaxValueValidator(1.0)])
    cost = models.PositiveIntegerField(null=True, blank=True, help_text="Points. Blank: as the redeem “sound” says.")
    enabled = models.BooleanField(default=True, help_text="Off: not for viewers; effects may still name it.")
    content_type = models.CharField(max_length=40, editable=False)
    seconds = models.FloatField(default=0, editable=False)
    loudness = models.FloatField(default=0, editable=False, help_text="LUFS, as measured.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name


class SpeechSource(models.Model):
    """How speech of one source begins."""

    name = models.CharField(max_length=20, primary_key=True, help_text="redeem, level, tip or system.")
    prefix = models.CharField(max_length=100, blank=True, help_text="Before the words; {user} is filled in.")
    pre_sound = models.ForeignKey(
        Sound, models.SET_NULL, null=True, blank=True, help_text="Blank: TTS_PRE_SOUND in .env."
    )
    silent = models.BooleanField("no sound before it", default=False)

    class Meta:
        verbose_name = "speech: how it begins"
        verbose_name_plural = "speech: how it begins"
        ordering: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name


class ViewerVoice(models.Model):
    """The voice that one viewer's lines are spoken in: chosen once, from TTS_VIEWER_VOICES."""

    viewer = models.OneToOneField(Viewer, models.CASCADE, primary_key=True, related_name="voice")
    voice = models.CharField(max_length=100)

    class Meta:
        ordering: ClassVar[list[str]] = ["viewer"]

    def __str__(self) -> str:
        return f"{self.viewer}: {self.voice}"


class WordFilter(models.Model):
    """A word that is not spoken as it was written."""

    word = models.CharField(max_length=100, unique=True, help_text="In any case; a whole word, or several.")
    replacement = models.CharField(max_length=100, blank=True, help_text="Spoken instead. Blank: nothing.")

    class Meta:
        ordering: ClassVar[list[str]] = ["word"]

    def __str__(self) -> str:
        return self.word

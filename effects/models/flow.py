"""Sequences that are saved by a name, and what the bot keeps of how sequences went on."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from pixelbot_site.kit.steps_field import EffectsField


class SavedSequence(models.Model):
    """Effects with a name, by which any list of effects has them happen (`saved`)."""

    name = models.CharField(max_length=60, unique=True, help_text="Effects name it so.")
    effects = EffectsField(blank=False, help_text="They happen in this order, wherever the sequence is named.")

    class Meta:
        verbose_name = "saved sequence"
        ordering: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name


class Turn(models.Model):
    """How often an effect took turns (`one_of`): by that, the next knows whose turn it is."""

    counter = models.CharField(max_length=64, primary_key=True)
    taken = models.PositiveBigIntegerField(default=0)
    used_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.counter}: {self.taken}"

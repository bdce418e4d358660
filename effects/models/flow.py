"""What the bot keeps of how sequences went on."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class Turn(models.Model):
    """How often an effect took turns (`one_of`): by that, the next knows whose turn it is."""

    counter = models.CharField(max_length=64, primary_key=True)
    taken = models.PositiveBigIntegerField(default=0)
    used_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.counter}: {self.taken}"

"""Redeems as the streamer sets them: a row each, its plan in `redeems/catalog/`."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Redeem(models.Model):
    """Something a viewer buys with points. Rows appear by themselves, one for each plan in the catalog."""

    key = models.CharField(max_length=40, unique=True, editable=False, help_text="The word after ! in chat.")
    title = models.CharField(max_length=100)
    cost = models.PositiveIntegerField(help_text="Points. 0 is free.")
    enabled = models.BooleanField(default=True)
    cooldown_seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text="Between two of one viewer. Blank: the default of this redeem."
    )
    global_cooldown_seconds = models.PositiveIntegerField(default=0, help_text="Between two of anybody.")

    class Meta:
        ordering: ClassVar[list[str]] = ["key"]

    def __str__(self) -> str:
        return self.title

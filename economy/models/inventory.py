"""Items that viewers have."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

from economy.models.viewers import Viewer


class Item(models.Model):
    """A thing that viewers can have, given by prizes, levels and redeems."""

    key = models.CharField(max_length=40, unique=True, validators=[RegexValidator(r"^[\w-]+\Z", "One word.")])
    name = models.CharField(max_length=100)
    description = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "items"
        ordering: ClassVar[list[str]] = ["key"]

    def __str__(self) -> str:
        return self.name


class ItemGrant(models.Model):
    """So many of an item for a viewer; less, where negative. What somebody has is the sum of these rows.

    `reference` names the cause, which gives once.
    """

    viewer = models.ForeignKey(Viewer, models.PROTECT, related_name="item_grants")
    item = models.ForeignKey(Item, models.PROTECT, related_name="grants")
    quantity = models.IntegerField(default=1)
    reference = models.CharField(max_length=300, unique=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.item} for {self.viewer}"

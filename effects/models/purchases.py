"""Purchases."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from economy.models import Transaction, Viewer


class Purchase(models.Model):
    """A redeem that a viewer bought, and what was taken for it. Every queue item that results from it points here.

    `cooldowns`: the cooldowns that the purchase began, as `{key: ISO 8601 time of its end}`. A refund ends these and no
    others. `refunded_at`: set by the first item that is refunded, so that a sequence is refunded once.
    """

    viewer = models.ForeignKey(Viewer, models.PROTECT, related_name="purchases")
    redeem = models.CharField(
        max_length=41,  # of a command: its word, and the ! before it
        blank=True,
        help_text="The redeem's key. Blank: an old purchase.",
    )
    payment = models.OneToOneField(
        Transaction,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="purchase",
        help_text="Given back if it does not happen. Blank: it cost nothing.",
    )
    took_stock = models.BooleanField(default=False)
    cooldowns = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    refunded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["redeem", "created_at"], name="purchase_redeem"),
        ]

    def __str__(self) -> str:
        return f"{self.redeem or 'purchase'} {self.pk}"

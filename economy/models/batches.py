"""Batches: the same change for many viewers."""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.utils import timezone

from economy.models.viewers import STAFF_MAX


class Currency(models.TextChoices):
    """What a batch changes."""

    POINTS = "points", "points"
    XP = "xp", "XP"


class Operation(models.TextChoices):
    """What a batch does with each balance."""

    ADD = "add"
    SUBTRACT = "subtract"
    SET = "set"
    REVERSE = "reverse", "reverse another batch"


class BatchState(models.TextChoices):
    """A batch is previewed, then runs once."""

    PREVIEW = "preview"
    RUNNING = "running"
    DONE = "done"


class Batch(models.Model):
    """The same change for many viewers. Its id is in the reference of every row that it writes.

    `target`: {} for all viewers, or the keys of `economy.batches.target.Target`. `cursor`: the last viewer who is done.
    """

    key = models.UUIDField(unique=True, default=uuid4, editable=False, help_text="Sent twice, it runs once.")
    currency = models.CharField(max_length=6, choices=Currency.choices)
    operation = models.CharField(max_length=8, choices=Operation.choices)
    amount = models.BigIntegerField(default=0)
    target = models.JSONField(default=dict, blank=True)
    skips = models.BooleanField(
        default=False, help_text="Who has too little is left out. Otherwise such a balance becomes zero."
    )
    reason = models.CharField(max_length=200, blank=True)
    by = models.CharField(max_length=STAFF_MAX, blank=True)
    reverses = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="reversed_by")
    state = models.CharField(max_length=8, choices=BatchState.choices, default=BatchState.PREVIEW)
    total = models.PositiveBigIntegerField(default=0, help_text="Viewers aimed at.")
    done = models.PositiveBigIntegerField(default=0, help_text="Viewers looked at so far.")
    success = models.PositiveBigIntegerField(default=0)
    failed = models.PositiveBigIntegerField(default=0)
    changed = models.BigIntegerField(default=0, help_text="Points or XP minted; destroyed where negative.")
    level_ups = models.PositiveBigIntegerField(default=0)
    cursor = models.BigIntegerField(default=0)
    last = models.BigIntegerField(default=0, help_text="The newest viewer when it began: later ones are left out.")
    lease_until = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "batches"
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        return f"batch {self.pk}: {self.operation} {self.amount or ''} {self.get_currency_display()}".replace("  ", " ")

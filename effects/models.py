"""What happens on the stream: queue items in their lanes, and the overlays that show them."""

from __future__ import annotations

import secrets
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from economy.models import Transaction, Viewer


class State(models.TextChoices):
    """Where a queue item is on its way: pending → running → done or failed."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class QueueItem(models.Model):
    """One effect that waits, runs, is done, or failed, in a lane.

    While an item runs, `lease_until` is the moment by which it must have got further; past it, `queue.rescue` takes
    over. `told_at`: the overlays were told; `playing_at`: one of them said that it began.
    """

    kind = models.CharField(max_length=40)
    lane = models.CharField(max_length=40)
    payload = models.JSONField(default=dict)
    title = models.CharField(max_length=200, blank=True)
    viewer = models.ForeignKey(Viewer, models.PROTECT, null=True, blank=True, related_name="queue_items")
    payment = models.OneToOneField(
        Transaction,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="queue_item",
        help_text="Given back on failure.",
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    result = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    playing_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["lane", "state", "id"], name="queue_next")]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # What a lane means, kept by the database itself whoever the workers are.
            models.UniqueConstraint(fields=["lane"], condition=Q(state="running"), name="one_running_item_in_a_lane"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}: {self.title}"


def new_secret() -> str:
    """Enough randomness that nobody finds an overlay by trying."""
    return secrets.token_urlsafe(24)


class Overlay(models.Model):
    """A page that OBS shows as a Browser Source. Whoever knows its address sees and hears it."""

    name = models.CharField(max_length=60, unique=True, default="Main")
    secret = models.CharField(max_length=64, unique=True, default=new_secret, editable=False)
    shows_alerts = models.BooleanField(
        default=True,
        help_text="Tips, followers, subscriptions, raids: a line in the corner. Off: only voice and effects.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The page's path, with its secret."""
        return reverse("overlay", args=[self.secret])

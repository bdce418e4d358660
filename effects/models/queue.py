"""The queue."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from economy.models import STAFF_MAX, Viewer
from effects.models.purchases import Purchase


class State(models.TextChoices):
    """Where a queue item is on its way: waiting (for approval) → pending → running → one of the ends."""

    WAITING = "waiting", "waits for approval"
    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    EXPIRED = "expired"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


QUEUED = (State.WAITING, State.PENDING)  # not begun yet
UNFINISHED = (*QUEUED, State.RUNNING)  # may still happen
DROPPED = (State.FAILED, State.EXPIRED, State.SKIPPED, State.CANCELLED)  # ended without having happened
ENDED = (State.DONE, *DROPPED)  # nothing changes these any more


class Lane(models.Model):
    """What the streamer set for a lane. A lane without a row has never been paused."""

    name = models.CharField(max_length=40, primary_key=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_by = models.CharField(max_length=STAFF_MAX, blank=True)

    def __str__(self) -> str:
        return f"{self.name}: {'paused' if self.paused_at else 'runs'}"


class QueueItem(models.Model):
    """One effect that waits, runs, is done, or did not happen, in a lane.

    While an item runs, `lease_until` is the moment by which it must have got further; past it, `rescue` takes over.
    `told_at`: the overlays were told; `playing_at`: one of them said that it began. `sequel`: the effects that come
    after it (`run_effects`).
    """

    kind = models.CharField(max_length=40)
    lane = models.CharField(max_length=40, blank=True)
    payload = models.JSONField(default=dict)
    sequel = models.JSONField(default=list, blank=True)
    title = models.CharField(max_length=200, blank=True)
    viewer = models.ForeignKey(Viewer, models.PROTECT, null=True, blank=True, related_name="queue_items")
    purchase = models.ForeignKey(
        Purchase,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="items",
        help_text="What the viewer bought; blank: nobody bought it.",
    )
    part_of = models.CharField(
        max_length=100, blank=True, help_text="What it belongs to, for the viewer to be told if it does not happen."
    )
    priority = models.IntegerField(default=0, help_text="Higher ones go first.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    by = models.CharField(max_length=STAFF_MAX, blank=True, help_text="Who of the staff decided on it last.")
    created_at = models.DateTimeField(default=timezone.now)
    approved_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="What has not begun by then does not happen.")
    started_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    playing_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True, db_index=True)

    # What preparing and performing it made.
    is_prepared = models.BooleanField(default=False, help_text="Its slow part was done while another one played.")
    caption = models.TextField(blank=True, help_text="The words that the overlays show with speech.")
    speech_text = models.TextField(blank=True, help_text="The words as they are spoken.")
    speech_file = models.CharField(max_length=200, blank=True, help_text="Blank: no WAV was made, or it is deleted.")
    speech_seconds = models.FloatField(default=0)
    is_spoken_by_page = models.BooleanField(default=False, help_text="The overlay's browser speaks.")
    saved_path = models.TextField(blank=True, help_text="Where OBS saved the clip or the recording.")
    # What the overlays were told.
    overlay_message = models.JSONField(default=dict, blank=True)
    overlay_seconds = models.FloatField(default=0, help_text="How long the overlays take for it.")

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["lane", "state", "-priority", "id"], name="queue_next"),
            models.Index(fields=["expires_at"], condition=Q(state__in=["waiting", "pending"]), name="queue_stale"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # What a lane means, kept by the database itself whoever the workers are.
            # (What is instant has no lane, and may be inside of one another.)
            models.UniqueConstraint(
                fields=["lane"], condition=Q(state="running") & ~Q(lane=""), name="one_running_item_in_a_lane"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}: {self.title}"

    @property
    def redeem(self) -> str:
        """The key of the redeem that the viewer bought; "" where nobody bought anything."""
        return self.purchase.redeem if self.purchase else ""

    @property
    def reason(self) -> str:
        """Why it did not happen: of a traceback, the last line, which says what it was."""
        return self.error.strip().rpartition("\n")[2]


# The fields that a performer sets on its item; they are stored with what came of it.
MADE = (
    "caption",
    "speech_text",
    "speech_file",
    "speech_seconds",
    "is_spoken_by_page",
    "saved_path",
)


class Deed(models.Model):
    """What somebody of the staff did with an item."""

    item = models.ForeignKey(QueueItem, models.CASCADE, related_name="deeds")
    by = models.CharField(max_length=STAFF_MAX)
    what = models.CharField(max_length=100)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.by}: {self.what}"

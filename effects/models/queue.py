"""The queue: lanes, items, and what staff did with them."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from economy.models import STAFF_MAX, Viewer
from effects.models.purchases import Purchase


class State(models.TextChoices):
    """A queue item's state: waiting (for approval) → pending → running → one of the five ends."""

    WAITING = "waiting", "waits for approval"
    PENDING = "pending"  # the worker may take it
    RUNNING = "running"  # a worker or an overlay has it, under a lease
    DONE = "done"
    FAILED = "failed"  # something went wrong
    EXPIRED = "expired"  # nobody approved it, or nothing began it, in time
    SKIPPED = "skipped"  # staff stopped it while it ran, or newer lines of the bot took its place
    CANCELLED = "cancelled"  # staff took it out before it ran


QUEUED = (State.WAITING, State.PENDING)  # not begun yet
UNFINISHED = (*QUEUED, State.RUNNING)  # may still happen
DROPPED = (State.FAILED, State.EXPIRED, State.SKIPPED, State.CANCELLED)  # ended without having happened
ENDED = (State.DONE, *DROPPED)  # nothing changes these any more


class Lane(models.Model):
    """A lane's pause. A lane without a row has never been paused."""

    name = models.CharField(max_length=150, primary_key=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_by = models.CharField(max_length=STAFF_MAX, blank=True)

    def __str__(self) -> str:
        return f"{self.name}: {'paused' if self.paused_at else 'runs'}"


class QueueItem(models.Model):
    """One effect in a lane: waiting, running, or ended.

    `lease_until`: while the item runs, the time by which it must have made progress; after it, `rescue` takes over.
    `told_at`: when the overlays were sent the message; `received_at`, `playing_at`: when one of them
    reported that it has it, and that it began. `sequel`: the
    effects that come after this one (`run_effects`).
    """

    kind = models.CharField(max_length=40)
    lane = models.CharField(max_length=150, blank=True)
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
        help_text="The purchase it belongs to. Blank: nobody bought it.",
    )
    part_of = models.CharField(
        max_length=100, blank=True, help_text="What it belongs to; the viewer reads this if it does not happen."
    )
    priority = models.IntegerField(default=0, help_text="Higher ones go first.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    by = models.CharField(max_length=STAFF_MAX, blank=True, help_text="The member of staff who last decided on it.")
    tried_by = models.CharField(
        max_length=STAFF_MAX, blank=True, help_text="The member of staff who tries it. Blank: it is no test."
    )
    # Null where there is nothing to say: so the columns were added without writing every row anew.
    event = models.CharField(  # noqa: DJ001
        max_length=100, null=True, blank=True, help_text="The event that set it off, by its uid. Blank: none did."
    )
    channel_id = models.CharField(  # noqa: DJ001
        max_length=100, null=True, blank=True, help_text="Joystick's id of the channel that it is for. Blank: of none."
    )
    is_follow_up = models.BooleanField(
        null=True, help_text="It came of another item: as the next of a sequence, or by doing one again."
    )
    is_own = models.BooleanField(null=True, editable=False)  # of the bot by itself: of a reaction, a level, the wheel
    # While it waits and more of its kind may be added (`effects.queue.folding`): what these have in common, how often
    # it was changed, and what was added up.
    fold_key = models.CharField(max_length=64, null=True, editable=False)  # noqa: DJ001
    folded = models.PositiveIntegerField(null=True, editable=False)
    fold = models.JSONField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    approved_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(
        null=True, blank=True, help_text="It does not begin before. Blank: it is due at once."
    )
    expires_at = models.DateTimeField(null=True, blank=True, help_text="If it has not begun by then, it expires.")
    started_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(null=True, blank=True)
    playing_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True, db_index=True)

    # Set while the item is prepared and performed.
    is_prepared = models.BooleanField(default=False, help_text="Its slow part was done while another item played.")
    caption = models.TextField(blank=True, help_text="The text that the overlays show with speech.")
    speech_text = models.TextField(blank=True, help_text="The text as it is spoken.")
    speech_file = models.CharField(max_length=200, blank=True, help_text="Blank: there is no WAV (any more).")
    speech_seconds = models.FloatField(default=0)
    is_spoken_by_page = models.BooleanField(default=False, help_text="The overlay's browser speaks.")
    saved_path = models.TextField(blank=True, help_text="Where OBS saved the clip or the recording.")
    # Set when the overlays get their message.
    overlay_message = models.JSONField(default=dict, blank=True)
    overlay_seconds = models.FloatField(default=0, help_text="How long the overlays need for it.")

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["lane", "state", "-priority", "id"], name="queue_next"),
            models.Index(fields=["expires_at"], condition=Q(state__in=["waiting", "pending"]), name="queue_stale"),
            models.Index(fields=["due_at"], condition=Q(state="pending", due_at__isnull=False), name="queue_due"),
            models.Index(fields=["fold_key"], condition=Q(fold_key__isnull=False), name="queue_fold"),
            # For what came of the newest events. Most items have none, or are old.
            models.Index(fields=["event"], condition=Q(event__isnull=False), name="queue_of_event"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # One item at a time in a lane: two workers that claim at once can't both succeed. Instant effects have no
            # lane, and one may run inside another.
            models.UniqueConstraint(
                fields=["lane"], condition=Q(state="running") & ~Q(lane=""), name="one_running_item_in_a_lane"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}: {self.title}"

    @property
    def is_test(self) -> bool:
        """Return whether staff only try it: it gives nothing, says nothing in chat, and belongs to no viewer."""
        return bool(self.tried_by)

    @property
    def is_earned(self) -> bool:
        """Return whether nobody bought or won it: what it gives is earned, as what a reaction gives."""
        return self.purchase is None and not self.part_of

    @property
    def due_in(self) -> int | None:
        """Return in how many seconds it is due, where it is meant to wait; None where it is due now."""
        if self.due_at is None or self.state != State.PENDING:
            return None
        seconds = math.ceil((self.due_at - timezone.now()).total_seconds())
        return seconds if seconds > 0 else None

    @property
    def username(self) -> str:
        """Return the viewer's name, in a test the name of who tries it; "" where there is neither."""
        return self.viewer.username if self.viewer else self.tried_by

    @property
    def redeem(self) -> str:
        """Return the key of the redeem that the viewer bought; "" where nobody bought anything."""
        return self.purchase.redeem if self.purchase else ""

    @property
    def made(self) -> dict[str, Any]:
        """Return the fields that performing it set, with their values."""
        return {name: getattr(self, name) for name in MADE}

    @property
    def reason(self) -> str:
        """Return in one line why it did not happen."""
        # The last line of a traceback names the error.
        return self.error.strip().rpartition("\n")[2]


# The fields that performing an item may set; they are stored together with its new state.
MADE = (
    "caption",
    "speech_text",
    "speech_file",
    "speech_seconds",
    "is_spoken_by_page",
    "saved_path",
)


class Deed(models.Model):
    """What a member of staff did with an item."""

    MAX_WHAT = 100

    item = models.ForeignKey(QueueItem, models.CASCADE, related_name="deeds")
    by = models.CharField(max_length=STAFF_MAX)
    what = models.CharField(max_length=MAX_WHAT)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.by}: {self.what}"

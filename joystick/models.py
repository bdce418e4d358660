"""What came from Joystick, and how we stand with it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone


class Install(models.Model):
    """The bot on one channel."""

    channel_id = models.CharField(
        max_length=100, unique=True, help_text="Joystick's id of the channel; survives renames."
    )
    username = models.CharField(max_length=100, blank=True, help_text="The streamer, as last seen.")
    created_at = models.DateTimeField(default=timezone.now)
    last_event_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]

    def __str__(self) -> str:
        return self.username or self.channel_id


class InboundState(models.TextChoices):
    """What became of an event."""

    HANDLED = "handled"
    FAILED = "failed", "failed: see the error"
    UNREADABLE = "unreadable", "not understood"


class InboundEvent(models.Model):
    """One thing that Joystick told us, as it came. A `uid` is stored, and acted on, once."""

    uid = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=100, db_index=True)
    channel_id = models.CharField(max_length=100, blank=True)
    username = models.CharField(max_length=100, blank=True)
    text = models.TextField(blank=True)
    state = models.CharField(max_length=12, choices=InboundState.choices, default=InboundState.HANDLED)
    error = models.TextField(blank=True)
    raw = models.TextField(help_text="The frame, as it came.")
    occurred_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.username}".strip()


class Connection(models.Model):
    """The one line to Joystick's gateway: who holds it, and how it is. A single row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    state = models.CharField(max_length=20, default="off")
    detail = models.CharField(max_length=300, blank=True)
    since = models.DateTimeField(default=timezone.now)
    last_frame_at = models.DateTimeField(null=True, blank=True)
    holder = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "connection"

    def __str__(self) -> str:
        return f"gateway: {self.state}"

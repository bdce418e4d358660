"""Where things are shown: overlays, and OBS."""

from __future__ import annotations

import secrets
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone


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


class OBSConnection(models.Model):
    """Where OBS is. A single row; what is blank in it comes from `.env`. The password is encrypted."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    enabled = models.BooleanField(null=True, blank=True, help_text="Unknown: as OBS_ENABLED in .env says.")
    host = models.CharField(max_length=200, blank=True, help_text="Blank: OBS_HOST in .env.")
    port = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(65535)],
        help_text="Blank: OBS_PORT in .env.",
    )
    password = models.TextField(blank=True, editable=False)

    class Meta:
        verbose_name = "OBS connection"
        verbose_name_plural = "OBS connection"

    def __str__(self) -> str:
        return "OBS connection"


class Revert(models.Model):
    """Something that OBS shall be told later: the way back from a scene, or a source that shall vanish again.

    A row, so that it happens after a restart of the bot, too. `key`: a second switch of the same thing replaces when,
    not what.
    """

    key = models.CharField(max_length=500, unique=True)
    request = models.CharField(max_length=60)
    data = models.JSONField(default=dict)
    ours = models.JSONField(default=dict, help_text="What we had set: where it is not so any more, it is let be.")
    wanted_at = models.DateTimeField()
    due_at = models.DateTimeField(db_index=True, help_text="The next try; at first, when it is wanted.")

    def __str__(self) -> str:
        return f"{self.key} at {self.due_at:%H:%M:%S}"

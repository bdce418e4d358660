"""Overlays, and OBS."""

from __future__ import annotations

import secrets
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone


def new_secret() -> str:
    """Return a random path segment of 192 bits, which nobody can guess."""
    return secrets.token_urlsafe(24)


class Theme(models.TextChoices):
    """How an overlay looks: blocks of variables in `effects/static/effects/overlay/themes.css`."""

    CALM = "calm", "Calm: soft and dark"
    NEON = "neon", "Neon: bright lines on black"
    PAPER = "paper", "Paper: ink, written by hand"
    CANDY = "candy", "Candy: round and pink"
    ARCADE = "arcade", "Arcade: squares and hard edges"
    NEWS = "news", "News: a bar across the screen"


class Format(models.TextChoices):
    """The shape of an overlay, and with it the places at which its widgets are at first."""

    WIDE = "wide", "1080p, wide: 1920 × 1080"
    VERTICAL = "vertical", "Vertical: 1080 × 1920"


class Overlay(models.Model):
    """A page that OBS shows as a Browser Source. Anybody who knows its address sees and hears it."""

    name = models.CharField(max_length=60, unique=True, default="Main")
    secret = models.CharField(max_length=64, unique=True, default=new_secret, editable=False)
    theme = models.CharField(max_length=20, choices=Theme.choices, default=Theme.CALM)
    format = models.CharField(
        max_length=20,
        choices=Format.choices,
        default=Format.WIDE,
        help_text="Give the Browser Source in OBS this width and height.",
    )
    sound = models.BooleanField(
        default=True,
        help_text="Of its open pages, one is heard. Off: none. Two overlays with sound that are both in OBS are both "
        "heard.",
    )
    channel_id = models.CharField(
        "channel",
        max_length=100,
        blank=True,
        help_text="Whose alerts, speech and figures it shows. Blank: those of every channel that has no overlay of its "
        "own.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]

    def __str__(self) -> str:
        return self.name

    def page_path(self) -> str:
        """Return the page's path, with its secret."""
        # Not get_absolute_url: by /admin/r/ Django's admin shows that of any row to all staff.
        return reverse("overlay", args=[self.secret])


def _percent(help_text: str, default: float) -> models.FloatField[float, float]:
    limits = [MinValueValidator(0), MaxValueValidator(100)]
    return models.FloatField(default=default, validators=limits, help_text=help_text)


class OverlayWidget(models.Model):
    """A part of an overlay: what it is, and where. The kinds are in `effects/overlays/widgets/`."""

    overlay = models.ForeignKey(Overlay, models.CASCADE, related_name="widgets")
    kind = models.CharField(max_length=40)
    name = models.SlugField(max_length=40, help_text="Its address below the overlay's, to show it alone.")
    enabled = models.BooleanField("shown", default=True)
    x = _percent("Percent of the overlay's width, from the left.", 0)
    y = _percent("Percent of the overlay's height, from the top.", 0)
    width = _percent("Percent of the overlay's width.", 100)
    height = _percent("Percent of the overlay's height.", 100)
    order = models.SmallIntegerField(default=0, help_text="Higher ones cover lower ones.")
    scale = models.FloatField(
        default=1,
        validators=[MinValueValidator(0.25), MaxValueValidator(4)],
        help_text="The size of what is in it, of its letters too: 1 is as designed.",
    )
    options = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = "widget"
        ordering: ClassVar[list[str]] = ["order", "id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["overlay", "name"], name="one_widget_of_a_name_in_an_overlay"),
        ]

    def __str__(self) -> str:
        return self.name


class OverlayPage(models.Model):
    """A page of an overlay that is connected now. After `until` it counts as gone: its process died."""

    channel = models.CharField(max_length=200, primary_key=True)
    overlay = models.ForeignKey(Overlay, models.CASCADE, related_name="pages")
    widget = models.CharField(max_length=40, blank=True, help_text="The one that it shows alone. Blank: all.")
    in_obs = models.BooleanField(default=False, help_text="OBS shows it, not another browser.")
    may_sound = models.BooleanField(default=True, help_text="Its browser lets it play sound without a click.")
    since = models.DateTimeField()
    until = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.overlay} since {self.since:%H:%M:%S}"


class OBSConnection(models.Model):
    """Where OBS is: a single row. What is blank in it comes from `.env`. The password is encrypted."""

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
    """A change in OBS to undo later: a scene to switch back from, a source to hide again.

    It is a row, so that it happens after a restart of the bot too. `key` names what was changed: changing it again
    before the undo is due only moves the due time.
    """

    key = models.CharField(max_length=500, unique=True)
    request = models.CharField(max_length=60)
    data = models.JSONField(default=dict)
    collection = models.CharField(
        max_length=255, default="", help_text="OBS's scene collection when it was changed. In another it is let be."
    )
    ours = models.JSONField(default=dict, help_text="What the bot had set. If it was changed since, it stays.")
    wanted_at = models.DateTimeField()
    due_at = models.DateTimeField(db_index=True, help_text="When to try next; at first the same as wanted at.")

    def __str__(self) -> str:
        return f"{self.key} at {self.due_at:%H:%M:%S}"

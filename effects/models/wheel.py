"""The prize wheel."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils import timezone

from economy.models import Viewer
from effects.models.queue import QueueItem
from pixelbot_site.kit.steps_field import EffectsField
from pixelbot_site.kit.words import KnownWords


class Prize(models.Model):
    """A slice of the wheel. Its chance is its weight divided by the weights of all prizes that can be won."""

    name = models.CharField(max_length=60, unique=True)
    weight = models.PositiveIntegerField(default=10, validators=[MinValueValidator(1), MaxValueValidator(1_000_000)])
    colour = models.CharField(
        max_length=7, default="#7c4dff", validators=[RegexValidator(r"^#[0-9a-fA-F]{6}\Z", "A colour like #7c4dff.")]
    )
    stock = models.PositiveIntegerField(null=True, blank=True, help_text="How many are left. Blank: no limit.")
    per_viewer_limit = models.PositiveIntegerField(
        null=True, blank=True, help_text="How often one viewer may win it. Blank: no limit."
    )
    line = models.CharField(
        max_length=200,
        blank=True,
        validators=[KnownWords("user", "prize")],
        help_text="Said in chat; {user} and {prize} are filled in. Blank: one of the wheel's lines.",
    )
    effects = EffectsField(
        validators=[KnownWords("user", "prize")],
        help_text="What the winner gets, one after another. None: only the line.",
    )
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]

    def __str__(self) -> str:
        return self.name


class Spin(models.Model):
    """A draw, stored before the wheel is shown. The prize stays the same even if the show is repeated or fails.

    `odds`: every prize that could be won at that moment, as `[{"id", "name", "weight", "colour"}, …]`. `effects` and
    `line` are copies: the prize may be changed or deleted while the wheel spins.
    """

    item = models.OneToOneField(QueueItem, models.SET_NULL, null=True, related_name="spin")
    viewer = models.ForeignKey(Viewer, models.PROTECT, null=True, blank=True, related_name="spins")
    prize = models.ForeignKey(Prize, models.SET_NULL, null=True, blank=True, related_name="spins")
    prize_name = models.CharField(max_length=60)
    odds = models.JSONField()
    effects = models.JSONField(default=list, blank=True)
    line = models.CharField(max_length=200, blank=True)
    drawn_at = models.DateTimeField(default=timezone.now, db_index=True)
    paid_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        return f"{self.prize_name} for {self.viewer or 'nobody'}"


class WheelLine(models.Model):
    """A line said when the wheel begins or when a prize is won; one of several is chosen at random."""

    class When(models.TextChoices):
        """The moment at which a line is said."""

        SPIN = "spin", "the wheel begins"
        PRIZE = "prize", "a prize is won"

    when = models.CharField(max_length=5, choices=When.choices)
    text = models.CharField(
        max_length=200,
        validators=[KnownWords("user", "prize")],
        help_text="{user} is filled in, and {prize} when a prize is won.",
    )
    spoken = models.BooleanField(default=True, help_text="Spoken by the voice too. Off: only in chat.")
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]

    def __str__(self) -> str:
        return self.text

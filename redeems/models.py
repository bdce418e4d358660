"""The streamer's settings of redeems. What a redeem does is in `redeems/catalog/`, or in the row's effects."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from economy.models import MAX_COOLDOWN, MAX_PRICE
from economy.settings_table import PointsSettings
from economy.viewers.roles import Role
from pixelbot_site.kit import phrases
from pixelbot_site.kit.steps_field import EffectsField


class Pricing(models.TextChoices):
    """What the cost is multiplied by."""

    FIXED = "fixed", "each time"
    CHARACTER = "character", "each character of the text"
    SECOND = "second", "each second that it lasts"


FREE = phrases.answer("price.free", "free")
PRICES = {
    Pricing.FIXED: phrases.answer("price.fixed", "{amount}"),
    Pricing.CHARACTER: phrases.answer("price.character", "{amount} per character"),
    Pricing.SECOND: phrases.answer("price.second", "{amount} per second"),
}


class Approval(models.TextChoices):
    """The viewers whose purchases wait until staff approve them."""

    NONE = "none", "nobody's"
    FIRST = "first", "of viewers who never had one approved"
    ALWAYS = "always", "everybody's"


class Redeem(models.Model):
    """Something that a viewer buys with points.

    Each entry of the catalog has a row, created at the start; the streamer adds others, made of effects.
    """

    key = models.CharField(
        max_length=40,
        unique=True,
        validators=[RegexValidator(r"^[\w]+\Z", "One word.")],
        help_text="The word after ! in chat.",
    )
    title = models.CharField(max_length=100)
    cost = models.PositiveIntegerField(
        default=0, validators=[MaxValueValidator(MAX_PRICE)], help_text="Points. 0 is free."
    )
    pricing = models.CharField("the cost is for", max_length=9, choices=Pricing.choices, default=Pricing.FIXED)
    enabled = models.BooleanField(default=True)
    live_only = models.BooleanField(default=False, help_text="Only while the channel is live.")

    cooldown_seconds = models.PositiveIntegerField(
        "pause of each viewer",
        null=True,
        blank=True,
        validators=[MaxValueValidator(MAX_COOLDOWN)],
        help_text="Between two of one viewer. Blank: the default of this redeem.",
    )
    global_cooldown_seconds = models.PositiveIntegerField(
        "pause of everybody",
        default=0,
        validators=[MaxValueValidator(MAX_COOLDOWN)],
        help_text="Seconds between two of anybody.",
    )
    limit_per_stream = models.PositiveIntegerField(null=True, blank=True, help_text="Blank: no limit.")
    limit_per_viewer = models.PositiveIntegerField(
        "limit per viewer and stream", null=True, blank=True, help_text="Blank: no limit."
    )
    stock = models.PositiveIntegerField(null=True, blank=True, help_text="How many there are left. Blank: no end.")
    least_role = models.PositiveSmallIntegerField("for", choices=Role.choices, default=Role.EVERYONE)
    least_level = models.PositiveIntegerField("from level", default=1, help_text="The level that a viewer needs.")
    needs_text = models.BooleanField(
        "needs words", default=False, help_text="Without words after the command it is refused."
    )

    approval = models.CharField("wait for approval", max_length=6, choices=Approval.choices, default=Approval.NONE)
    priority = models.IntegerField(
        default=0,
        validators=[MinValueValidator(-1000), MaxValueValidator(1000)],
        help_text="In its lane, higher ones go first.",
    )

    effects = EffectsField(
        help_text="What happens, one after the other; {user} and {text} are filled in. "
        "None: what this redeem does by itself."
    )
    choices = models.TextField(
        blank=True,
        help_text="For “scene” and “source”: what viewers may choose, one a line; sources as Scene/Source.",
    )
    seconds = models.PositiveIntegerField(
        default=15,
        validators=[MaxValueValidator(3600)],
        help_text="For “scene” and “source”: then back again. 0: it stays.",
    )
    voice = models.CharField(max_length=200, blank=True, help_text="For spoken ones. Blank: as in the settings.")
    rate = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(50), MaxValueValidator(500)], help_text="Words a minute."
    )
    volume = models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(0), MaxValueValidator(1)], help_text="From 0 to 1."
    )

    class Meta:
        ordering: ClassVar[list[str]] = ["key"]

    def __str__(self) -> str:
        return self.title

    def price(self, *, in_words: bool = False) -> str:
        """Return what it costs: `25`, `2 per character` or `free`; in words, `25 points`."""
        if not self.cost:
            return FREE()
        amount = PointsSettings.current().amount(self.cost) if in_words else str(self.cost)
        return PRICES[Pricing(self.pricing)](amount=amount)

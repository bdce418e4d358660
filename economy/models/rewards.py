"""What levels bring, and what holds earning back."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from pixelbot_site.kit.steps_field import EffectsField
from pixelbot_site.kit.words import KnownWords

# Points: the largest price, and the largest reward. Times the characters of the longest line, it is the ledger's limit.
MAX_PRICE = 10**9
# Seconds: a year.
MAX_COOLDOWN = 31_536_000


class LevelReward(models.Model):
    """What a viewer gets on reaching a level, once."""

    level = models.PositiveIntegerField(validators=[MinValueValidator(1)])
    repeats = models.BooleanField(
        "every so many levels", default=False, help_text="Not only this level, but all its multiples: 5, 10, 15, …"
    )
    points = models.PositiveIntegerField(default=0, validators=[MaxValueValidator(MAX_PRICE)])
    line = models.CharField(
        max_length=200,
        blank=True,
        default="{user} reached level {level}!",
        validators=[KnownWords("user", "level")],
        help_text="Said in chat; {user} and {level} are filled in. Blank: nothing is said.",
    )
    spoken = models.BooleanField(default=True, help_text="The line is spoken on the stream, too.")
    effects = EffectsField(
        validators=[KnownWords("user", "level")],
        help_text="What else happens, one after the other. {user} and {level} are filled in.",
    )
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["level", "repeats"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["level", "repeats"],
                name="one_reward_for_a_level",
                violation_error_message="There is a reward for this level already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{'every' if self.repeats else 'level'} {self.level}: {self.points} points"


class GivenReward(models.Model):
    """A level's reward that a viewer was given, once. `reference` is `level:LEVEL:RULE:VIEWER`, the last two ids."""

    reference = models.CharField(max_length=100, primary_key=True)
    given_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.reference


class DailyTotal(models.Model):
    """What a viewer earned today from a source that has a daily cap. Rows of other days are swept away."""

    key = models.CharField(max_length=120, primary_key=True)
    amount = models.BigIntegerField()
    day = models.DateField(db_index=True)

    def __str__(self) -> str:
        return f"{self.key}: {self.amount}"


class Cooldown(models.Model):
    """Something that may not happen again before `until`. Expired rows are swept away."""

    key = models.CharField(max_length=300, primary_key=True)
    until = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.key} until {self.until:%H:%M:%S}"

    @classmethod
    def of_name(cls, key: str) -> models.QuerySet[Cooldown]:
        """Return those of the viewer with that key. Those of earning end in an id, which a name may look like."""
        return cls.objects.filter(key__endswith=f":{key}").exclude(key__endswith=f":viewer:{key}")

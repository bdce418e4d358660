"""What the streamer adds to chat: commands of their own, counters and quotes."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils import timezone

from economy.models import KEY_MAX, MAX_COOLDOWN, MAX_PRICE, USERNAME_MAX, Viewer, viewer_key
from economy.viewers.roles import Role
from pixelbot_site.kit.steps_field import EffectsField
from pixelbot_site.kit.words import KnownWords

# The words that a command's texts know besides those of every text.
COMMAND_WORDS = ("user", "text", "uses")


class CustomCommand(models.Model):
    """A command that the streamer made: its answers, its effects, and who may use it how often, for how much."""

    word = models.CharField(
        "word after !", max_length=40, unique=True, validators=[RegexValidator(r"^\w+\Z", "One word, without the !.")]
    )
    aliases = models.CharField("other words", max_length=200, blank=True, help_text="Divided by spaces, without the !.")
    answers = models.TextField(
        blank=True,
        max_length=4000,
        validators=[KnownWords(*COMMAND_WORDS)],
        help_text="One a line; one of them is said. {user}, {target}, {1} and other words are filled in.",
    )
    in_turn = models.BooleanField("answers in turn", default=False, help_text="Otherwise one is picked at random.")
    effects = EffectsField(
        validators=[KnownWords(*COMMAND_WORDS)], help_text="What happens besides, with the same words filled in."
    )
    role = models.PositiveSmallIntegerField("for", choices=Role.choices, default=Role.EVERYONE)
    min_level = models.PositiveIntegerField("from level", default=0, help_text="0: for every level.")
    cooldown_seconds = models.PositiveIntegerField(
        "pause of each viewer",
        null=True,
        blank=True,
        validators=[MaxValueValidator(MAX_COOLDOWN)],
        help_text="Seconds between two of one viewer. Blank: as in the settings.",
    )
    global_cooldown_seconds = models.PositiveIntegerField(
        "pause of everybody",
        default=0,
        validators=[MaxValueValidator(MAX_COOLDOWN)],
        help_text="Seconds between two of anybody.",
    )
    cost = models.PositiveIntegerField(
        default=0,
        validators=[MaxValueValidator(MAX_PRICE)],
        help_text="In points. They go back where an effect does not happen.",
    )
    live_only = models.BooleanField("only while live", default=False)
    is_listed = models.BooleanField("named by !help", default=True)
    enabled = models.BooleanField(default=True)
    uses = models.PositiveBigIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = "command of your own"
        verbose_name_plural = "commands of your own"
        ordering: ClassVar[list[str]] = ["word"]

    def __str__(self) -> str:
        return f"!{self.word}"


class Counter(models.Model):
    """A number that is counted in chat, such as deaths. `{counter:NAME}` tells it, `{counter:NAME+1}` counts it."""

    name = models.CharField(
        max_length=40, unique=True, validators=[RegexValidator(r"^\w+\Z", "One word of letters, digits and _.")]
    )
    value = models.BigIntegerField(default=0)
    resets = models.BooleanField("from 0 with each stream", default=False)
    reset_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"


class Count(models.Model):
    """One change of a counter, and by whom."""

    counter = models.ForeignKey(Counter, models.CASCADE, related_name="changes")
    viewer = models.ForeignKey(Viewer, models.SET_NULL, null=True, blank=True, related_name="+")
    change = models.BigIntegerField()
    value = models.BigIntegerField("then")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        return f"{self.change:+d}"


class Quote(models.Model):
    """Something that was said on the stream. While `approved` is False, `!quote` does not tell it."""

    number = models.PositiveIntegerField(unique=True, editable=False)
    text = models.CharField(max_length=300)
    viewer = models.ForeignKey(
        Viewer, models.CASCADE, null=True, blank=True, related_name="quotes", help_text="Who said it."
    )
    added_by = models.ForeignKey(Viewer, models.SET_NULL, null=True, blank=True, editable=False, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    approved = models.BooleanField(default=True, help_text="Off: !quote does not tell it.")

    class Meta:
        ordering: ClassVar[list[str]] = ["-number"]

    def __str__(self) -> str:
        return f"quote {self.number}"


class TimerGroup(models.Model):
    """Timers of which no two follow each other within some minutes."""

    name = models.CharField(max_length=40, unique=True)
    pause_minutes = models.PositiveIntegerField(
        "pause", default=10, validators=[MinValueValidator(1), MaxValueValidator(1440)],
        help_text="Minutes between two timers of the group.",
    )  # fmt: skip
    ran_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "group of timers"
        verbose_name_plural = "groups of timers"
        ordering: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name


class Timer(models.Model):
    """What the bot says or does by itself every so many minutes (`joystick.chat.timers`)."""

    name = models.CharField(max_length=60, unique=True)
    lines = models.TextField(
        "lines in chat", blank=True, max_length=4000, validators=[KnownWords()], help_text="One a line; one is said."
    )
    in_turn = models.BooleanField("lines in turn", default=True, help_text="Otherwise one is picked at random.")
    effects = EffectsField(validators=[KnownWords()], help_text="What happens besides, one after the other.")
    every_minutes = models.PositiveIntegerField(
        "every", default=15, validators=[MinValueValidator(1), MaxValueValidator(1440)], help_text="Minutes."
    )
    min_lines = models.PositiveIntegerField(
        "lines of viewers", default=5, validators=[MaxValueValidator(1000)],
        help_text="So many lines must viewers have written since the last time. Until then it waits.",
    )  # fmt: skip
    live_only = models.BooleanField("only while live", default=True)
    group = models.ForeignKey(
        TimerGroup, models.SET_NULL, null=True, blank=True, related_name="timers",
        help_text="Two of a group do not follow each other within its pause.",
    )  # fmt: skip
    enabled = models.BooleanField(default=True)
    # Kept, so that a restart neither repeats a line nor has all timers begin anew at once.
    due_at = models.DateTimeField("next", null=True, blank=True, editable=False)
    ran_at = models.DateTimeField("last", null=True, blank=True, editable=False)
    last_event = models.BigIntegerField(default=0, editable=False)
    runs = models.PositiveBigIntegerField("times", default=0, editable=False)

    class Meta:
        ordering: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name


class ShoutOut(models.Model):
    """A streamer who is shouted out with their first line of each stream: see `reactions/occasions/shout_out.py`."""

    name = models.CharField(max_length=USERNAME_MAX, help_text="Their name at Joystick.tv.")
    key = models.CharField(max_length=KEY_MAX, unique=True, editable=False)

    class Meta:
        verbose_name = "always shout out"
        verbose_name_plural = "always shout out"
        ordering: ClassVar[list[str]] = ["key"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store it with the key by which viewers are compared."""
        self.name = self.name.strip().removeprefix("@")
        self.key = viewer_key(self.name)
        super().save(*args, **kwargs)

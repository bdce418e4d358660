"""The filters of chat, and the lines that they or staff acted on."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from economy.viewers.roles import Role


class FilterKind(models.TextChoices):
    """What a filter looks for in a line."""

    LINKS = "links", "links"
    WORDS = "words", "words"
    CAPITALS = "capitals", "capitals"
    REPEATS = "repeats", "repeats within a line"
    LENGTH = "length", "long lines"
    FLOOD = "flood", "a flood of equal lines"


class FilterAction(models.TextChoices):
    """What is done about a line."""

    WARN = "warn", "tell its author"
    DELETE = "delete", "delete it"
    MUTE = "mute", "mute its author"


# By kind, what `limit` is where the row has none. The other kinds have no limit.
LIMITS = {
    FilterKind.CAPITALS: 80,
    FilterKind.REPEATS: 12,
    FilterKind.LENGTH: 400,
    FilterKind.FLOOD: 4,
}
# Moderators and the streamer are exempt from every filter.
EXEMPT = [(role.value, role.label) for role in Role if Role.FOLLOWER <= role <= Role.MODERATOR]


class ChatFilter(models.Model):
    """What shall not stand in chat, and what the bot does about it. It never blocks anybody."""

    kind = models.CharField("looks for", max_length=10, choices=FilterKind.choices)
    allowed = models.TextField(
        "allowed sites",
        blank=True,
        max_length=4000,
        help_text="For links: one a line, such as youtube.com. Their subdomains are allowed, too.",
    )
    words = models.TextField(
        blank=True,
        max_length=4000,
        help_text="For words: a word or a phrase a line, in any case. *bad* is found inside of other words, too.",
    )
    limit = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(2), MaxValueValidator(4000)],
        help_text=(
            "Capitals: from this percent of the letters. Repeats: the same character or word so often in a row. Long "
            "lines: more characters than this. Flood: the same line so often. "
            f"Blank: {', '.join(str(number) for number in LIMITS.values())}."
        ),
    )
    seconds = models.PositiveSmallIntegerField(
        default=30,
        validators=[MinValueValidator(5), MaxValueValidator(300)],
        help_text="For a flood: within so many seconds, by one viewer or by several.",
    )
    action = models.CharField("then", max_length=6, choices=FilterAction.choices, default=FilterAction.WARN)
    exempt_role = models.PositiveSmallIntegerField(
        "exempt",
        choices=EXEMPT,
        default=Role.MODERATOR,
        help_text="They, and whoever is more. Moderators and the streamer are always exempt.",
    )
    exempt_level = models.PositiveIntegerField("exempt from level", default=0, help_text="0: no level is exempt.")
    dry_run = models.BooleanField(
        default=True, help_text="Do nothing, and list under “Moderated lines” what would have been done."
    )
    enabled = models.BooleanField(default=False)

    class Meta:
        verbose_name = "chat filter"
        ordering: ClassVar[list[str]] = ["id"]

    def __str__(self) -> str:
        return f"filter of {self.get_kind_display()}"

    @property
    def limit_in_force(self) -> int:
        """Return the limit, or what it is where the row has none."""
        return self.limit if self.limit is not None else LIMITS.get(FilterKind(self.kind), 0)


class ModeratedLine(models.Model):
    """A line in chat on which a filter or somebody of the staff acted; its text and its author are in the feed."""

    event = models.CharField("the line's uid", max_length=100, db_index=True)
    filter = models.ForeignKey(ChatFilter, models.SET_NULL, null=True, blank=True, related_name="lines")
    action = models.CharField(max_length=6, choices=FilterAction.choices)
    dry_run = models.BooleanField(default=False)
    failure = models.CharField("why it was not done", max_length=300, blank=True)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name = "moderated line"
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        return f"moderated line {self.pk}"

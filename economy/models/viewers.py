"""Viewers, and what they own."""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

USERNAME_MAX = 100
KEY_MAX = 2 * USERNAME_MAX
# As long as Django's usernames.
STAFF_MAX = 150
NOTES_MAX = 5000
# What badges say of a viewer.
ROLE_FLAGS = ("is_follower", "is_subscriber", "is_moderator", "is_streamer")
FLAGS = (*ROLE_FLAGS, "is_bot")


@lru_cache(maxsize=20_000)
def viewer_key(username: str) -> str:
    """Return the case-folded username. Joystick gives viewers no other stable id."""
    return username.strip().casefold()[:KEY_MAX]  # folding may make a name longer


class Viewer(models.Model):
    """A person in chat."""

    key = models.CharField(max_length=KEY_MAX, unique=True, editable=False)
    username = models.CharField(max_length=USERNAME_MAX, help_text="As last seen.")
    first_seen_at = models.DateTimeField(default=timezone.now, editable=False)
    last_seen_at = models.DateTimeField(default=timezone.now, editable=False, db_index=True)
    is_follower = models.BooleanField("follower", default=False)
    is_subscriber = models.BooleanField("subscriber", default=False)
    is_moderator = models.BooleanField("moderator", default=False)
    is_streamer = models.BooleanField("streamer", default=False)
    is_bot = models.BooleanField("bot", default=False)
    excluded = models.BooleanField(
        null=True,
        blank=True,
        help_text="From rewards and leaderboards. Unknown: bots, the streamer, and who is in EXCLUDED_USERNAMES.",
    )
    is_unseen = models.BooleanField(
        "not on screen",
        default=False,
        db_default=False,  # viewers are also written without the ORM
        help_text="Overlays call them “somebody”, and show no line of theirs in chat.",
    )
    notes = models.TextField(blank=True, max_length=NOTES_MAX, help_text="Only staff see them.")
    tags = models.TextField(blank=True, help_text="Words to find the viewer by, separated by commas.")
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, editable=False, related_name="merged_from"
    )

    points: Points
    xp: XP

    class Meta:
        ordering: ClassVar[list[str]] = ["key"]
        indexes: ClassVar[list[models.Index]] = [  # for the dashboard's filters: few of a million may be moderators
            models.Index(fields=["-last_seen_at"], condition=Q(is_follower=True), name="viewer_follower"),
            models.Index(fields=["-last_seen_at"], condition=Q(is_subscriber=True), name="viewer_subscriber"),
            models.Index(fields=["-last_seen_at"], condition=Q(is_moderator=True), name="viewer_moderator"),
            models.Index(fields=["-last_seen_at"], condition=Q(is_streamer=True), name="viewer_streamer"),
            models.Index(fields=["-last_seen_at"], condition=Q(is_bot=True), name="viewer_bot"),
            models.Index(fields=["-last_seen_at"], condition=Q(tags__gt=""), name="viewer_tagged"),
            # For the overlays, which ask with each batch of events.
            models.Index(fields=["username"], condition=Q(is_unseen=True), name="viewer_unseen"),
            models.Index(fields=["first_seen_at"], name="viewer_first_seen"),  # for a stream's new viewers
        ]

    def __str__(self) -> str:
        return self.username


class ChannelRole(models.Model):
    """What badges say of a viewer in another channel than the first. Those of the first are the viewer's own flags."""

    viewer = models.ForeignKey(Viewer, models.CASCADE, related_name="+", db_index=False)
    channel = models.CharField(max_length=100)
    is_follower = models.BooleanField(default=False)
    is_subscriber = models.BooleanField(default=False)
    is_moderator = models.BooleanField(default=False)
    is_streamer = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["viewer", "channel"], name="one_role_in_a_channel"),
        ]

    def __str__(self) -> str:
        return f"role {self.pk}"


class ListedName(models.Model):
    """A name on one of the platform's lists: of who follows, subscribes or moderates. Its owner need not be a viewer.

    `flag`: the field of Viewer that the list says. `listed_at`: when the last fetch that found the name there began.
    """

    key = models.CharField(max_length=KEY_MAX)
    flag = models.CharField(max_length=20)
    channel = models.CharField(max_length=100)
    listed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # By this index they are looked for, too, when somebody is first seen.
            models.UniqueConstraint(fields=["key", "flag", "channel"], name="once_on_each_list"),
        ]

    def __str__(self) -> str:
        return f"{self.flag} {self.pk}"


class ForgottenName(models.Model):
    """A name that was forgotten, as a digest that does not tell it: the platform's lists bring it again."""

    digest = models.CharField(max_length=64, primary_key=True)

    def __str__(self) -> str:
        return self.digest


class Points(models.Model):
    """A viewer's balance, written by `economy.ledger.points` alone."""

    viewer = models.OneToOneField(Viewer, models.CASCADE, primary_key=True, related_name="points")
    balance = models.BigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "points"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(balance__gte=0), name="points_never_below_zero"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["-balance"], name="points_leaderboard")]

    def __str__(self) -> str:
        return f"{self.balance} points"


class XP(models.Model):
    """A viewer's experience, which is not spent, and the level it makes. Only `economy.ledger.xp` writes it.

    `rewarded_level` is the highest level whose rewards were given: who goes down and up again gets nothing twice.
    """

    viewer = models.OneToOneField(Viewer, models.CASCADE, primary_key=True, related_name="xp")
    total = models.BigIntegerField(default=0)
    level = models.PositiveIntegerField(default=1)
    rewarded_level = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = "XP"
        verbose_name_plural = "XP"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(total__gte=0), name="xp_never_below_zero"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["-total"], name="xp_leaderboard")]

    def __str__(self) -> str:
        return f"level {self.level}"


class Presence(models.Model):
    """A viewer is present, as a lease: the platform's enters and leaves come unpaired, or not at all."""

    viewer = models.OneToOneField(Viewer, models.CASCADE, primary_key=True, related_name="presence")
    since = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(db_index=True, help_text="Without another sign by then, the viewer counts as gone.")

    class Meta:
        verbose_name = "viewer here now"
        verbose_name_plural = "here now"
        ordering: ClassVar[list[str]] = ["-since"]

    def __str__(self) -> str:
        return f"{self.viewer} since {self.since:%H:%M}"


class Merge(models.Model):
    """One viewer was merged into another. What was moved is in the ledger and can be moved back."""

    source = models.ForeignKey(Viewer, models.PROTECT, related_name="merges_away")
    target = models.ForeignKey(Viewer, models.PROTECT, related_name="merges_here")
    points = models.BigIntegerField(default=0)
    xp = models.BigIntegerField("XP", default=0)
    moved = models.JSONField(default=dict, help_text="What else was moved, so that it can be moved back.")
    by = models.CharField(max_length=STAFF_MAX, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        return f"{self.source} into {self.target}"

"""Viewers and what they own: points, XP, and every change of either."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from economy.appendonly import AppendOnly

USERNAME_MAX = 100
KEY_MAX = 2 * USERNAME_MAX


def viewer_key(username: str) -> str:
    """What a viewer is known by: the case-folded username. Joystick gives viewers no other stable id."""
    return username.strip().casefold()[:KEY_MAX]  # folding may make a name longer


class Viewer(models.Model):
    """A person in chat."""

    key = models.CharField(max_length=KEY_MAX, unique=True, editable=False)
    username = models.CharField(max_length=USERNAME_MAX, help_text="As last seen.")
    first_seen_at = models.DateTimeField(default=timezone.now, editable=False)
    last_seen_at = models.DateTimeField(default=timezone.now, editable=False)

    points: Points
    xp: XP

    class Meta:
        ordering: ClassVar[list[str]] = ["key"]

    def __str__(self) -> str:
        return self.username


class Points(models.Model):
    """A viewer's balance. Only `economy.ledger` writes it."""

    viewer = models.OneToOneField(Viewer, models.CASCADE, primary_key=True, related_name="points")
    balance = models.BigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "points"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(balance__gte=0), name="points_never_below_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.balance} points"


class XP(models.Model):
    """A viewer's experience, which is not spent, and the level it makes. Only `economy.xp` writes it."""

    viewer = models.OneToOneField(Viewer, models.CASCADE, primary_key=True, related_name="xp")
    total = models.BigIntegerField(default=0)
    level = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = "XP"
        verbose_name_plural = "XP"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(total__gte=0), name="xp_never_below_zero"),
        ]

    def __str__(self) -> str:
        return f"level {self.level}"


class Kind(models.TextChoices):
    """Why a balance changed."""

    GRANT = "grant"
    SPEND = "spend"
    REFUND = "refund"
    ADJUST = "adjust"
    TRANSFER = "transfer"


class Transaction(AppendOnly):
    """One change of a viewer's points. Never edited, never deleted."""

    viewer = models.ForeignKey(Viewer, models.PROTECT, related_name="transactions")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    delta = models.BigIntegerField()
    balance_after = models.BigIntegerField()
    source = models.CharField(max_length=40, help_text="What it came from: chat, tip, follow, redeem, level, …")
    reason = models.CharField(max_length=200, blank=True)
    reference = models.CharField(max_length=300, unique=True, help_text="The cause. One cause pays once.")
    refund_of = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="refund")
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(delta=0), name="transaction_changes_something"),
            models.CheckConstraint(condition=Q(balance_after__gte=0), name="transaction_balance_never_below_zero"),
            models.CheckConstraint(
                condition=Q(kind=Kind.REFUND, refund_of__isnull=False)
                | (~Q(kind=Kind.REFUND) & Q(refund_of__isnull=True)),
                name="transaction_refund_has_its_spend",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.delta:+} points ({self.source})"


class XPTransaction(AppendOnly):
    """One change of a viewer's XP. Never edited, never deleted."""

    viewer = models.ForeignKey(Viewer, models.PROTECT, related_name="xp_transactions")
    delta = models.BigIntegerField()
    total_after = models.BigIntegerField()
    level_after = models.PositiveIntegerField()
    source = models.CharField(max_length=40)
    reference = models.CharField(max_length=300, unique=True, help_text="The cause. One cause pays once.")
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name = "XP transaction"
        ordering: ClassVar[list[str]] = ["-id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(delta=0), name="xp_transaction_changes_something"),
        ]

    def __str__(self) -> str:
        return f"{self.delta:+} XP ({self.source})"


class Presence(models.Model):
    """A viewer is here. A lease, since the platform's enters and leaves come unpaired, or not at all."""

    viewer = models.OneToOneField(Viewer, models.CASCADE, primary_key=True, related_name="presence")
    since = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(db_index=True, help_text="Without another sign by then, the viewer counts as gone.")

    class Meta:
        verbose_name_plural = "present viewers"
        ordering: ClassVar[list[str]] = ["-since"]

    def __str__(self) -> str:
        return f"{self.viewer} since {self.since:%H:%M}"


class LevelReward(models.Model):
    """What a viewer gets on reaching a level, once for ever."""

    level = models.PositiveIntegerField(unique=True, validators=[MinValueValidator(2)])
    points = models.PositiveIntegerField(default=0)
    line = models.CharField(
        max_length=200,
        blank=True,
        default="{user} reached level {level}!",
        help_text="Spoken and said in chat; {user} and {level} are filled in. Blank: nothing is said.",
    )
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["level"]

    def __str__(self) -> str:
        return f"level {self.level}: {self.points} points"


class Audit(models.Model):
    """What the nightly audit of the ledger found."""

    ran_at = models.DateTimeField(default=timezone.now)
    seconds = models.FloatField(default=0)
    findings = models.TextField(blank=True, help_text="A sentence for each fault. Blank: all is right.")

    class Meta:
        verbose_name = "audit of the ledger"
        verbose_name_plural = "audits of the ledger"
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        return f"{self.ran_at:%Y-%m-%d %H:%M}: {'faults' if self.findings else 'all right'}"


class Cooldown(models.Model):
    """Something that may not happen again before `until`. Expired rows are swept away."""

    key = models.CharField(max_length=300, primary_key=True)
    until = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.key} until {self.until:%H:%M:%S}"

"""The ledgers: every change of points and XP, and whether they agree with the balances."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from economy.models.append_only import AppendOnly
from economy.models.viewers import STAFF_MAX, Viewer


class TransactionKind(models.TextChoices):
    """Why points changed."""

    GRANT = "grant"
    SPEND = "spend"
    REFUND = "refund"
    ADJUST = "adjust"
    TRANSFER = "transfer"
    MERGE = "merge"
    REVERSAL = "reversal"


UNDOING = (TransactionKind.REFUND, TransactionKind.REVERSAL)


class LedgerRow(AppendOnly):
    """What the rows of both ledgers have. Nothing in them names a viewer, so that a viewer can be forgotten.

    `event` is the uid of the event that caused it; `by` the staff's login, or "" where nobody did it by hand.
    """

    source = models.CharField(max_length=40, help_text="What it came from: chat, tip, follow, redeem, level, …")
    reason = models.CharField(max_length=200, blank=True)
    reference = models.CharField(max_length=300, unique=True, help_text="The cause. One cause pays once.")
    event = models.CharField(max_length=100, blank=True, help_text="The event that caused it.")
    by = models.CharField(max_length=STAFF_MAX, blank=True, help_text="Who did it by hand.")
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        abstract = True


class Transaction(LedgerRow):
    """One change of a viewer's points. Never edited, never deleted.

    `undoes`: the spend that a refund gives back, or the row that a reversal takes back; each at most once.
    `counterpart`: the other viewer of a transfer or a merge, or the moderator who did it.
    """

    viewer = models.ForeignKey(Viewer, models.PROTECT, related_name="transactions", db_index=False)
    kind = models.CharField(max_length=10, choices=TransactionKind.choices)
    delta = models.BigIntegerField("change")
    balance_after = models.BigIntegerField("points then")
    undoes = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="undone_by", db_index=False)
    counterpart = models.ForeignKey(
        Viewer, models.PROTECT, null=True, blank=True, related_name="+", db_index=False, help_text="From or to whom."
    )

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["viewer", "id"], name="transaction_of_viewer"),
            models.Index(fields=["kind", "id"], name="transaction_of_kind"),
            models.Index(fields=["source", "id"], name="transaction_of_source"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(delta=0), name="transaction_changes_something"),
            models.CheckConstraint(condition=Q(balance_after__gte=0), name="transaction_balance_never_below_zero"),
            models.CheckConstraint(
                condition=Q(kind__in=UNDOING, undoes__isnull=False) | (~Q(kind__in=UNDOING) & Q(undoes__isnull=True)),
                name="transaction_undoes_another",
            ),
            models.UniqueConstraint(
                fields=["undoes"], condition=Q(undoes__isnull=False), name="transaction_undone_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.delta:+} points ({self.source})"


class XPTransaction(LedgerRow):
    """One change of a viewer's XP. Never edited, never deleted."""

    viewer = models.ForeignKey(Viewer, models.PROTECT, related_name="xp_transactions", db_index=False)
    delta = models.BigIntegerField("change")
    total_after = models.BigIntegerField("XP then")
    level_after = models.PositiveIntegerField("level then")

    class Meta:
        verbose_name = "XP transaction"
        ordering: ClassVar[list[str]] = ["-id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["viewer", "id"], name="xp_transaction_of_viewer"),
            models.Index(fields=["source", "id"], name="xp_transaction_of_source"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(delta=0), name="xp_transaction_changes_something"),
        ]

    def __str__(self) -> str:
        return f"{self.delta:+} XP ({self.source})"


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

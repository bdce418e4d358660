"""The card's form that gives or takes points or XP by hand, and its buttons that reverse a row of a ledger."""

from __future__ import annotations

from uuid import uuid4, uuid5

from django import forms
from django.db import transaction

from economy.ledger import accounts, points, xp
from economy.ledger.accounts import MAX_BALANCE, MAX_TAKEN
from economy.ledger.currencies import ledger_of
from economy.models import Currency, Transaction, Viewer, XPTransaction
from economy.settings_table import PointsSettings
from pixelbot_site.kit.errors import Refused

SOURCE = "dashboard"


class ByHandForm(forms.Form):
    """How much, of what and why. The pressed button says the currency; the key makes a form pressed twice pay once."""

    amount = forms.IntegerField(
        min_value=-MAX_TAKEN, max_value=MAX_BALANCE, widget=forms.NumberInput(attrs={"placeholder": "500 or -500"})
    )
    reason = forms.CharField(max_length=200, initial="By hand")
    currency = forms.ChoiceField(choices=Currency.choices)
    by_hand_key = forms.UUIDField(initial=uuid4, widget=forms.HiddenInput)

    def clean_amount(self) -> int:
        """Return the amount. Refuse zero."""
        amount: int = self.cleaned_data["amount"]
        if amount == 0:
            raise forms.ValidationError("Write how many to give, or to take with a minus.")
        return amount

    def reference(self, viewer: Viewer) -> str:
        """Return the cause: the same content for the same viewer is one cause, changed content is another."""
        asked = {name: value for name, value in sorted(self.cleaned_data.items()) if name != "by_hand_key"}
        return f"{SOURCE}:{uuid5(self.cleaned_data['by_hand_key'], repr((viewer.pk, asked)))}"


def give_or_take(viewer: Viewer, form: ByHandForm, *, by: str) -> tuple[Viewer, str]:
    """Change the viewer's points or XP as the valid `form` says, once; return whose they are, and how many they are
    now in words.

    Raises Refused, with a sentence for staff, where the balance would leave its bounds.
    """
    amount, currency = form.cleaned_data["amount"], Currency(form.cleaned_data["currency"])
    ledger, reference = ledger_of(currency), form.reference(viewer)
    adjust = points.adjust if currency == Currency.POINTS else xp.adjust
    with transaction.atomic():
        # Holding the account makes a second press wait, so that it sees the first one's row.
        owner = accounts.hold_one(viewer)
        held = ledger.amount_of(owner.pk)
        if not ledger.rows.objects.filter(reference=reference).exists():
            _check(held, amount, currency)
            adjust(owner, amount, source=SOURCE, reference=reference, reason=form.cleaned_data["reason"], by=by)
            held += amount
    return owner, in_words(held, currency)


def reverse(row: Transaction | XPTransaction, *, by: str) -> None:
    """Take a row of either ledger back, once. Raises Refused or ValueError where that can't be."""
    if isinstance(row, Transaction):
        points.reverse(row, by=by)
    else:
        xp.reverse(row, reason=row.source, by=by)


def in_words(amount: int, currency: Currency) -> str:
    """Return an amount of a currency in words: `1 point`, `5 XP`."""
    return f"{amount} XP" if currency == Currency.XP else PointsSettings.current().amount(amount)


def _check(held: int, amount: int, currency: Currency) -> None:
    if held + amount < 0:
        raise Refused(f"Only {in_words(held, currency)} can be taken.")
    if amount > 0 and held + amount > MAX_BALANCE:
        raise Refused(f"Nobody can have more than {in_words(MAX_BALANCE, currency)}.")

"""Export and import of viewers with their balances (CSV, JSON). The ledgers write what is imported."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone
from import_export import fields, resources, widgets

from economy.ledger import accounts, points, xp
from economy.ledger.amounts import MAX_BALANCE, require_amount
from economy.ledger.currencies import POINTS_LEDGER, XP_LEDGER
from economy.models import USERNAME_MAX, Viewer, viewer_key
from economy.viewers import forgetting, people


class Whole(widgets.IntegerWidget):
    """A whole number from 0. Blank is None, which leaves the balance as it is."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> int | None:
        """Return the number. Raise ValueError, quoting what was written, for anything else."""
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        try:
            number = int(str(value).strip().removesuffix(".0"))
            require_amount(number, least=0)
        except ValueError:
            raise ValueError(f"a whole number from 0 to {MAX_BALANCE} is needed, not {value!r:.60}") from None
        return number


class ViewerResource(resources.ModelResource):  # type: ignore[type-arg]
    """A viewer in a row: username, points, XP. Names match in any case; new names create viewers."""

    username = fields.Field("username", "username")
    points = fields.Field("amount_of_points", "points", widget=Whole())
    xp = fields.Field("amount_of_xp", "xp", widget=Whole())
    first_seen_at = fields.Field("first_seen_at", "first_seen_at", widget=widgets.DateTimeWidget(), readonly=True)
    last_seen_at = fields.Field("last_seen_at", "last_seen_at", widget=widgets.DateTimeWidget(), readonly=True)

    class Meta:
        model = Viewer
        fields = ("username", "points", "xp", "first_seen_at", "last_seen_at")
        import_id_fields = ("username",)
        use_transactions = True
        skip_unchanged = True
        report_skipped = True

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        """Check the columns, and take one cause for the whole import."""
        missing = {"username"} - set(dataset.headers or [])
        if missing:
            raise ValueError("The file needs a column “username”, and “points”, “xp” or both.")
        self.cause = uuid4().hex
        self.told: set[str] = set()
        self.by = getattr(kwargs.get("user"), "username", "") or ""

    def get_queryset(self) -> Any:
        """Read points and XP along."""
        return Viewer.objects.select_related("points", "xp").order_by("pk")

    def get_instance(self, instance_loader: Any, row: Any) -> Viewer | None:
        """Return the viewer of that name."""
        name = str(row.get("username") or "").strip().removeprefix("@")
        known = people.find(name) if "\0" not in name else None  # for which PostgreSQL raises
        if known is None and not people.is_username(name):
            raise ValueError(f"a username has 1 to {USERNAME_MAX} characters, without control characters")
        found: Viewer | None = self.get_queryset().get(pk=known.pk) if known else None
        key = found.key if found else viewer_key(name)
        if key in self.told:
            raise ValueError(f"{name} is in the file more than once")
        self.told.add(key)
        return found

    def filter_export(self, queryset: Any, **kwargs: Any) -> Any:
        """Leave out viewers who were merged or forgotten."""
        return queryset.filter(merged_into=None).exclude(key__startswith=forgetting.NAME)

    def dehydrate_points(self, viewer: Viewer) -> int | None:
        return _wanted(viewer, "amount_of_points", viewer.points.balance if viewer.pk else 0)

    def dehydrate_xp(self, viewer: Viewer) -> int | None:
        return _wanted(viewer, "amount_of_xp", viewer.xp.total if viewer.pk else 0)

    def skip_row(self, instance: Viewer, original: Viewer, row: Any, import_validation_errors: Any = None) -> bool:
        """Skip a row that changes nothing."""
        if instance.pk is None or import_validation_errors:
            return False
        now = (instance.points.balance, instance.xp.total)
        return now == (self.dehydrate_points(instance), self.dehydrate_xp(instance))

    def save_instance(self, instance: Viewer, is_create: bool, row: Any, **kwargs: Any) -> None:
        """Change the balances through the ledgers, with a row for each difference."""
        name = str(row["username"]).strip().removeprefix("@")
        found = people.find(name)
        if found is None:
            people.seen([name], now=timezone.now())
            found = people.find(name)
            assert found is not None
        set_balances(
            found,
            balance=_wanted(instance, "amount_of_points", None),
            total=_wanted(instance, "amount_of_xp", None),
            source="import",
            reference=f"import:{self.cause}:{found.pk}",
            by=self.by,
        )
        instance.pk = found.pk


def _wanted(viewer: Viewer, name: str, otherwise: int | None) -> int | None:
    value: int | None = viewer.__dict__.get(name)
    return otherwise if value is None else value


def set_balances(
    viewer: Viewer, *, balance: int | None, total: int | None, source: str, reference: str, by: str = ""
) -> None:
    """Make the points `balance` and the XP `total`; None leaves one as it is. A ledger row for each difference.

    Rewards of the levels that come of it count as given: they were, where the numbers come from.
    """
    with transaction.atomic():
        viewer = accounts.hold_one(viewer)
        held_points = POINTS_LEDGER.held([viewer.pk])[viewer.pk]
        held_xp = XP_LEDGER.held([viewer.pk])[viewer.pk]
        if balance is not None and balance != held_points:
            points.adjust(viewer, balance - held_points, source=source, reference=reference, by=by)
        if total is not None and total != held_xp:
            xp.adjust(viewer, total - held_xp, source=source, reference=reference, by=by, rewarded=True)

"""Export and import of viewers with their balances (CSV, JSON)."""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import uuid4

from import_export import fields, resources, results, widgets

from economy.ledger.accounts import MAX_BALANCE, require_amount
from economy.models import NOTES_MAX, USERNAME_MAX, Viewer, viewer_key
from economy.viewers import forgetting, people, wanted_balances
from economy.viewers.wanted_balances import WantedBalances

# Viewers that one statement reads: other threads wait for Python while it makes them.
READ = 1000
W = TypeVar("W")


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


class Words(widgets.CharWidget):
    """A text. Blank is None, which leaves the text that is there."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str | None:
        """Return the text without spaces around it. Raise ValueError for one that is too long."""
        text = str(value or "").replace("\0", "").strip()
        if len(text) > NOTES_MAX:
            raise ValueError(f"at most {NOTES_MAX} characters are kept, not {len(text)}")
        return text or None


class Tags(Words):
    """Tags, as they are stored."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str | None:
        """Return the tags. Raise ValueError for too many."""
        text = people.normalized_tags(super().clean(value, row, **kwargs) or "")
        if len(text) > people.MAX_TAGS_CHARS:
            raise ValueError(f"all tags of a viewer have at most {people.MAX_TAGS_CHARS} characters")
        return text or None


class _Mistake(results.Error):
    # The library's page shows it of a whole file's mistake, whatever it is set to show.
    traceback = ""


class ViewerResource(resources.ModelResource):  # type: ignore[type-arg]
    """A viewer in a row: username, points, XP, notes, tags. Names match in any case; new names create viewers."""

    username = fields.Field("username", "username")
    points = fields.Field("amount_of_points", "points", widget=Whole())
    xp = fields.Field("amount_of_xp", "xp", widget=Whole())
    notes = fields.Field("told_notes", "notes", widget=Words())
    tags = fields.Field("told_tags", "tags", widget=Tags())
    first_seen_at = fields.Field("first_seen_at", "first_seen_at", widget=widgets.DateTimeWidget(), readonly=True)
    last_seen_at = fields.Field("last_seen_at", "last_seen_at", widget=widgets.DateTimeWidget(), readonly=True)

    class Meta:
        model = Viewer
        fields = ("username", "points", "xp", "notes", "tags", "first_seen_at", "last_seen_at")
        import_id_fields = ("username",)
        skip_unchanged = True
        report_skipped = True

    def import_data(
        self,
        dataset: Any,
        dry_run: bool = False,
        raise_errors: bool = False,
        use_transactions: bool | None = None,
        collect_failed_rows: bool = False,
        rollback_on_validation_errors: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Compare the file with the balances, and write the differences after all rows unless it is a `dry_run`.

        Without a transaction over the whole file, for which every event would wait. A file with an error writes
        nothing; one that is broken off half-way can be imported again.
        """
        self.dry_run = dry_run
        return self.import_data_inner(dataset, dry_run, raise_errors, False, collect_failed_rows, **kwargs)

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        """Check the columns, take one cause for the whole import, and read the viewers whom it names."""
        self.known: dict[str, Viewer] = {}
        if "username" not in (dataset.headers or []):
            raise ValueError("The file needs a column “username”, and any of “points”, “xp”, “notes” and “tags”.")
        self.cause = uuid4().hex
        self.told: set[str] = set()
        self.changes: list[WantedBalances] = []
        self.by = getattr(kwargs.get("user"), "username", "") or ""
        names = {_name(username) for username in dataset["username"]}
        keys = sorted({viewer_key(name) for name in names if "\0" not in name})
        for start in range(0, len(keys), READ):
            heirs = people.with_keys(keys[start : start + READ])
            read = self.get_queryset().in_bulk({viewer.pk for viewer in heirs.values()})
            self.known |= {key: read[viewer.pk] for key, viewer in heirs.items()}

    @classmethod
    def get_error_result_class(cls) -> type[results.Error]:
        """Return what a mistake is kept as."""
        return _Mistake

    def get_queryset(self) -> Any:
        """Read points and XP along."""
        return Viewer.objects.select_related("points", "xp").order_by("pk")

    def get_instance(self, instance_loader: Any, row: Any) -> Viewer | None:
        """Return the viewer of that name."""
        name = _name(row.get("username"))
        found = self.known.get(viewer_key(name))
        if found is None and not people.is_username(name):
            raise ValueError(f"a username has 1 to {USERNAME_MAX} characters, without control characters")
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

    def dehydrate_notes(self, viewer: Viewer) -> str:
        return str(_wanted(viewer, "told_notes", viewer.notes))

    def dehydrate_tags(self, viewer: Viewer) -> str:
        return str(_wanted(viewer, "told_tags", viewer.tags))

    def skip_row(self, instance: Viewer, original: Viewer, row: Any, import_validation_errors: Any = None) -> bool:
        """Skip a row that changes nothing."""
        if instance.pk is None or import_validation_errors:
            return False
        now = (instance.points.balance, instance.xp.total, instance.notes, instance.tags)
        wanted = (self.dehydrate_points(instance), self.dehydrate_xp(instance))
        return now == (*wanted, self.dehydrate_notes(instance), self.dehydrate_tags(instance))

    def save_instance(self, instance: Viewer, is_create: bool, row: Any, **kwargs: Any) -> None:
        """Remember what is to be changed."""
        points, xp = _wanted(instance, "amount_of_points", None), _wanted(instance, "amount_of_xp", None)
        notes, tags = _wanted(instance, "told_notes", ""), _wanted(instance, "told_tags", "")
        self.changes.append(WantedBalances(_name(row["username"]), points, xp, notes, tags))

    def after_import(self, dataset: Any, result: Any, **kwargs: Any) -> None:
        """Write the differences, if the file has no errors."""
        if not (self.dry_run or result.has_errors() or result.has_validation_errors()):
            wanted_balances.write(self.changes, source="import", reference=f"import:{self.cause}", by=self.by)


def _name(username: Any) -> str:
    return str(username or "").strip().removeprefix("@")


def _wanted(viewer: Viewer, name: str, otherwise: W) -> W:
    value: W | None = viewer.__dict__.get(name)
    return otherwise if value is None else value

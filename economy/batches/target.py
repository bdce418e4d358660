"""Which viewers a batch is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from economy.models import Viewer


@dataclass(frozen=True, slots=True)
class Target:
    """Which viewers: all, or those with one of `ids`, or those who match every filter that is set."""

    ids: tuple[int, ...] | None = None
    seen_within_days: int | None = None
    subscribers: bool = False
    present: bool = False
    least_level: int | None = None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Target:
        """Return the target that a form, a request or a Batch describes by the names of its fields, and of others."""
        return cls(**{field.name: values[field.name] for field in fields(cls) if field.name in values})

    def viewers(self, *, now: datetime) -> QuerySet[Viewer]:
        """Return the viewers meant. Those who are merged into others are left out."""
        found = Viewer.objects.filter(merged_into=None)
        if self.ids is not None:
            found = found.filter(pk__in=self.ids)
        if self.seen_within_days is not None:
            found = found.filter(last_seen_at__gte=now - timedelta(days=self.seen_within_days))
        if self.subscribers:
            found = found.filter(is_subscriber=True)
        if self.present:
            found = found.filter(presence__until__gt=now)
        if self.least_level is not None:
            found = found.filter(xp__level__gte=self.least_level)
        return found

    def as_json(self) -> dict[str, Any]:
        """Return what a Batch keeps of it: the fields that narrow."""
        narrowing = {name: value for name, value in asdict(self).items() if value is not None and value is not False}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in narrowing.items()}


# The fields that describe viewers, rather than name them.
FILTERS = tuple(field.name for field in fields(Target) if field.name != "ids")

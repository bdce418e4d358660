"""The rows of a span of time in a ledger, found by their ids, in whose order lists read them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypeVar

from django.db.models import Max, QuerySet

from economy.ledger import imported
from economy.models import Transaction, XPTransaction

Row = TypeVar("Row", Transaction, XPTransaction)

# Ids ascend with the time, but for histories that were imported, and for a clock that was put back: by this, at most.
SLACK = timedelta(days=1)


def between(rows: QuerySet[Row], since: datetime | None, until: datetime | None) -> QuerySet[Row]:
    """Return the rows created from `since` until before `until`, each open where it is None.

    Without the ids, a list of old rows by their ids would pass all newer ones.
    """
    ledger = rows.model._default_manager
    if since is not None:
        rows = rows.filter(created_at__gte=since)
        before = ledger.filter(created_at__lt=_moved(since, -SLACK)).order_by("-created_at").first()
        if before is not None and before.source != imported.SOURCE:
            rows = rows.filter(pk__gt=before.pk)
    if until is not None:
        rows = rows.filter(created_at__lt=until)
        after = ledger.filter(created_at__gte=_moved(until, SLACK)).order_by("created_at").first()
        if after is not None:
            latest_import = ledger.filter(source=imported.SOURCE).aggregate(last=Max("pk"))["last"] or 0
            rows = rows.filter(pk__lte=max(after.pk, latest_import))
    return rows


def _moved(moment: datetime, by: timedelta) -> datetime:
    try:
        return moment + by
    except OverflowError:
        return moment

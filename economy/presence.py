"""Who is here now. Each sign of life is a lease that ends by itself."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import QuerySet

from economy import viewers
from economy.models import Presence, Viewer, viewer_key


def mark(*, here: Iterable[str], gone: Iterable[str], seconds: float, now: datetime) -> None:
    """Store that some viewers are here for the next `seconds`, and that others went. By name; new ones are made."""
    names = {viewer_key(username): username for username in here}
    known = dict(Viewer.objects.filter(key__in=names).values_list("key", "pk"))
    new = viewers.seen((name for key, name in names.items() if key not in known), now=now)
    ids = sorted([*known.values(), *(viewer.pk for viewer in new.values())])
    until = now + timedelta(seconds=seconds)
    # Whoever's lease had ended was away: the row begins anew.
    Presence.objects.filter(pk__in=ids, until__lte=now).delete()
    Presence.objects.bulk_create(
        [Presence(viewer_id=pk, since=now, until=until) for pk in ids],
        update_conflicts=True,
        unique_fields=["viewer"],
        update_fields=["until"],
    )
    keys = [viewer_key(username) for username in gone]
    if keys:
        Presence.objects.filter(viewer__key__in=keys).delete()


def present(*, now: datetime) -> QuerySet[Viewer]:
    """The viewers who are here."""
    return Viewer.objects.filter(presence__until__gt=now)


def clear() -> None:
    """Everybody is gone, as at a stream's end."""
    Presence.objects.all().delete()


def sweep(*, now: datetime) -> int:
    """Delete the leases that ended; returns how many."""
    return Presence.objects.filter(until__lte=now).delete()[0]

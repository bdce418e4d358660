"""Viewers by name."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from economy.models import XP, Points, Viewer, viewer_key


def seen(usernames: Iterable[str], *, now: datetime) -> dict[str, Viewer]:
    """Store that these people were here, new ones included; returns the viewers by their key.

    Three statements however many there are. Rows are written in the order of the keys, so that two writers of
    overlapping crowds wait for each other rather than deadlock.
    """
    latest = {viewer_key(username): username.strip() for username in usernames}
    if not latest:
        return {}
    viewers = Viewer.objects.bulk_create(
        [Viewer(key=key, username=latest[key], first_seen_at=now, last_seen_at=now) for key in sorted(latest)],
        update_conflicts=True,
        unique_fields=["key"],
        update_fields=["username", "last_seen_at"],
    )
    Points.objects.bulk_create([Points(viewer_id=viewer.pk) for viewer in viewers], ignore_conflicts=True)
    XP.objects.bulk_create([XP(viewer_id=viewer.pk) for viewer in viewers], ignore_conflicts=True)
    return {viewer.key: viewer for viewer in viewers}


def find(username: str) -> Viewer | None:
    """The viewer of that name in any case, with points and XP; None for somebody never seen."""
    return Viewer.objects.select_related("points", "xp").filter(key=viewer_key(username.removeprefix("@"))).first()

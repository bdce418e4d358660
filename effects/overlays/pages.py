"""Which overlay pages are open: a row for each connected page, kept as a lease by the process that serves it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from effects.models import Overlay, OverlayPage
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Refused

CLOSED = phrases.refusal("overlay.closed", "that can't be shown at the moment: the stream's overlay is closed")

# Seconds between two renewals.
RENEW_EVERY = 20.0
# After this time without a renewal the process that served the page is dead.
LEASE = timedelta(seconds=60)
# A page that closes counts as open for this long: OBS reloads its pages when the scene changes.
GRACE = timedelta(seconds=5)


def opened(channel: str, overlay: Overlay) -> None:
    """Store that a page of `overlay` is connected; `channel` is its channel's name in the channel layer."""
    now = timezone.now()
    OverlayPage.objects.filter(until__lt=now - LEASE).delete()
    OverlayPage.objects.update_or_create(
        channel=channel, defaults={"overlay": overlay, "since": now, "until": now + LEASE}
    )


def renew(channel: str) -> None:
    """Store that the page is still connected."""
    OverlayPage.objects.filter(channel=channel).update(until=timezone.now() + LEASE)


def closed(channel: str) -> None:
    """Store that the page is gone."""
    OverlayPage.objects.filter(channel=channel).update(until=timezone.now() + GRACE)


def forget_all() -> None:
    """Delete the rows of a process that was killed. Call it where no other process can serve pages."""
    OverlayPage.objects.all().delete()


def is_open(*, since: datetime | None = None) -> bool:
    """Return whether any page is open; with `since`, whether one was open then and still is."""
    pages = OverlayPage.objects.filter(until__gt=timezone.now())
    return (pages if since is None else pages.filter(since__lte=since)).exists()


def require_open() -> None:
    """Raise Refused where no page is open, so that nothing could be seen or heard."""
    if not is_open():
        raise Refused(CLOSED())

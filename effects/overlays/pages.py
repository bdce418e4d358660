"""Which overlay pages are open: a row for each connected page, kept as a lease by the process that serves it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from effects.models import Overlay, OverlayPage
from effects.overlays import screens
from effects.overlays.registry import playing
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Refused

CLOSED = phrases.refusal("overlay.closed", "that can't be shown at the moment: the stream's overlay is closed")
NO_PLACE = phrases.refusal(
    "overlay.no_place", "that can't be shown at the moment: the stream's overlay has no place for it"
)

# Seconds between two renewals.
RENEW_EVERY = 5.0
# After this time without a renewal the process that served the page is dead.
LEASE = timedelta(seconds=20)
# A page that closes counts as open for this long: OBS reloads its pages when the scene changes.
GRACE = timedelta(seconds=5)


def opened(channel: str, overlay: Overlay, *, widget: str = "", in_obs: bool = False) -> None:
    """Store that a page of `overlay` is connected; `channel` is its channel's name in the channel layer.

    `widget`: the one that it shows alone. `in_obs`: it runs in OBS.
    """
    now = timezone.now()
    OverlayPage.objects.filter(until__lt=now - LEASE).delete()
    OverlayPage.objects.update_or_create(
        channel=channel,
        defaults={"overlay": overlay, "widget": widget, "in_obs": in_obs, "since": now, "until": now + LEASE},
    )


def renew(channel: str) -> None:
    """Store that the page is still connected."""
    OverlayPage.objects.filter(channel=channel).update(until=timezone.now() + LEASE)


def closed(channel: str) -> None:
    """Store that the page is gone."""
    OverlayPage.objects.filter(channel=channel).update(until=timezone.now() + GRACE)


def leader(overlay_id: int) -> str:
    """Return the channel of the overlay's page that is heard, or ""."""
    # Who has no more than the grace is closed, or its process died.
    until = timezone.now() + GRACE
    there = OverlayPage.objects.filter(overlay=overlay_id, overlay__sound=True, until__gt=until)
    # OBS before a browser's tab, in which somebody only has a look; then the page that is there longest.
    first = there.order_by("-may_sound", "-in_obs", "since", "channel").values_list("channel", flat=True).first()
    return first or ""


def set_may_sound(channel: str, may: bool) -> None:
    """Store whether the page's browser lets it play sound without a click."""
    OverlayPage.objects.filter(channel=channel).update(may_sound=may)


def forget_all() -> None:
    """Delete the rows of a process that was killed. Call it where no other process can serve pages."""
    OverlayPage.objects.all().delete()


def is_open(*, since: datetime | None = None) -> bool:
    """Return whether any page of the present channel is open; with `since`, whether one was open then and still is."""
    pages = OverlayPage.objects.filter(screens.pages_here(), until__gt=timezone.now())
    return (pages if since is None else pages.filter(since__lte=since)).exists()


def is_heard() -> bool:
    """Return whether a page of an overlay with sound is open, of the present channel."""
    return OverlayPage.objects.filter(screens.pages_here(), until__gt=timezone.now(), overlay__sound=True).exists()


def require_open(show: str = "", *, heard: bool = False) -> None:
    """Raise Refused where no page is open, so that nothing could be seen or heard.

    With `show`, the message that it will get: where no page has a widget that plays it, nor, if it is `heard`, sound.
    """
    if show and _is_shown(show, heard=heard):
        return  # so a page is open, which need not be asked for
    if not is_open():
        raise Refused(CLOSED())
    if show:
        raise Refused(NO_PLACE())


def _is_shown(show: str, *, heard: bool) -> bool:
    kinds = playing(show) or [""]  # PostgreSQL has no empty list
    screen = [screens.here()] if screens.own() else []
    # Without the ORM, which takes ten times as long to write this: each purchase asks.
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT 1 FROM effects_overlaypage page JOIN effects_overlay overlay ON overlay.id = page.overlay_id
            WHERE page.until > %s {"AND overlay.channel_id = %s" if screen else ""}
            AND ({"overlay.sound OR" if heard else ""} EXISTS (
                SELECT 1 FROM effects_overlaywidget widget
                WHERE widget.overlay_id = overlay.id AND widget.kind IN ({", ".join(["%s"] * len(kinds))})
                AND (widget.name = page.widget OR (page.widget = '' AND widget.enabled))
            )) LIMIT 1
            """,
            [connection.ops.adapt_datetimefield_value(timezone.now()), *screen, *kinds],
        )
        return cursor.fetchone() is not None

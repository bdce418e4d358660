"""Whose overlays show what: those of its channel, or those of no channel where it has none of its own.

A screen is what overlays of one channel are together, named by the channel's id; "" is that of all other channels. What
plays on one never waits for another: each has lanes of its own (`lane_on`).
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from effects.models import Overlay
from pixelbot_site.kit import present_channel
from pixelbot_site.kit.hooks import Hook
from pixelbot_site.kit.live import Live
from pixelbot_site.kit.stored import Stored

# Between a lane's name and its screen.
MARK = "@"

channels_in_use = Hook[[], Sequence[tuple[str, str]]](
    "channels_in_use", __name__, "Return the id and the name of each channel that the bot is on, the first first."
)

# The channels of the overlays that have one, and "" where some have none.
stored: Live[frozenset[str]] = Live(frozenset())


def read() -> frozenset[str]:
    """Return the channels of all overlays, "" among them where an overlay has none."""
    return frozenset(Overlay.objects.order_by().values_list("channel_id", flat=True).distinct())


def follow_rows() -> None:
    """Take them from the rows, in this process."""
    stored.use(Stored[frozenset[str]](Overlay, read, frozenset()))


def channels() -> list[tuple[str, str]]:
    """Return the id and the name of each channel that the bot is on."""
    return [channel for found in channels_in_use.call() for channel in found]


def own() -> list[str]:
    """Return the screens of channels that have overlays of their own; none with one channel."""
    return sorted(stored.current() - {""})


def here() -> str:
    """Return the screen of the present channel. What is of no channel is shown on that of none, or else on the first
    of all.
    """
    known = stored.current()
    channel = present_channel.present()
    if channel in known or "" in known or not known:
        return channel if channel in known else ""
    return "" if channel else min(known)


def lane_on(lane: str, screen: str) -> str:
    """Return the name of a lane as this screen has it."""
    return f"{lane}{MARK}{screen}" if lane and screen else lane


def lane_here(lane: str) -> str:
    """Return the name of a lane as the present channel's screen has it."""
    return lane_on(lane, here())


def parted(lane: str) -> tuple[str, str]:
    """Return what a lane is called on each screen, and the screen."""
    name, _, screen = lane.partition(MARK)
    return name, screen


def is_of(screen: str) -> Q:
    """Return the condition that an item of the queue is shown on a screen."""
    return Q(lane__endswith=f"{MARK}{screen}") if screen else ~Q(lane__contains=MARK)


def pages_here() -> Q:
    """Return the condition that an overlay's page is of the present channel's screen."""
    return Q(overlay__channel_id=here()) if own() else Q()

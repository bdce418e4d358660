"""Figures of the stream that is on, or of the last one, for several widgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from effects.models import QUEUED, QueueItem
from effects.overlays import facts
from effects.overlays.onscreen import OnScreen

TIPS = ("tipped", "wheel_spin_claimed")
SUBSCRIPTIONS = ("subscribed", "resubscribed")
GIFTS = ("gifted_subscriptions",)
RAIDS = ("stream_dropped_in",)


def figures() -> dict[str, int]:
    """Return tips, tokens, followers, subscriptions and viewers of the stream."""
    since = facts.stream_began()
    tips, tokens = facts.counted(TIPS, since)
    return {
        "tips": tips,
        "tokens": tokens,
        "followers": facts.counted(("followed",), since)[0],
        "subscriptions": facts.counted(SUBSCRIPTIONS, since)[0],
        "viewers": viewers(),
    }


def viewers() -> int:
    """Return how many people watch, as Joystick last said in this stream; 0 before."""
    last = next(iter(facts.latest(("viewer_count_updated",), 1, facts.stream_began())), None)
    return int(last.more.get("number", 0)) if last else 0


def words(screen: OnScreen) -> Mapping[str, Any]:
    """Return what the words of a line of text stand for."""
    top = facts.tippers(facts.stream_began(), 1)
    tip, follower, subscriber = (
        next(iter(facts.latest(kinds, 1)), None) for kinds in (TIPS, ("followed",), SUBSCRIPTIONS)
    )
    return {
        **figures(),
        "waiting": QueueItem.objects.filter(state__in=QUEUED).count(),
        "top_tipper": screen.name(top[0].username) if top else "–",
        "latest_tipper": screen.name(tip.username) if tip else "–",
        "latest_follower": screen.name(follower.username) if follower else "–",
        "latest_subscriber": screen.name(subscriber.username) if subscriber else "–",
    }

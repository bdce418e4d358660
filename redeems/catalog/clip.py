"""`!clip`: the last moments of the stream, saved by OBS."""

from __future__ import annotations

from effects.registry import Effect
from effects.values import obs_clip
from redeems.registry import Order, redeem


@redeem("clip", title="Save a clip", cost=0, cooldown=lambda rules: 5)
def plan(order: Order) -> Effect:
    """Free; the cooldown holds it back."""
    return obs_clip()

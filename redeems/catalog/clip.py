"""`!clip`: OBS saves its replay buffer."""

from __future__ import annotations

from effects.registry import Effect
from effects.registry.values import obs_clip
from redeems.registry import Order, redeem


@redeem("clip", title="Save a clip", effect="obs_clip", cost=0, cooldown=lambda rules: 5)
def plan(order: Order) -> Effect:
    return obs_clip()

"""`!scene NAME`: viewers switch OBS to a scene that the streamer offers, for a while."""

from __future__ import annotations

from effects.registry import Effect
from redeems import choices
from redeems.registry import Order, redeem


@redeem("scene", title="Switch the scene", effect="obs_scene", cost=200, cooldown=lambda rules: 60, enabled=False)
def plan(order: Order) -> Effect:
    return choices.scene(choices.chosen(order), order.row.seconds)

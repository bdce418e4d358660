"""`!source NAME`: viewers show a source in OBS that the streamer offers, for a while."""

from __future__ import annotations

from effects.registry import Effect
from redeems import choices
from redeems.registry import Order, redeem


@redeem("source", title="Show a source", effect="obs_source", cost=100, cooldown=lambda rules: 60, enabled=False)
def plan(order: Order) -> Effect:
    return choices.source(choices.chosen(order), order.row.seconds)

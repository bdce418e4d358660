"""`!source NAME`: viewers show a source in OBS that the streamer offers, for a while."""

from __future__ import annotations

from effects.library.obs_source import obs_source
from effects.registry import Effect
from pixelbot_site.kit.errors import Refused
from redeems import offers
from redeems.registry import Order, redeem


@redeem("source", title="Show a source", cost=100, cooldown=lambda rules: 60, enabled=False)
def plan(order: Order) -> Effect:
    """One of the row's choices, named by the part after the slash."""
    scene, slash, source = offers.chosen(order).partition("/")
    if not slash:
        raise Refused("the streamer has not said in which scene this is")
    return obs_source(scene.strip(), source.strip(), seconds=order.row.seconds)

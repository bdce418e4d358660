"""`!spin`: the prize wheel."""

from __future__ import annotations

from effects import wheel
from effects.registry import Effect
from effects.registry.values import spin_wheel
from pixelbot_site.kit.errors import Refused
from redeems.registry import Order, redeem


@redeem("spin", title="Spin the wheel", effect="spin_wheel", cost=100)
def plan(order: Order) -> Effect:
    """Return a spin, whose prize is drawn when its turn comes. Raise Refused while nothing can be won."""
    if not wheel.winnable(order.viewer):
        raise Refused(wheel.NOTHING_TO_WIN())
    return spin_wheel()

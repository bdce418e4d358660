"""`!shoutout NAME`: an alert on the overlay that points out another viewer."""

from __future__ import annotations

from economy.viewers import people
from effects.registry import Effect
from effects.values import alert
from pixelbot_site.kit.errors import Refused
from redeems.registry import Order, redeem


@redeem("shoutout", title="Shout out somebody", effect="alert", cost=50, cooldown=lambda rules: 30)
def plan(order: Order) -> Effect:
    name = order.words.strip().split(" ")[0]
    if not name:
        raise Refused("say whom to shout out: !shoutout NAME")
    other = people.find(name)
    if other is None:
        raise Refused(f"I have never seen {name.removeprefix('@')[:40]} here")
    return alert(f"{order.viewer.username} shouts out {other.username}: say hello!", 6)

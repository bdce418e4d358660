"""`!shoutout NAME`: an alert on the overlay that points out another viewer."""

from __future__ import annotations

from economy.viewers import people
from effects.registry import Effect
from effects.registry.values import alert
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Refused
from redeems.registry import Order, redeem

WHOM = phrases.refusal("shoutout.whom", "say whom to shout out: !shoutout NAME")
NEVER_SEEN = phrases.refusal("shoutout.never_seen", "I have never seen {name} here")
HELLO = phrases.news("shoutout.hello", "{user} shouts out {other}: say hello!")


@redeem("shoutout", title="Shout out somebody", effect="alert", cost=50, cooldown=lambda rules: 30)
def plan(order: Order) -> Effect:
    name = order.words.strip().split(" ")[0]
    if not name:
        raise Refused(WHOM())
    other = people.find(name)
    if other is None:
        raise Refused(NEVER_SEEN(name=name.removeprefix("@")[:40]))
    hello, address = HELLO(user=order.viewer.username, other=other.username), people.channel_address(other.username)
    # The card of those who are shouted out by themselves, too (`joystick/reactions/defaults.py`).
    return alert(hello, 6, design="ribbon", detail=address)

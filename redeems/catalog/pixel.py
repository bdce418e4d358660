"""`!pixel QUESTION`: an AI answers in chat."""

from __future__ import annotations

from effects.outside.replies import asking
from effects.registry import Effect
from effects.registry.values import reply
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Refused
from redeems.registry import Order, redeem

TOO_LONG = phrases.refusal("pixel.too_long", "that is {length} characters long, and the limit is {limit}")


@redeem(
    "pixel",
    title="Ask the AI",
    effect="reply",
    cost=50,
    cooldown=lambda rules: 30,
    enabled=False,
    needs_text=True,
)
def plan(order: Order) -> Effect:
    """Return the question. Raise Refused where it is too long, or the AI's budget has no room for it."""
    text = " ".join(order.words.split())
    if len(text) > asking.MAX_ASKED:
        raise Refused(TOO_LONG(length=len(text), limit=asking.MAX_ASKED))
    asking.require_possible(text)
    return reply(text)

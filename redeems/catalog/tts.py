"""`!tts hello`: the viewer's words, spoken on the stream."""

from __future__ import annotations

from effects.library.speak import speak
from effects.registry import Effect
from pixelbot_site.kit.errors import Refused
from redeems.registry import Order, redeem


@redeem(
    "tts",
    title="Speak a line",
    cost=25,
    cooldown=lambda rules: rules.tts_cooldown_seconds,
    queue_max=lambda rules: rules.tts_queue_max,
)
def plan(order: Order) -> Effect:
    """The text, prefixed with who said it where the streamer wants that."""
    text = " ".join(order.words.split())
    if not any(character.isalnum() for character in text):
        raise Refused("write what to say: !tts hello everybody")
    most = order.rules.tts_max_chars
    if len(text) > most:
        raise Refused(f"that is {len(text)} characters long, {most} are the most")
    return speak(f"{order.viewer.username} said: {text}" if order.rules.tts_prefix_username else text)

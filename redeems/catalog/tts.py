"""`!tts hello`: the viewer's words, spoken on the stream."""

from __future__ import annotations

from effects.registry import Effect
from effects.registry.values import speak
from effects.voice import speech
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Refused
from redeems.registry import Order, redeem

WHAT = phrases.refusal("tts.what", "write what to say: !tts hello everybody")
TOO_LONG = phrases.refusal("tts.too_long", "that is {length} characters long, and the limit is {limit}")


@redeem("tts", title="Speak a line", effect="speak", cost=25, cooldown=lambda rules: rules.tts_cooldown_seconds)
def plan(order: Order) -> Effect:
    text = " ".join(order.words.split())
    if not any(character.isalnum() for character in text):
        raise Refused(WHAT())
    limit = order.rules.tts_max_chars
    if len(text) > limit:
        raise Refused(TOO_LONG(length=len(text), limit=limit))
    speech.require_words(text, max_chars=limit)
    return speak(text, source="redeem", voice=order.row.voice, rate=order.row.rate, volume=order.row.volume)

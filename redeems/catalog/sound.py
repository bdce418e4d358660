"""`!sound fanfare`: one of the streamer's sounds."""

from __future__ import annotations

from effects.media import sounds
from effects.registry.values import play_sound
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Refused
from redeems.registry import Order, Planned, redeem

WHICH = phrases.refusal("sound.which", "say which sound: !sound NAME; !sounds lists them")
NO_SUCH = phrases.refusal("sound.no_such", "there is no sound called {name}; !sounds lists them")


@redeem("sound", title="Play a sound", effect="play_sound", cost=15, cooldown=lambda rules: 5)
def plan(order: Order) -> Planned:
    """Return the sound with that name or alias, at its own price where it has one."""
    name = order.words.strip()
    if not name:
        raise Refused(WHICH())
    sound = sounds.named(name, sounds.playable())
    if sound is None:
        raise Refused(NO_SUCH(name=name[:40]))
    return Planned(play_sound(sound.name), cost=sound.cost)

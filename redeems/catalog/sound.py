"""`!sound fanfare`: one of the streamer's sounds."""

from __future__ import annotations

from effects import sounds
from effects.values import play_sound
from pixelbot_site.kit.errors import Refused
from redeems.registry import Order, Planned, redeem


@redeem("sound", title="Play a sound", effect="play_sound", cost=15, cooldown=lambda rules: 5)
def plan(order: Order) -> Planned:
    """Return the sound with that name or alias, at its own price where it has one."""
    name = order.words.strip()
    if not name:
        raise Refused("say which sound: !sound NAME; !sounds lists them")
    sound = sounds.named(name, sounds.playable())
    if sound is None:
        raise Refused(f"there is no sound called {name[:40]}; !sounds lists them")
    return Planned(play_sound(sound.name), cost=sound.cost)

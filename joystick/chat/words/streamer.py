"""{streamer}: the channel's name."""

from __future__ import annotations

from joystick.models import Install
from pixelbot_site.kit import phrases, present_channel
from pixelbot_site.kit.words import Value, Values, word

NOBODY = phrases.answer("word.no_streamer", "the streamer")


@word("streamer", does="the channel's name", missing=NOBODY)
def streamer(values: Values, argument: str) -> Value:
    """Return the name of the present channel, or of the one last heard from; None before the first."""
    names = Install.objects.exclude(username="").order_by("-last_event_at")
    if here := present_channel.present():
        names = names.filter(channel_id=here)
    return names.values_list("username", flat=True).first()

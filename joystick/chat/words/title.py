"""{title}: the title of the stream."""

from __future__ import annotations

from joystick.models import Stream
from pixelbot_site.kit import phrases, present_channel
from pixelbot_site.kit.words import Value, Values, word

NONE = phrases.answer("word.no_title", "no title")


@word("title", does="the title of the stream, as Joystick.tv last said it", missing=NONE)
def title(values: Values, argument: str) -> Value:
    """Return the title of the stream that is on; None while none is, or where Joystick did not say one."""
    on = Stream.objects.filter(present_channel.is_here(), ended_at__isnull=True)
    return on.values_list("title", flat=True).first() or None

"""{uptime}: how long the stream has been on."""

from __future__ import annotations

from django.utils import timezone

from joystick.models import Stream
from pixelbot_site.kit import phrases, present_channel
from pixelbot_site.kit.words import Value, Values, word

HOURS = phrases.answer("word.uptime", "{hours} h {minutes} min")
MINUTES = phrases.answer("word.uptime_minutes", "{minutes} min")
OFFLINE = phrases.answer("word.offline", "not live")


@word("uptime", does="how long the stream has been on", missing=OFFLINE)
def uptime(values: Values, argument: str) -> Value:
    """Return hours and minutes; None while the channel is not live."""
    on = Stream.objects.filter(present_channel.is_here(), ended_at__isnull=True)
    began = on.values_list("started_at", flat=True).first()
    if began is None:
        return None
    hours, minutes = divmod(int((timezone.now() - began).total_seconds()) // 60, 60)
    return HOURS(hours=hours, minutes=minutes) if hours else MINUTES(minutes=minutes)

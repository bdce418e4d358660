"""{time}: what time it is on the streamer's PC."""

from __future__ import annotations

from django.utils import timezone

from pixelbot_site.kit.words import Value, Values, word


@word("time", does="what time it is for you", missing=str)
def time(values: Values, argument: str) -> Value:
    """Return hours and minutes in the bot's time zone."""
    return f"{timezone.localtime():%H:%M}"

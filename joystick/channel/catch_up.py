"""Brings the streams up to date after a time in which no events came."""

from __future__ import annotations

from django.db import transaction

from joystick.account import rest, tokens
from joystick.channel import streams
from pixelbot_site.kit.errors import Failed


def catch_up() -> None:
    """Ask the REST API of every connected channel whether it is live, and open or close its stream.

    Raises Failed where one could not be asked, after the others were.
    """
    failure: Failed | None = None
    for install in tokens.usable():
        try:
            state = rest.stream(install)
        except Failed as error:
            failure = error
            continue
        with transaction.atomic():
            streams.set_live(install.channel_id, live=state.live, since=state.live_at)
            streams.keep_title(install.channel_id, state.title)
    if failure is not None:
        raise failure

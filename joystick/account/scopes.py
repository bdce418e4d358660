"""What the streamer allowed the bot."""

from __future__ import annotations

from joystick.models import Install
from pixelbot_site.kit.errors import Failed


def need(scope: str, *, channel_id: str = "") -> None:
    """Raise Failed unless `scope` was granted. Of a channel that is not connected by OAuth nothing is known: it may."""
    installs = Install.objects.exclude(access_token="")
    install = (installs.filter(channel_id=channel_id) if channel_id else installs).first()
    if install is not None:
        check(install, scope)


def check(install: Install, scope: str) -> None:
    """Raise Failed unless the install has `scope`."""
    if install.scopes and scope not in install.scopes.split():
        raise Failed(
            f"The scope {scope} is missing. Add it to JOYSTICK_SCOPES, allow it to the application on Joystick.tv, "
            "and connect the channel again."
        )

"""Checks what the streamer allowed the bot."""

from __future__ import annotations

from joystick.models import Install
from joystick.settings_table import SCOPES
from pixelbot_site.kit import present_channel
from pixelbot_site.kit.errors import Failed


class MissingScope(Failed):
    """The streamer did not allow this; `scope` names what is missing."""

    def __init__(self, scope: str) -> None:
        super().__init__(
            f"the scope {scope} is missing: add it to JOYSTICK_SCOPES, allow it to the application on Joystick.tv, "
            "and connect the channel again"
        )
        self.scope = scope


def is_known(scope: str) -> bool:
    """Return whether Joystick.tv has a scope of that name."""
    return scope in SCOPES


def missing(scope: str) -> bool:
    """Return whether the channel, or the first connected one, is known not to have granted `scope`."""
    try:
        require_for_channel(scope)
    except MissingScope:
        return True
    return False


def require_for_channel(scope: str, *, channel_id: str = "") -> None:
    """Raise MissingScope unless the channel, or the present or first connected one, granted `scope`."""
    # Without OAuth (a fixed token) nobody knows what was granted, so that everything may be tried.
    installs = Install.objects.exclude(access_token="")
    channel_id = channel_id or present_channel.present()
    install = (installs.filter(channel_id=channel_id) if channel_id else installs).first()
    if install is not None:
        require(install, scope)


def require(install: Install, scope: str) -> None:
    """Raise MissingScope unless `install` has `scope`, or has no list of scopes at all."""
    if install.scopes and scope not in install.scopes.split():
        raise MissingScope(scope)

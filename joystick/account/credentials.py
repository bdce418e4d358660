"""What the gateway's `?token=` is made of."""

from __future__ import annotations

import logging
from base64 import b64encode
from dataclasses import dataclass
from typing import Protocol

from joystick.account import oauth, tokens
from joystick.models import Install
from joystick.settings_table import JoystickSettings
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.secrets_at_rest import unseal

log = logging.getLogger("joystick")


class Credentials(Protocol):
    """Where a listener gets its token. Each call is synchronous; all but `whose` may wait for the platform."""

    def check(self) -> None:
        """Look at the start whether the tokens still stand."""

    def whose(self) -> str | None:
        """Whose token it is, so that a change is noticed; None while there is nothing to come with."""

    def token(self) -> str | None:
        """The token for the socket, or None while there is none."""

    def renew(self, refused: str) -> bool:
        """This token was refused: get a new one. False when there is no way to. Raises Failed when it did not work."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """One token for ever."""

    value: str

    def check(self) -> None:
        """There is nothing to look at."""

    def whose(self) -> str:
        """Always the same."""
        return "fixed"

    def token(self) -> str:
        """The token."""
        return self.value

    def renew(self, refused: str) -> bool:
        """There is no other."""
        return False


class OfTheChannel:
    """`JOYSTICK_GATEWAY_TOKEN` as it stands; else what `JOYSTICK_TOKEN_KIND` says.

    `jwt` is the connected install's access token (what Joystick's page of July 2026 asks for), `basic` the key
    base64("client id:client secret") (what it asked for before, and its newest known client still sends); `auto` the
    first of these that there is.
    """

    def check(self) -> None:
        """Ask the platform about the tokens."""
        if oauth.is_configured():
            tokens.check()

    def whose(self) -> str | None:
        """A setting's, an install's, or the application's."""
        rules = JoystickSettings.current()
        if rules.joystick_gateway_token:
            return "setting"
        install = tokens.usable().first() if rules.joystick_token_kind != "basic" else None
        if install is not None:
            return f"install {install.pk} of {install.connected_at}"
        return "application" if _basic_key() else None

    def token(self) -> str | None:
        """The token, renewed first where that is due."""
        rules = JoystickSettings.current()
        if rules.joystick_gateway_token:
            return rules.joystick_gateway_token
        install = tokens.usable().first() if rules.joystick_token_kind != "basic" else None
        if install is None:
            return _basic_key()
        try:
            return tokens.access_token(install)
        except Failed as error:
            log.debug("%s: %s", install, error)  # whoever renews has said so
            return None

    def renew(self, refused: str) -> bool:
        """Renew the install's token. Where somebody else did that meanwhile, there is nothing left to do."""
        if refused in {JoystickSettings.current().joystick_gateway_token, _basic_key()}:
            return False
        for install in tokens.usable():
            if unseal(install.access_token) == refused:
                tokens.renew(install)
            return True
        return False


def _basic_key() -> str | None:
    """Not for who connected a channel once, and let it go: that is meant to end it."""
    rules = JoystickSettings.current()
    kind = rules.joystick_token_kind
    if kind == "jwt" or (kind == "auto" and Install.objects.filter(connected_at__isnull=False).exists()):
        return None
    if not (rules.joystick_client_id and rules.joystick_client_secret):
        return None
    return b64encode(f"{rules.joystick_client_id}:{rules.joystick_client_secret}".encode()).decode()

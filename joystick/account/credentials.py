"""The token for the gateway's `?token=`: a fixed one, an install's, or the application's key."""

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
    """A listener's source of tokens. All but `whose` and `advice` may wait for the platform."""

    def check(self) -> None:
        """Ask the platform, at the start, whether the tokens are still good."""

    def whose(self) -> str | None:
        """Name the token's owner, so that a change of owner is noticed; None while there is no token."""

    def token(self) -> str | None:
        """Return the token for the socket; None while there is none."""

    def renew(self, refused: str) -> bool:
        """Replace a refused token; return False where there is no way to. Raises Failed where that did not work."""

    def advice(self, refused: str) -> str:
        """Return a sentence for staff: where the refused token came from, and what can be done."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """One token that never changes."""

    value: str

    def check(self) -> None:
        pass

    def whose(self) -> str:
        return "fixed"

    def token(self) -> str:
        return self.value

    def renew(self, refused: str) -> bool:
        return False

    def advice(self, refused: str) -> str:
        return "Its fixed token is not accepted."


class ChannelCredentials:
    """The token of the connected channel: `JOYSTICK_GATEWAY_TOKEN` as it stands, else what `JOYSTICK_TOKEN_KIND` says.

    `jwt` is the connected install's access token (what Joystick's page of July 2026 asks for), `basic` the key
    base64("client id:client secret") (what it asked for before, and its newest known client still sends), `auto` is the
    first of these that there is.
    """

    def check(self) -> None:
        if oauth.is_configured():
            tokens.check()

    def whose(self) -> str | None:
        rules = JoystickSettings.current()
        if rules.joystick_gateway_token:
            return "setting"
        install = tokens.usable().first() if rules.joystick_token_kind != "basic" else None
        if install is not None:
            return f"install {install.pk} of {install.connected_at}"
        return "application" if _basic_key() else None

    def token(self) -> str | None:
        """Return the token, renewed first where that is due."""
        rules = JoystickSettings.current()
        if rules.joystick_gateway_token:
            return rules.joystick_gateway_token
        install = tokens.usable().first() if rules.joystick_token_kind != "basic" else None
        if install is None:
            return _basic_key()
        try:
            return tokens.access_token(install)
        except Failed as error:
            log.debug("%s: %s", install, error)  # the renewal has logged it as a warning
            return None

    def renew(self, refused: str) -> bool:
        """Renew the install's token, unless another thread or process has done so meanwhile."""
        if refused in {JoystickSettings.current().joystick_gateway_token, _basic_key()}:
            return False
        install = tokens.usable().first()
        if install is None:
            return False
        if unseal(install.access_token) == refused:
            tokens.renew(install)
        return True

    def advice(self, refused: str) -> str:
        """Return what to do about the setting, the application's key or the connected channel."""
        if refused == JoystickSettings.current().joystick_gateway_token:
            return "Set another JOYSTICK_GATEWAY_TOKEN in .env, and restart the bot."
        if refused == _basic_key():
            return "Check the application's id and secret on the page Settings, or connect the channel."
        return "Connect the channel again."


def _basic_key() -> str | None:
    rules = JoystickSettings.current()
    kind = rules.joystick_token_kind
    # None once a channel was ever connected: Disconnect must end the bot's access.
    if kind == "jwt" or (kind == "auto" and Install.objects.filter(connected_at__isnull=False).exists()):
        return None
    if not (rules.joystick_client_id and rules.joystick_client_secret):
        return None
    return b64encode(f"{rules.joystick_client_id}:{rules.joystick_client_secret}".encode()).decode()

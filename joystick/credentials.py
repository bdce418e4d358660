"""What the gateway's `?token=` is made of."""

from __future__ import annotations

import logging
from base64 import b64encode
from dataclasses import dataclass
from typing import Protocol

from django.conf import settings
from django.db.models import QuerySet

from joystick import oauth, tokens
from joystick.models import Install
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.seal import unseal

log = logging.getLogger("joystick")


class Credentials(Protocol):
    """Where a listener gets its token. Each call is synchronous; all but `exists` may wait for the platform."""

    def check(self) -> None:
        """Look at the start whether the tokens still stand."""

    def exists(self) -> bool:
        """Is there anything to come with?"""

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

    def exists(self) -> bool:
        """Always."""
        return True

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

    def exists(self) -> bool:
        """Is there anything to come with?"""
        kind = settings.JOYSTICK_TOKEN_KIND
        return bool(
            settings.JOYSTICK_GATEWAY_TOKEN
            or (kind != "basic" and _connected().exists())
            or (kind != "jwt" and _basic_key())
        )

    def token(self) -> str | None:
        """The token, renewed first where that is due."""
        if settings.JOYSTICK_GATEWAY_TOKEN:
            return str(settings.JOYSTICK_GATEWAY_TOKEN)
        kind = settings.JOYSTICK_TOKEN_KIND
        return (_jwt() if kind != "basic" else None) or (_basic_key() if kind != "jwt" else None)

    def renew(self, refused: str) -> bool:
        """Renew the install's token. Where somebody else did that meanwhile, there is nothing left to do."""
        if refused in {settings.JOYSTICK_GATEWAY_TOKEN, _basic_key()}:
            return False
        for install in _connected():
            if unseal(install.access_token) == refused:
                tokens.renew(install)
            return True
        return False


def _connected() -> QuerySet[Install]:
    return Install.objects.exclude(access_token="").filter(trouble="").order_by("-connected_at")


def _jwt() -> str | None:
    for install in _connected():
        try:
            return tokens.access_token(install)
        except Failed as error:
            log.warning("%s: %s", install, error)
    return None


def _basic_key() -> str | None:
    if not (settings.JOYSTICK_CLIENT_ID and settings.JOYSTICK_CLIENT_SECRET):
        return None
    return b64encode(f"{settings.JOYSTICK_CLIENT_ID}:{settings.JOYSTICK_CLIENT_SECRET}".encode()).decode()

"""What the gateway's `?token=` is made of."""

from __future__ import annotations

from base64 import b64encode

from django.conf import settings


def gateway_token() -> str | None:
    """The token for the socket, or None while there are no credentials.

    `JOYSTICK_GATEWAY_TOKEN` as it stands; else the basic key, base64("client id:client secret"), which Joystick's
    documentation named until July 2026 and its newest known client still sends.
    """
    if settings.JOYSTICK_GATEWAY_TOKEN:
        return str(settings.JOYSTICK_GATEWAY_TOKEN)
    if settings.JOYSTICK_CLIENT_ID and settings.JOYSTICK_CLIENT_SECRET:
        pair = f"{settings.JOYSTICK_CLIENT_ID}:{settings.JOYSTICK_CLIENT_SECRET}"
        return b64encode(pair.encode()).decode()
    return None

"""Connecting a channel, and letting it go."""

from __future__ import annotations

import logging

from django.utils import timezone

from joystick.account import oauth, rest, tokens
from joystick.account.oauth import Declined, NoAnswer, NotSent
from joystick.models import Install
from joystick.settings_table import JoystickSettings
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.secrets_at_rest import unseal

log = logging.getLogger("joystick")


def finish(code: str, *, verifier: str, redirect_uri: str) -> Install:
    """Turn the code that came back from the consent page into a connected Install. Raises Failed."""
    try:
        grant = oauth.exchange(code, verifier=verifier, redirect_uri=redirect_uri)
    except (Declined, NotSent, NoAnswer) as error:
        raise Failed(f"Joystick.tv gave no tokens ({error}). Try to connect again.") from error
    who = rest.identity(grant.access_token)
    install, _ = Install.objects.update_or_create(channel_id=who.channel_id, defaults={"username": who.username})
    install.scopes = " ".join(JoystickSettings.current().joystick_scopes)  # unless the answer tells which were granted
    install.connected_at = timezone.now()
    tokens.keep(install, grant)
    log.info("connected to the channel of %s", install)
    return install


def disconnect(install: Install) -> bool:
    """Revoke and forget the tokens. False when the platform could not be told; here they are forgotten all the same."""
    told = True
    try:
        refresh_token = unseal(install.refresh_token)
        if refresh_token:
            oauth.revoke(refresh_token)
    except (Declined, NotSent, NoAnswer, Failed) as error:
        log.warning("%s: the tokens could not be revoked: %s", install, error)
        told = False
    tokens.forget(install)
    log.info("disconnected from the channel of %s", install)
    return told

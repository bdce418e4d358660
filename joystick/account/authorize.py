"""Connects a channel, and disconnects it."""

from __future__ import annotations

import logging

from django.utils import timezone

from joystick.account import oauth, rest, roster, tokens
from joystick.account.oauth import Declined, NoAnswer, NotSent
from joystick.models import Install
from joystick.settings_table import JoystickSettings
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.secrets_at_rest import unseal
from pixelbot_site.kit.transactions import after_commit

log = logging.getLogger("joystick")


def finish(code: str, *, verifier: str, redirect_uri: str) -> Install:
    """Return the Install that the consent page's code connects. Raises Failed where Joystick gives no tokens for it."""
    try:
        grant = oauth.exchange(code, verifier=verifier, redirect_uri=redirect_uri)
    except (Declined, NotSent, NoAnswer) as error:
        raise Failed(f"Joystick.tv gave no tokens ({error}); try to connect again") from error
    channel = rest.identity(grant.access_token)
    install, _ = Install.objects.update_or_create(
        channel_id=channel.channel_id, defaults={"username": channel.username}
    )
    # What was asked for, until `tokens.keep` finds in the answer which scopes were granted.
    install.scopes = " ".join(JoystickSettings.current().joystick_scopes)
    install.connected_at = timezone.now()
    tokens.keep(install, grant)
    log.info("connected to the channel of %s", install)
    after_commit(roster.start)
    return install


def disconnect(install: Install) -> bool:
    """Revoke and forget the tokens; return whether Joystick could be told. They are forgotten here in any case."""
    is_revoked = True
    try:
        refresh_token = unseal(install.refresh_token)
        if refresh_token:
            oauth.revoke(refresh_token)
    except (Declined, NotSent, NoAnswer, Failed) as error:
        log.warning("%s: the tokens could not be revoked: %s", install, error)
        is_revoked = False
    tokens.forget(install)
    log.info("disconnected from the channel of %s", install)
    return is_revoked

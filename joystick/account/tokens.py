"""The tokens of an install: sealed in its row, renewed ahead of their end by one asker at a time.

A refresh token works once, and one that is presented again revokes the installation. So: who renews claims the row by
a conditional update, which works across threads and processes on both databases; the new pair is committed before it
is used; and after an answer that got lost, the platform is first asked whether the old token still stands.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from economy import cooldowns
from joystick.account import oauth
from joystick.account.oauth import Declined, Grant, NoAnswer, NotSent
from joystick.models import Install
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.secrets_at_rest import seal, unseal

log = logging.getLogger("joystick")

LOST_AFTER = timedelta(seconds=60)
"""Who claimed a renewal so long ago is dead, or never got its answer."""
WAIT_FOR_ANOTHER = 20.0
STORE_WITHIN = 30.0
TRY_AGAIN_AFTER = 30.0
"""Seconds until a platform that could not be reached is asked again, whoever needs a token meanwhile."""
LATER = "The platform can't be asked at the moment; the tokens will be renewed later."


class Later(Failed):
    """Not now; nothing is lost, and it will be tried again."""


def keep(install: Install, grant: Grant) -> None:
    """Store the first pair of a connection; whatever was wrong before is mended by it."""
    install.scopes = grant.scopes or install.scopes
    install.save()
    Install.objects.filter(pk=install.pk).update(**_columns(grant))
    install.refresh_from_db()


def forget(install: Install) -> None:
    """Take the tokens out of the row."""
    Install.objects.filter(pk=install.pk).update(
        access_token="", refresh_token="", expires_at=None, refreshing_since=None, trouble="", scopes=""
    )


def usable() -> QuerySet[Install]:
    """The installs with an access token that is good, or can be renewed; the one connected last comes first."""
    good = Q(trouble="") | Q(expires_at__gt=timezone.now())
    return Install.objects.exclude(access_token="").filter(good).order_by("-connected_at")


def access_token(install: Install) -> str:
    """A token to call with, renewed first where it is due. Raises Failed where there is none."""
    install.refresh_from_db()
    if not install.access_token:
        raise Failed("The channel is not connected.")
    is_good = install.expires_at is None or install.expires_at > timezone.now()
    if install.trouble and not is_good:
        raise Failed(install.trouble)
    if is_due(install) and not install.trouble and not (is_good and _is_claimed(install)):
        try:
            renew(install)
        except Failed as error:
            if not is_good:
                raise
            log.warning("%s", error)
    return _opened(install, install.access_token)


def is_due(install: Install) -> bool:
    """Is half of the token's life over, or an answer missing? The other half is for mending what may go wrong."""
    if install.expires_at is None or install.refreshed_at is None:
        return bool(install.refresh_token)
    half = install.refreshed_at + (install.expires_at - install.refreshed_at) / 2
    return timezone.now() >= half or (install.refreshing_since is not None and not _is_claimed(install))


def _is_claimed(install: Install) -> bool:
    since = install.refreshing_since
    return since is not None and since > timezone.now() - LOST_AFTER


def renew(install: Install) -> None:
    """Get a new pair into the row, and into `install`. Whoever comes second waits for the first and takes its tokens.

    Call it outside of transactions: it waits for the platform. Raises Later where time will help, and Failed where only
    the streamer can, who sees it then.
    """
    used = install.refresh_token
    if not used:
        raise Failed("There is no refresh token. Connect the channel again.")
    if cooldowns.seconds_left(_later(install), now=timezone.now()):
        raise Later(LATER)
    refresh_token = _opened(install, used)
    claimed_at = timezone.now()
    claimable = Install.objects.filter(
        Q(refreshing_since__isnull=True) | Q(refreshing_since__lt=claimed_at - LOST_AFTER),
        pk=install.pk,
        refresh_token=used,
        trouble="",
    )
    was_lost = claimable.filter(refreshing_since__isnull=False).exists()
    if not claimable.update(refreshing_since=claimed_at):
        _take_anothers(install, used)
        return
    if was_lost:
        _require_unused(install, refresh_token)
    grant = _refreshed(install, refresh_token, claimed_at)
    if _stored(install, used, grant):
        log.info("tokens of %s renewed, good until %s", install, f"{grant.expires_at:%Y-%m-%d %H:%M} UTC")


def _refreshed(install: Install, refresh_token: str, claimed_at: datetime) -> Grant:
    try:
        return oauth.refresh(refresh_token)
    except NotSent as error:
        Install.objects.filter(pk=install.pk, refreshing_since=claimed_at).update(refreshing_since=None)
        cooldowns.take({_later(install): TRY_AGAIN_AFTER}, now=timezone.now())
        raise Later(f"{LATER} ({error})") from error
    except NoAnswer as error:
        # Not asked again before the platform has told what became of it: see `_require_unused`.
        raise Later(f"The answer to a token renewal got lost ({error}); it will be looked into.") from error
    except Declined as error:
        reason = f"Joystick does not renew the connection ({error}). Connect the channel again."
        raise _broken(install, reason) from error


def renew_due() -> None:
    """Renew whatever is due. Runs on a schedule; one install's trouble is not the others'."""
    for install in Install.objects.exclude(refresh_token="").filter(trouble=""):
        if is_due(install):
            try:
                renew(install)
            except Failed as error:
                log.warning("%s: %s", install, error)


def check() -> None:
    """At the start: does the platform still know our tokens? What it does not know any more is renewed, or marked."""
    for install in Install.objects.exclude(access_token="").filter(trouble=""):
        try:
            if not oauth.is_live(_opened(install, install.access_token)):
                log.info("the access token of %s is not valid any more", install)
                renew(install)
        except (Declined, NotSent, NoAnswer, Failed) as error:
            log.warning("%s: the tokens could not be checked: %s", install, error)


def _columns(grant: Grant) -> dict[str, Any]:
    return {
        "access_token": seal(grant.access_token),
        "refresh_token": seal(grant.refresh_token),
        "refreshed_at": grant.issued_at,
        "expires_at": grant.expires_at,
        "refreshing_since": None,
        "trouble": "",
    }


def _stored(install: Install, used: str, grant: Grant) -> bool:
    """Put the new pair in the used one's place. False when the channel was let go, or connected anew, meanwhile."""
    until = time.monotonic() + STORE_WITHIN
    while True:
        try:
            mine = Install.objects.filter(pk=install.pk, refresh_token=used).update(**_columns(grant))
            break
        except (OperationalError, InterfaceError) as error:
            # It is the only pair that is good now: a database in trouble must not lose it.
            if time.monotonic() > until:
                raise
            log.error("the new tokens of %s can't be stored, trying again: %s", install, error)
            connection.close()
            time.sleep(0.5)
    if not mine:
        with suppress(Declined, NotSent, NoAnswer):
            oauth.revoke(grant.refresh_token)
    install.refresh_from_db()
    return bool(mine)


def _require_unused(install: Install, refresh_token: str) -> None:
    try:
        unused = oauth.is_live(refresh_token)
    except (Declined, NotSent, NoAnswer) as error:
        raise Later(f"{LATER} ({error})") from error  # the claim stays, and is looked into again
    if not unused:
        raise _broken(install, "The answer to a token renewal got lost. Connect the channel again.")


def _take_anothers(install: Install, used: str) -> None:
    until = time.monotonic() + WAIT_FOR_ANOTHER
    while time.monotonic() < until:
        install.refresh_from_db()
        if install.trouble:
            raise Failed(install.trouble)
        if install.refresh_token != used:
            return
        if install.refreshing_since is None:
            raise Later(LATER)
        time.sleep(0.1)
    raise Later(LATER)


def _opened(install: Install, sealed: str) -> str:
    try:
        return unseal(sealed)
    except Failed as error:
        raise _broken(install, str(error)) from error


def _later(install: Install) -> str:
    return f"tokens.later:{install.pk}"


def _broken(install: Install, reason: str) -> Failed:
    """Mark the install, unless it was connected anew meanwhile."""
    mine = Install.objects.filter(pk=install.pk, refresh_token=install.refresh_token)
    if mine.update(trouble=reason, refreshing_since=None):
        log.error("%s needs reconnecting: %s", install, reason)
    return Failed(reason)

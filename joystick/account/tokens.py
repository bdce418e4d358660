"""The tokens of an install: sealed in its row, and renewed before they expire by one caller at a time.

A refresh token works once, and one that is presented again revokes the installation. So a renewal first claims the row
by a conditional update, which works across threads and processes on both databases; the new pair is committed before
it is used; and after a lost answer the platform is first asked whether the old refresh token is still unused.
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

# A claim older than this is abandoned: its process died, or the answer got lost.
LOST_AFTER = timedelta(seconds=60)
# Seconds to wait for the tokens of another renewal.
WAIT_FOR_ANOTHER = 20.0
# Seconds to go on trying to store a new pair.
STORE_WITHIN = 30.0
# Seconds until a platform that could not be reached is asked again, however often a token is needed meanwhile.
TRY_AGAIN_AFTER = 30.0
POSTPONED = "Joystick.tv can't be asked at the moment; the tokens will be renewed later"


class RenewalPostponed(Failed):
    """The tokens could not be renewed now; nothing is lost, and it will be tried again."""


def keep(install: Install, grant: Grant) -> None:
    """Store the first pair of a connection, which also clears any trouble that the install had."""
    install.scopes = grant.scopes or install.scopes
    install.save()
    Install.objects.filter(pk=install.pk).update(**_columns(grant))
    install.refresh_from_db()


def forget(install: Install) -> None:
    """Remove the tokens from the row."""
    Install.objects.filter(pk=install.pk).update(
        access_token="", refresh_token="", expires_at=None, refreshing_since=None, trouble="", scopes=""
    )


def usable() -> QuerySet[Install]:
    """Return the installs whose access token is good or can be renewed, the one connected last first."""
    good = Q(trouble="") | Q(expires_at__gt=timezone.now())
    return Install.objects.exclude(access_token="").filter(good).order_by("-connected_at")


def access_token(install: Install) -> str:
    """Return a token to call the API with, renewed first where that is due. Raises Failed where there is none."""
    install.refresh_from_db()
    if not install.access_token:
        raise Failed("the channel is not connected")
    is_good = install.expires_at is None or install.expires_at > timezone.now()
    if install.trouble and not is_good:
        raise Failed(install.trouble)
    # A token that is still good is used to its end: neither another renewal nor a failed one holds its caller up.
    if is_due(install) and not install.trouble and not (is_good and _is_claimed(install)):
        try:
            renew(install)
        except Failed as error:
            if not is_good:
                raise
            log.warning("%s", error)
    return _unsealed(install, install.access_token)


def is_due(install: Install) -> bool:
    """Return whether the tokens should be renewed: half of their life is over, or an answer got lost."""
    # The other half is time for further attempts, and for the streamer to connect again.
    if install.expires_at is None or install.refreshed_at is None:
        return bool(install.refresh_token)
    half = install.refreshed_at + (install.expires_at - install.refreshed_at) / 2
    return timezone.now() >= half or (install.refreshing_since is not None and not _is_claimed(install))


def _is_claimed(install: Install) -> bool:
    since = install.refreshing_since
    return since is not None and since > timezone.now() - LOST_AFTER


def renew(install: Install) -> None:
    """Get a new pair into the row and into `install`. A second caller waits for the first, and takes its tokens.

    Call it outside of transactions, since it waits for the platform. Raises RenewalPostponed where it will be tried
    again, and Failed where the streamer must connect again, which the dashboard then says.
    """
    used = install.refresh_token
    if not used:
        raise Failed("there is no refresh token: connect the channel again")
    if cooldowns.seconds_left(_retry_key(install), now=timezone.now()):
        raise RenewalPostponed(POSTPONED)
    refresh_token = _unsealed(install, used)
    claimed_at = timezone.now()
    claimable = Install.objects.filter(
        Q(refreshing_since__isnull=True) | Q(refreshing_since__lt=claimed_at - LOST_AFTER),
        pk=install.pk,
        refresh_token=used,
        trouble="",
    )
    # Read before the claim, which overwrites it. Two callers may both see it, and one of them gets the claim.
    was_lost = claimable.filter(refreshing_since__isnull=False).exists()
    if not claimable.update(refreshing_since=claimed_at):
        _await_other_renewal(install, used)
        return
    if was_lost:
        _require_unused(install, refresh_token)
    grant = _refresh(install, refresh_token, claimed_at)
    if _store(install, used, grant):
        log.info("tokens of %s renewed, good until %s", install, f"{grant.expires_at:%Y-%m-%d %H:%M} UTC")


def _refresh(install: Install, refresh_token: str, claimed_at: datetime) -> Grant:
    try:
        return oauth.refresh(refresh_token)
    except NotSent as error:
        Install.objects.filter(pk=install.pk, refreshing_since=claimed_at).update(refreshing_since=None)
        cooldowns.take({_retry_key(install): TRY_AGAIN_AFTER}, now=timezone.now())
        raise RenewalPostponed(f"{POSTPONED} ({error})") from error
    except NoAnswer as error:
        # The claim stays, so that the next renewal first asks what became of this one: see `_require_unused`.
        raise RenewalPostponed(f"the answer to a token renewal got lost ({error}); it will be checked later") from error
    except Declined as error:
        reason = f"Joystick.tv does not renew the connection ({error}): connect the channel again"
        raise _mark_broken(install, reason) from error


def renew_due() -> None:
    """Renew every install that is due. Runs on a schedule; one that fails does not keep the others from it."""
    for install in Install.objects.exclude(refresh_token="").filter(trouble=""):
        if is_due(install):
            try:
                renew(install)
            except Failed as error:
                log.warning("%s: %s", install, error)


def check() -> None:
    """Ask the platform whether it still knows our access tokens; renew those it does not, or mark their installs."""
    for install in Install.objects.exclude(access_token="").filter(trouble=""):
        try:
            if not oauth.is_live(_unsealed(install, install.access_token)):
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


def _store(install: Install, used: str, grant: Grant) -> bool:
    """Replace the used pair by the new one. False where the channel was disconnected or connected anew meanwhile."""
    until = time.monotonic() + STORE_WITHIN
    while True:
        try:
            is_stored = Install.objects.filter(pk=install.pk, refresh_token=used).update(**_columns(grant))
            break
        except (OperationalError, InterfaceError) as error:
            # This is the only good pair now: it must survive a database that is busy or away for a while.
            if time.monotonic() > until:
                raise
            log.error("the new tokens of %s can't be stored, trying again: %s", install, error)
            connection.close()
            time.sleep(0.5)
    if not is_stored:
        # Nobody will ever use this pair.
        with suppress(Declined, NotSent, NoAnswer):
            oauth.revoke(grant.refresh_token)
    install.refresh_from_db()
    return bool(is_stored)


def _require_unused(install: Install, refresh_token: str) -> None:
    try:
        unused = oauth.is_live(refresh_token)
    except (Declined, NotSent, NoAnswer) as error:
        # The claim stays, so that the next renewal asks again.
        raise RenewalPostponed(f"{POSTPONED} ({error})") from error
    if not unused:
        raise _mark_broken(install, "the answer to a token renewal got lost: connect the channel again")


def _await_other_renewal(install: Install, used: str) -> None:
    until = time.monotonic() + WAIT_FOR_ANOTHER
    while time.monotonic() < until:
        install.refresh_from_db()
        if install.trouble:
            raise Failed(install.trouble)
        if install.refresh_token != used:
            return
        if install.refreshing_since is None:
            raise RenewalPostponed(POSTPONED)  # the other one could not reach the platform
        time.sleep(0.1)
    raise RenewalPostponed(POSTPONED)


def _unsealed(install: Install, sealed: str) -> str:
    try:
        return unseal(sealed)
    except Failed as error:
        raise _mark_broken(install, str(error)) from error


def _retry_key(install: Install) -> str:
    return f"tokens.later:{install.pk}"


def _mark_broken(install: Install, reason: str) -> Failed:
    # By its refresh token, so that an install connected anew meanwhile keeps its good tokens.
    rows = Install.objects.filter(pk=install.pk, refresh_token=install.refresh_token)
    if rows.update(trouble=reason, refreshing_since=None):
        log.error("%s needs reconnecting: %s", install, reason)
    return Failed(reason)

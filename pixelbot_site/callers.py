"""The API's callers: programs, known by their token, and staff, known by their login."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from ninja.errors import HttpError

from pixelbot_site.kit.api import Caller
from pixelbot_site.logins import guesses
from pixelbot_site.models import ApiToken, scopes_of

# How exactly a token's last use is stored. With a write for each call, reading would wait for SQLite's one writer.
LAST_USE_STEP = timedelta(minutes=1)


def identify(request: HttpRequest, token: str | None) -> Caller | None:
    """Return the caller with `token`, or without one, the person logged in.

    Returns None for an unknown, revoked or ended token, and where the person or the token's owner is not active staff.
    Raises HttpError 429 for a wrong token after many others.
    """
    if token is None:
        return _by_login(request)
    caller = _by_token(token)
    if caller is None and guesses.is_throttled(request):
        raise HttpError(429, "Too many wrong tokens. Wait a minute.")
    return caller


def _by_token(token: str) -> Caller | None:
    now = timezone.now()
    known = ApiToken.objects.filter(digest=ApiToken.hashed(token), revoked_at=None).select_related("owner")
    row = known.filter(Q(ends_at=None) | Q(ends_at__gt=now)).first()
    if row is None or not _is_staff(row.owner):
        return None
    if row.last_used_at is None or now - row.last_used_at > LAST_USE_STEP:
        ApiToken.objects.filter(pk=row.pk).update(last_used_at=now)
    return Caller(f"token {row.name}", row.allowed() & scopes_of(row.owner), row.owner.has_perm)


def _by_login(request: HttpRequest) -> Caller | None:
    if not _is_staff(request.user):
        return None
    return Caller(request.user.get_username(), scopes_of(request.user), request.user.has_perm)


def _is_staff(user: User | AnonymousUser) -> bool:
    return user.is_active and user.is_staff

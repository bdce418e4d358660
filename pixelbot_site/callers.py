"""Who calls the API: programs by their token, staff by their login."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest
from django.utils import timezone
from ninja.errors import HttpError

from pixelbot_site import guesses
from pixelbot_site.kit.api import Caller, Scope
from pixelbot_site.models import ApiToken

# Django's permission that stands for a scope where staff are logged in, and that the owner of a token needs for it.
PERMISSIONS = {
    Scope.READ: "economy.view_viewer",
    Scope.POINTS: "economy.change_points",
    Scope.QUEUE: "effects.change_queueitem",
    Scope.ADMIN: "joystick.change_install",
}

# A token's last use is stored to the minute: writing it at each call would make each call a writer.
LAST_USE_STEP = timedelta(minutes=1)


def identify(request: HttpRequest, token: str | None) -> Caller | None:
    """Return who sent `token`, or without one, who is logged in; None for an unknown token and for people who are no
    active staff. Raise HttpError 429 for a wrong token after many others.
    """
    if token is None:
        return _by_login(request)
    caller = _by_token(token)
    if caller is None and guesses.is_throttled(request):
        raise HttpError(429, "Too many wrong tokens. Wait a minute.")
    return caller


def _by_token(token: str) -> Caller | None:
    found = ApiToken.objects.filter(digest=ApiToken.hashed(token), revoked_at=None).select_related("owner").first()
    if found is None or not _is_staff(found.owner):
        return None
    now = timezone.now()
    if found.last_used_at is None or now - found.last_used_at > LAST_USE_STEP:
        ApiToken.objects.filter(pk=found.pk).update(last_used_at=now)
    return Caller(f"token {found.name}", found.allowed() & _scopes_of(found.owner))


def _by_login(request: HttpRequest) -> Caller | None:
    if not _is_staff(request.user):
        return None
    return Caller(request.user.get_username(), _scopes_of(request.user))


def _is_staff(user: User | AnonymousUser) -> bool:
    return user.is_active and user.is_staff


def _scopes_of(user: User | AnonymousUser) -> frozenset[Scope]:
    return frozenset(scope for scope, permission in PERMISSIONS.items() if user.has_perm(permission))

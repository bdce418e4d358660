"""The REST API under /admin/api/: who is let in, and which app's endpoints there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.admin.views.decorators import staff_member_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, Throttled
from ninja.errors import ValidationError as InputError
from ninja.security import HttpBearer, SessionAuth
from ninja.throttling import AuthRateThrottle

from economy.api import router as economy_router
from economy.batches.api import router as batch_router
from effects.api import router as effects_router
from joystick.api import router as joystick_router
from pixelbot_site.kit.api import PERMISSIONS
from pixelbot_site.kit.errors import Failed, Refused
from pixelbot_site.models import ApiToken
from pixelbot_site.settings_table import LoginSettings
from redeems.api import router as redeems_router

USED_EVERY = timedelta(minutes=1)
"""How exactly a token's last use is kept: a row written at each call would be a writer more."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and what they may."""

    name: str
    scopes: frozenset[str]

    def __str__(self) -> str:
        return self.name  # what the throttle counts by


class Bearer(HttpBearer):
    """`Authorization: Bearer pxb_…`."""

    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        """The token's caller, if there is such a token and its owner is still staff."""
        found = ApiToken.objects.filter(digest=ApiToken.hashed(token), revoked_at=None).select_related("owner").first()
        if found is None or not (found.owner.is_active and found.owner.is_staff):
            return None
        now = timezone.now()
        if found.last_used_at is None or now - found.last_used_at > USED_EVERY:
            ApiToken.objects.filter(pk=found.pk).update(last_used_at=now)
        held = {scope.value for scope, permission in PERMISSIONS.items() if found.owner.has_perm(permission)}
        return Caller(f"token {found.name}", found.allowed() & held)


class Staff(SessionAuth):
    """The dashboard's login, with the CSRF token in `X-CSRFToken`."""

    def authenticate(self, request: HttpRequest, key: str | None) -> Caller | None:
        """The staff's caller; what they may is what Django lets them."""
        user = request.user
        if not (user.is_active and user.is_staff):
            return None
        held = frozenset(scope.value for scope, permission in PERMISSIONS.items() if user.has_perm(permission))
        return Caller(user.get_username(), held)


api = NinjaAPI(
    title="Pixel Bot",
    version="1",
    description="Viewers, points, XP, redeems, the queue and the channel. Scopes: read, points, queue, admin.",
    auth=[Bearer(), Staff()],
    docs_decorator=staff_member_required,
    throttle=[AuthRateThrottle(LoginSettings.current().api_rate_limit)],
    urls_namespace="api",
)
api.add_router("", economy_router)
api.add_router("", batch_router)
api.add_router("", effects_router)
api.add_router("", redeems_router)
api.add_router("", joystick_router)


def _answer(request: HttpRequest, status: int, detail: str, errors: list[str] | None = None) -> HttpResponse:
    return api.create_response(request, {"detail": detail, "errors": errors or []}, status=status)


@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    return _answer(request, error.status_code, str(error))


@api.exception_handler(Throttled)
def _too_many(request: HttpRequest, error: Throttled) -> HttpResponse:
    answer = _answer(request, 429, f"Too many requests: at most {LoginSettings.current().api_rate_limit}.")
    if error.wait:
        answer["Retry-After"] = str(error.wait)
    return answer


@api.exception_handler(AuthenticationError)
def _nobody(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return _answer(request, 401, "Log in to the dashboard, or send a token: Authorization: Bearer pxb_….")


@api.exception_handler(Http404)
def _not_there(request: HttpRequest, error: Http404) -> HttpResponse:
    return _answer(request, 404, "There is no such thing.")


@api.exception_handler(InputError)
def _bad_input(request: HttpRequest, error: InputError) -> HttpResponse:
    def told(one: dict[str, Any]) -> str:
        return f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}"

    return _answer(request, 422, "Something in the request is wrong.", [told(one) for one in error.errors])


@api.exception_handler(Refused)
@api.exception_handler(Failed)
def _conflict(request: HttpRequest, error: Exception) -> HttpResponse:
    return _answer(request, 409, str(error))


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return _answer(request, 422, "Something in the request is wrong.", error.messages)

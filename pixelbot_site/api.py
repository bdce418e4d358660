"""The REST API under /admin/api/: the endpoints of each app, `/health`, and what every error looks like."""

from __future__ import annotations

from django.contrib.admin.views.decorators import staff_member_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from ninja import NinjaAPI, Router, Schema
from ninja.errors import AuthenticationError, HttpError, Throttled
from ninja.errors import ValidationError as InputError
from ninja.throttling import AuthRateThrottle

from economy.api import router as economy_router
from economy.batches.api import router as batch_router
from economy.models import Viewer
from economy.viewers import presence
from effects.api import router as effects_router
from effects.models import QueueItem, State
from joystick.api import router as joystick_router
from joystick.gateway import health as connection
from pixelbot_site import callers, dashboard
from pixelbot_site.kit.api import ApiRequest, Scope, answers, identify_callers_with, needs
from pixelbot_site.kit.errors import Failed, Refused
from pixelbot_site.settings_table import LoginSettings
from redeems.api import router as redeems_router

router = Router(tags=["channel"])


class HealthOut(Schema):
    """How the bot stands. `ok` is false where staff must act; `troubles` says why, as the dashboard's red lines do."""

    ok: bool
    connection: str
    seconds_since_frame: float | None
    troubles: list[str]


class StatsOut(Schema):
    """Figures of now."""

    viewers: int
    present: int
    queue: int
    events_per_minute: int


@router.get("/health", response=answers(HealthOut), auth=needs(Scope.READ))
def health(request: ApiRequest) -> HealthOut:
    """The line to Joystick, and every trouble that the dashboard shows."""
    line = connection.health()
    troubles = dashboard.trouble()
    return HealthOut(ok=not troubles, connection=line.state, seconds_since_frame=line.age, troubles=troubles)


@router.get("/stats", response=answers(StatsOut), auth=needs(Scope.READ))
def stats(request: ApiRequest) -> StatsOut:
    """Figures of now. `viewers` is the newest viewer's number, which counting would not make truer."""
    newest = Viewer.objects.order_by("-pk").values_list("pk", flat=True).first()
    return StatsOut(
        viewers=newest or 0,
        present=presence.present(now=timezone.now()).count(),
        queue=QueueItem.objects.filter(state=State.PENDING).count(),
        events_per_minute=connection.health().events_per_minute,
    )


identify_callers_with(callers.identify)

api = NinjaAPI(
    title="Pixel Bot",
    version="1",
    description="Viewers, points, XP, redeems, the queue and the channel. Scopes: read, points, queue, admin.",
    auth=needs(*Scope),  # each operation has its own; one without would need every scope
    docs_decorator=staff_member_required,
    throttle=[AuthRateThrottle(LoginSettings.current().api_rate_limit)],
    urls_namespace="api",
)
api.add_router("", economy_router)
api.add_router("", batch_router)
api.add_router("", effects_router)
api.add_router("", redeems_router)
api.add_router("", joystick_router)
api.add_router("", router)


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
    mistakes = [f"{'.'.join(str(part) for part in mistake['loc'])}: {mistake['msg']}" for mistake in error.errors]
    return _answer(request, 422, "Something in the request is wrong.", mistakes)


@api.exception_handler(Refused)
@api.exception_handler(Failed)
def _conflict(request: HttpRequest, error: Exception) -> HttpResponse:
    return _answer(request, 409, str(error))


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return _answer(request, 422, "Something in the request is wrong.", error.messages)

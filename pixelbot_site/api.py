"""The REST API under /admin/api/: the routers of each app, `/health` and `/stats`, and the answers to errors."""

from __future__ import annotations

from django.conf import settings
from django.contrib.admin.views.decorators import staff_member_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from ninja import NinjaAPI, Router, Schema
from ninja.errors import AuthenticationError, HttpError, Throttled
from ninja.errors import ValidationError as InputError
from ninja.openapi.docs import Swagger
from ninja.throttling import AuthRateThrottle

from economy.api import router as economy_router
from economy.batches.api import router as batch_router
from economy.models import Viewer
from economy.viewers import presence
from effects.api import router as effects_router
from effects.models import QueueItem, State
from joystick.api import router as joystick_router
from joystick.channel import health as connection
from pixelbot_site import callers
from pixelbot_site.index import lamps
from pixelbot_site.index.lamp import Color
from pixelbot_site.kit.api import ApiRequest, Scope, answers, identify_callers_with, needs
from pixelbot_site.kit.errors import Failed, Refused
from pixelbot_site.settings_table import LoginSettings
from redeems.api import router as redeems_router

router = Router(tags=["channel"])


class HealthOut(Schema):
    """The bot's health. `ok` is false where staff must act; `troubles` are the dashboard's red lines that say why."""

    ok: bool
    connection: str
    seconds_since_frame: float | None
    troubles: list[str]


class StatsOut(Schema):
    """Present figures."""

    viewers: int
    present: int
    queue: int
    events_per_minute: int


@router.get("/health", response=answers(HealthOut), auth=needs(Scope.READ, permission="joystick.view_connection"))
def health(request: ApiRequest) -> HealthOut:
    """Return the state of the connection to Joystick, and every trouble that the dashboard shows."""
    line = connection.health()
    troubles = lamps.trouble()
    return HealthOut(ok=not troubles, connection=line.state, seconds_since_frame=line.age, troubles=troubles)


class LampOut(Schema):
    """The state of one part: green works, amber wants a look, red must be mended, grey is not known."""

    key: str
    label: str
    color: Color
    sentences: list[str]


@router.get(
    "/preflight", response=answers(list[LampOut]), auth=needs(Scope.READ, permission="joystick.view_connection")
)
def preflight(request: ApiRequest) -> list[LampOut]:
    """Return every lamp of the dashboard's index."""
    return [
        LampOut(key=lamp.key, label=lamp.label, color=lamp.color, sentences=list(lamp.sentences))
        for lamp in lamps.lamps()
    ]


@router.get("/stats", response=answers(StatsOut), auth=needs(Scope.READ, permission="joystick.view_connection"))
def stats(request: ApiRequest) -> StatsOut:
    """Return present figures. `viewers` is the newest viewer's id: about their number, without counting them."""
    newest = Viewer.objects.order_by("-pk").values_list("pk", flat=True).first()
    return StatsOut(
        viewers=newest or 0,
        present=presence.present(now=timezone.now()).count(),
        queue=QueueItem.objects.filter(state=State.PENDING).count(),
        events_per_minute=connection.health().events_per_minute,
    )


identify_callers_with(callers.identify)


class Docs(Swagger):
    """The documentation from our own server: for a project without ninja among its apps, ninja asks a CDN."""

    template_cdn = str(settings.NINJA / "templates" / "ninja" / "swagger.html")


api = NinjaAPI(
    title="Pixel Bot",
    version="1",
    description="Viewers, points, XP, redeems, the queue and the channel. Scopes: read, points, queue, admin.",
    auth=needs(*Scope),  # for an operation that names none of its own
    docs=Docs(),
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

urlpatterns, _, _ = api.urls  # `pixelbot_site.urls` names this module


def _respond(request: HttpRequest, status: int, detail: str, errors: list[str] | None = None) -> HttpResponse:
    return api.create_response(request, {"detail": detail, "errors": errors or []}, status=status)


@api.exception_handler(HttpError)
def _answer_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    return _respond(request, error.status_code, str(error))


@api.exception_handler(Throttled)
def _answer_throttled(request: HttpRequest, error: Throttled) -> HttpResponse:
    answer = _respond(request, 429, f"Too many requests: at most {LoginSettings.current().api_rate_limit}.")
    if error.wait:
        answer["Retry-After"] = str(error.wait)
    return answer


@api.exception_handler(AuthenticationError)
def _answer_unknown_caller(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return _respond(request, 401, "Log in to the dashboard, or send a token: Authorization: Bearer pxb_….")


@api.exception_handler(Http404)
def _answer_not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return _respond(request, 404, "There is no such thing.")


@api.exception_handler(InputError)
def _answer_bad_input(request: HttpRequest, error: InputError) -> HttpResponse:
    mistakes = [f"{'.'.join(str(part) for part in mistake['loc'])}: {mistake['msg']}" for mistake in error.errors]
    return _respond(request, 422, "Something in the request is wrong.", mistakes)


@api.exception_handler(Refused)
@api.exception_handler(Failed)
def _answer_conflict(request: HttpRequest, error: Exception) -> HttpResponse:
    return _respond(request, 409, f"{error}.")


@api.exception_handler(ValidationError)
def _answer_invalid_model(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return _respond(request, 422, "Something in the request is wrong.", error.messages)

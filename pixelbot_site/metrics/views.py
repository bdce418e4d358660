"""`/metrics` of the web server."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from pixelbot_site.logins import guesses
from pixelbot_site.metrics import text


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with the metrics of this process and of the database; 404 without METRICS_TOKEN, 401 without the token."""
    if not text.is_on():
        raise Http404
    if not text.is_allowed(request.headers.get("Authorization", "")):
        if guesses.is_throttled(request, "metrics token"):
            return HttpResponse("Too many wrong tokens. Wait a minute.\n", status=429, content_type="text/plain")
        refusal = HttpResponse("Send the token: Authorization: Bearer …\n", status=401, content_type="text/plain")
        refusal["WWW-Authenticate"] = "Bearer"
        return refusal
    answer = HttpResponse(text.of_everything(), content_type=text.CONTENT_TYPE)
    answer["Cache-Control"] = "no-store"
    return answer

"""While the database's file is away, every page says so and nothing else."""

from __future__ import annotations

from collections.abc import Callable

from django.db import DEFAULT_DB_ALIAS, connections
from django.http import HttpRequest, HttpResponse, JsonResponse

from pixelbot_site.kit.sqlite.base import DatabaseWrapper


class DatabaseFileMiddleware:
    """Answers 503 with a sentence where the file is gone, replaced or damaged."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Return the page, or the sentence."""
        if sentence := _trouble():
            return _unavailable(request, sentence)
        response = self._get_response(request)
        # Noticed by this request itself.
        return _unavailable(request, sentence) if response.status_code == 500 and (sentence := _trouble()) else response


def _trouble() -> str:
    database = connections[DEFAULT_DB_ALIAS]
    return database.file.trouble() if isinstance(database, DatabaseWrapper) else ""


def _unavailable(request: HttpRequest, sentence: str) -> HttpResponse:
    if request.path.startswith("/admin/api/"):
        return JsonResponse({"detail": sentence, "errors": []}, status=503)
    return HttpResponse(sentence, content_type="text/plain; charset=utf-8", status=503)

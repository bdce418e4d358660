"""A link that logs the streamer in, once. The start opens it in the browser, so that nobody needs a password then."""

from __future__ import annotations

import hashlib
import secrets

from django.contrib.auth import get_user_model, login
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from pixelbot_site.settings_table import LOOPBACK

LIFETIME = 60  # seconds


def new() -> str:
    """Return the path of a new link."""
    token = secrets.token_urlsafe(32)
    cache.set(_key(token), True, LIFETIME)
    return reverse("start-link", args=[token])


@never_cache
@require_GET
def follow(request: HttpRequest, token: str) -> HttpResponse:
    """Log the first superuser in and show the dashboard; a link that is used, old or from elsewhere shows the login."""
    # Deleting tells whether it was there: of two who follow it at once, one is logged in.
    if _is_on_this_machine(request) and cache.delete(_key(token)):
        owner = get_user_model().objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
        if owner is not None:
            login(request, owner, backend="django.contrib.auth.backends.ModelBackend")
    return redirect("admin:index")


def _is_on_this_machine(request: HttpRequest) -> bool:
    # The host, too: a proxy on this machine passes on requests of others.
    host = request.get_host().rpartition(":")[0] or request.get_host()
    return request.META.get("REMOTE_ADDR") in LOOPBACK and host.strip("[]") in LOOPBACK


def _key(token: str) -> str:
    return f"start-link:{hashlib.sha256(token.encode()).hexdigest()}"

"""The staff's way through the platform's consent page: to it, back from it, and out again.

What must come back with the browser (`state`) and what proves us to be the same (`verifier`) stay in the staff
member's own session; they are taken out of it by the first return, whatever that brings.
"""

from __future__ import annotations

import secrets
import time
from functools import partial

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from joystick.account import authorize, oauth
from joystick.models import Install
from pixelbot_site.kit.errors import Failed

KEPT = "joystick_connect"
GOOD_FOR = 600.0
"""Seconds for the round trip."""
INSTALLS = "admin:joystick_install_changelist"


@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """Send the browser to the platform's consent page."""
    if not oauth.is_configured():
        return _stop(request, "There is no application to connect with: set JOYSTICK_CLIENT_ID in .env.", status=400)
    redirect_uri = request.build_absolute_uri(reverse("admin:joystick_install_callback"))
    attempt = oauth.begin(redirect_uri)
    request.session[KEPT] = {
        "state": attempt.state,
        "verifier": attempt.verifier,
        "redirect_uri": redirect_uri,
        "at": time.time(),
    }
    return HttpResponseRedirect(attempt.url)


@require_GET
@never_cache
def callback(request: HttpRequest) -> HttpResponse:
    """The browser comes back. Only with the state of this session's latest attempt, once, within ten minutes."""
    stop = partial(_stop, request)
    kept = request.session.pop(KEPT, None)
    # Django does not save the session with an answer of 5xx, and a state must not be of use a second time.
    request.session.save()
    state = request.GET.get("state", "")
    if kept is None or not state or not secrets.compare_digest(state.encode(), kept["state"].encode()):
        return stop("This answer does not belong to an attempt that you began here. Nothing was connected.", status=400)
    if time.time() - kept["at"] > GOOD_FOR:
        return stop("This attempt is older than ten minutes. Begin again.", status=400)
    if request.GET.get("error"):
        return stop(f"Joystick.tv says: {request.GET['error'][:100]}. Nothing was connected.", status=400)
    try:
        install = authorize.finish(
            request.GET.get("code", ""), verifier=kept["verifier"], redirect_uri=kept["redirect_uri"]
        )
    except Failed as error:
        return stop(str(error), status=502)
    messages.success(request, f"Connected to the channel of {install}.")
    return redirect(INSTALLS)


@require_POST
def disconnect(request: HttpRequest, install_id: int) -> HttpResponse:
    """Let a channel go."""
    install = get_object_or_404(Install, pk=install_id)
    if authorize.disconnect(install):
        messages.success(request, f"Disconnected from the channel of {install}.")
    else:
        messages.warning(
            request,
            f"The tokens of {install} are forgotten here, but Joystick.tv could not be told. "
            "Remove the bot in your channel's settings there, too.",
        )
    return redirect(INSTALLS)


def _stop(request: HttpRequest, sentence: str, *, status: int) -> HttpResponse:
    context = {**admin.site.each_context(request), "title": "Not connected", "sentence": sentence}
    return render(request, "admin/joystick/install/stopped.html", context, status=status)

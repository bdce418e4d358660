"""The pages that send staff to Joystick's consent page, take them back from it, and disconnect a channel.

The `state` that must come back, and the PKCE verifier, stay in the staff member's own session. The first return takes
them out of it, whatever it brings.
"""

from __future__ import annotations

import secrets
import time

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from joystick.account import authorize, oauth
from joystick.models import Install
from joystick.settings_table import SCOPES
from pixelbot_site.kit.admin import log_deed
from pixelbot_site.kit.errors import Failed

SESSION_KEY = "joystick_connect"
# Seconds for the round trip: as long as Joystick's code lives.
MAX_ROUND_TRIP = 600.0
INSTALLS = "admin:joystick_install_changelist"


@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """Send the browser to the platform's consent page.

    With a `scope`, it is asked for besides those of the settings and those that the channel has granted.
    """
    if not oauth.is_configured():
        return _stop(request, "There is no application to connect with: enter its id on the first page.", status=400)
    redirect_uri = request.build_absolute_uri(reverse("admin:joystick_install_callback"))
    attempt = oauth.begin(redirect_uri, also=_more_scopes(request.POST.get("scope", "")))
    request.session[SESSION_KEY] = {
        "state": attempt.state,
        "verifier": attempt.verifier,
        "redirect_uri": redirect_uri,
        "at": time.time(),
    }
    return HttpResponseRedirect(attempt.url)


def _more_scopes(wanted: str) -> list[str]:
    if wanted not in SCOPES:
        return []
    granted = Install.objects.exclude(access_token="").values_list("scopes", flat=True)
    return sorted({wanted, *(scope for scopes in granted for scope in scopes.split())} & SCOPES)


@require_GET
@never_cache
def callback(request: HttpRequest) -> HttpResponse:
    """Connect the channel, given the state of this session's latest attempt, once, within ten minutes."""
    attempt = request.session.pop(SESSION_KEY, None)
    # Django does not save the session with an answer of 5xx, and a state must not be of use a second time.
    request.session.save()
    state = request.GET.get("state", "")
    if attempt is None or not state or not secrets.compare_digest(state.encode(), attempt["state"].encode()):
        sentence = "This answer does not belong to an attempt that you began here. Nothing was connected."
        return _stop(request, sentence, status=400)
    if time.time() - attempt["at"] > MAX_ROUND_TRIP:
        return _stop(request, "This attempt is older than ten minutes. Begin again.", status=400)
    if request.GET.get("error"):
        sentence = f"Joystick.tv says: {request.GET['error'][:100]}. Nothing was connected."
        return _stop(request, sentence, status=400)
    try:
        install = authorize.finish(
            request.GET.get("code", ""), verifier=attempt["verifier"], redirect_uri=attempt["redirect_uri"]
        )
    except Failed as error:
        return _stop(request, f"{error}.", status=502)
    log_deed(request, Install, "Connected.", install.pk)
    messages.success(request, f"Connected to the channel of {install}.")
    return redirect(INSTALLS)


@require_POST
def disconnect(request: HttpRequest, install_id: int) -> HttpResponse:
    """Disconnect a channel; warn where Joystick could not be told."""
    install = get_object_or_404(Install, pk=install_id)
    was_told = authorize.disconnect(install)
    log_deed(request, Install, "Disconnected.", install.pk)
    if was_told:
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

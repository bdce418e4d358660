"""The page on which staff try what an event leads to, in a sandbox or for real."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from effects.queue import trying
from joystick.inbox import made_up, sandbox
from joystick.protocol.frames import ReceivedFrame
from pixelbot_site.kit import present_channel
from pixelbot_site.kit.errors import Failed, Refused
from pixelbot_site.kit.scopes import Scope
from pixelbot_site.kit.trying import Trial
from pixelbot_site.models import scopes_of
from pixelbot_site.simulate.form import SimulateForm

NOTHING_DONE = "Nothing was done: {}."
BUSY = "The database was busy, so nothing was done. Try again in a moment."


@admin.site.admin_view
@permission_required("effects.change_queueitem", raise_exception=True)
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Show the form; by POST, try the event in the sandbox, or with `real`, receive it as if it had come."""
    form = SimulateForm(request.POST or None, initial={"who": "Bob", "amount": 100})
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "Simulate",
        "form": form,
        "may_do_for_real": _may_do_for_real(request),
    }
    if request.method == "POST" and form.is_valid():
        if "real" in request.POST:
            try:
                return _receive(request, _frame(form))
            except Refused as error:
                messages.error(request, NOTHING_DONE.format(error))
            except OperationalError:
                messages.error(request, BUSY)
        else:
            context["rehearsal"] = rehearsed(request, form)
    return render(request, "admin/simulate.html", context)


def rehearsed(request: HttpRequest, form: SimulateForm) -> sandbox.Rehearsal | None:
    """Return what the event of a valid form would lead to, and show its effects as a test; None where it can't be told.

    Why not is among the page's messages.
    """
    try:
        rehearsal = sandbox.rehearse(_frame(form))
        with present_channel.within(form.channel_id):
            _show(request, rehearsal)
    except Refused as error:
        messages.error(request, NOTHING_DONE.format(error))
    except OperationalError:
        messages.error(request, BUSY)
    else:
        return rehearsal
    return None


def _frame(form: SimulateForm) -> ReceivedFrame:
    happening = form.happening()
    with present_channel.within(form.channel_id):
        return made_up.made_up(happening.kind, username=happening.username, text=happening.text, data=happening.data)


def _receive(request: HttpRequest, received: ReceivedFrame) -> HttpResponse:
    if not _may_do_for_real(request):
        raise PermissionDenied
    uid = made_up.receive_frame(received)
    messages.success(request, f"It happened for real. In the feed it is {uid}.")
    return HttpResponseRedirect(reverse("simulate"))


def _show(request: HttpRequest, rehearsal: sandbox.Rehearsal) -> None:
    if not rehearsal.effects:
        return
    try:
        messages.info(request, trying.try_effects(Trial(rehearsal.effects), request.user.get_username()))
    except (Refused, Failed) as error:
        messages.warning(request, f"Its effects are not shown: {str(error).rstrip('.')}.")


def _may_do_for_real(request: HttpRequest) -> bool:
    # The same as for the API's `events/simulate`.
    return {Scope.ADMIN, Scope.POINTS} <= scopes_of(request.user)

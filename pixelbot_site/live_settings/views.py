"""The dashboard's page of settings."""

from __future__ import annotations

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from economy import tasks
from economy.ledger import recomputing
from joystick.settings_table import JoystickSettings
from pixelbot_site.live_settings import store
from pixelbot_site.live_settings.form import SettingsForm

MAY_SEE = "pixelbot_site.view_settingoverride"
MAY_CHANGE = "pixelbot_site.change_settingoverride"
OF_APPLICATION = frozenset(store.live(JoystickSettings))


@admin.site.admin_view
@permission_required(MAY_SEE, raise_exception=True)
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Show the settings; by POST, change those that differ from what the page showed."""
    # Whoever may not connect the channel does not choose the application at Joystick either.
    hidden = frozenset() if request.user.has_perm("joystick.change_install") else OF_APPLICATION
    form = SettingsForm(request.POST if request.method == "POST" else None, names=store.DECLARED.keys() - hidden)
    if request.method == "POST":
        if not request.user.has_perm(MAY_CHANGE):
            raise PermissionDenied
        if form.is_valid():
            changes = store.change(form.changed_values(), by=request.user)  # type: ignore[arg-type]
            for sentence in changes:
                messages.success(request, sentence)
            if not changes:
                messages.info(request, "Nothing was changed.")
            return HttpResponseRedirect(reverse("settings"))
    context = {
        **admin.site.each_context(request),
        "title": "Settings",
        "form": form,
        "may_change": request.user.has_perm(MAY_CHANGE),
        "curve_is_stale": recomputing.stale(),
        "recomputing": tasks.recomputing_progress(),
    }
    return render(request, "admin/settings.html", context)


@admin.site.admin_view
@permission_required(MAY_CHANGE, raise_exception=True)
@require_POST
def recompute_levels(request: HttpRequest) -> HttpResponse:
    """Have every level made anew by the curve of the settings."""
    tasks.start_recomputing()
    messages.success(request, "The levels are being recomputed. Nobody is rewarded for it, and XP stay as they are.")
    return HttpResponseRedirect(reverse("settings"))

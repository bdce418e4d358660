"""The panel *Chat*: all that answers in chat, each with *Try*."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from pixelbot_site.chat_panel.entries import entries
from pixelbot_site.simulate import views as simulate
from pixelbot_site.simulate.form import SimulateForm

MAY_TRY = "effects.change_queueitem"


@admin.site.admin_view
@permission_required("joystick.view_builtincommand", raise_exception=True)
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Show the list; by POST, what the line of a viewer would lead to, in the sandbox of *Simulate*."""
    may = request.user.get_all_permissions()
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "Chat",
        "entries": entries(may),
        "may_try": MAY_TRY in may,
        "who": request.POST.get("who") or "Bob",
    }
    if request.method == "POST" and MAY_TRY in may:
        form = SimulateForm({"occasion": "chat", "who": context["who"], "words": request.POST.get("line", "")})
        if form.is_valid():
            context["line"] = form.cleaned_data["words"]
            context["rehearsal"] = simulate.rehearsed(request, form)
    return render(request, "admin/chat_panel.html", context)

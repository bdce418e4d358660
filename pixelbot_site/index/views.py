"""What the buttons of the index do."""

from __future__ import annotations

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from effects.overlays import pages
from effects.queue import items
from effects.values import speak

DEFAULT_LINE = "This is the voice of your stream."
MAX_CHARS = 300


@admin.site.admin_view
@permission_required("effects.change_queueitem", raise_exception=True)
@require_POST
def say_a_line(request: HttpRequest) -> HttpResponse:
    """Have the voice say a line on the overlays. Nothing is said in chat, and nobody pays for it."""
    text = request.POST.get("text", "").strip()[:MAX_CHARS] or DEFAULT_LINE
    if pages.is_open():
        items.enqueue(speak(text))
        messages.success(request, "The line is on its way to the overlay.")
    else:
        messages.error(request, "No overlay is open: nobody would hear it. Open the overlay's page first.")
    return HttpResponseRedirect(reverse("admin:index"))

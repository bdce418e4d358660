"""What the buttons and links of the index lead to."""

from __future__ import annotations

import tablib
from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from effects.overlays import pages
from effects.queue import items
from effects.values import speak
from joystick.models import Stream
from pixelbot_site.charts import charts
from pixelbot_site.charts.spans import SPANS
from pixelbot_site.index import board, tonight
from pixelbot_site.index.lamps import Moment
from pixelbot_site.kit.admin import page_before
from pixelbot_site.kit.csv_format import CSV

DEFAULT_LINE = "This is the voice of your stream."
MAX_CHARS = 300


@admin.site.admin_view
@require_safe
def dock(request: HttpRequest) -> HttpResponse:
    """Show what is needed while on air, small enough for a dock of OBS and for a phone."""
    moment, may = Moment(), board.may(request.user)
    parts = board.render(board.PAGES["dock"], may, moment)
    context = {"parts": parts, "may_steer": "effects.change_queueitem" in may}
    return render(request, "admin/dock.html", context)


@admin.site.admin_view
@permission_required("joystick.view_stream", raise_exception=True)
@require_safe
def charts_page(request: HttpRequest) -> HttpResponse:
    """Show charts of the span that the address names. Those of tonight are kept up to date while the page is open."""
    key = request.GET.get("span", "tonight")
    if key not in SPANS:
        raise Http404
    context = {
        **admin.site.each_context(request),
        "title": "Charts",
        "found": charts.of(key),
        "may": board.may(request.user),
        "is_live": key == "tonight",
        "spans": [(name, label, name == key) for name, (label, _) in SPANS.items()],
    }
    return render(request, "admin/charts.html", context)


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
    return HttpResponseRedirect(page_before(request, reverse("admin:index")))


@admin.site.admin_view
@permission_required("joystick.view_stream", raise_exception=True)
@require_safe
def tippers(request: HttpRequest, stream_id: int) -> HttpResponse:
    """Show what each viewer tipped during a stream; with `?export=csv`, send it as a file."""
    stream = get_object_or_404(Stream, pk=stream_id)
    rows = tonight.tippers(stream)
    if request.GET.get("export") == "csv":
        dataset = tablib.Dataset(*rows, headers=["viewer", "tokens", "tips"])
        name = f"tips-{timezone.localtime(stream.started_at):%Y-%m-%d}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(CSV().export_data(dataset), content_type="text/csv; charset=utf-8", headers=headers)
    context = {**admin.site.each_context(request), "title": "Who tipped", "stream": stream, "rows": rows}
    return render(request, "admin/tippers.html", context)

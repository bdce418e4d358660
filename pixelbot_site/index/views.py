"""What the buttons and links of the index lead to."""

from __future__ import annotations

from collections.abc import Callable

import tablib
from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from economy.admin import by_hand
from economy.admin.by_hand import ByHandForm
from economy.models import Currency
from economy.viewers import people
from effects.overlays import pages
from effects.queue import items
from effects.registry.values import speak
from joystick.models import Stream
from pixelbot_site.charts import charts
from pixelbot_site.charts.spans import SPANS
from pixelbot_site.index import board, guide, tonight
from pixelbot_site.index.choice import choice
from pixelbot_site.index.lamps import Moment
from pixelbot_site.kit import present_channel
from pixelbot_site.kit.admin import keep_typed, page_before
from pixelbot_site.kit.csv_format import CSV
from pixelbot_site.kit.errors import Refused
from pixelbot_site.live_settings import store
from pixelbot_site.live_settings.form import SettingsForm
from pixelbot_site.live_settings.views import MAY_CHANGE
from pixelbot_site.models import SkippedStep

View = Callable[..., HttpResponse]

DEFAULT_LINE = "This is the voice of your stream."
MAX_CHARS = 300


@admin.site.admin_view
@require_safe
def dock(request: HttpRequest) -> HttpResponse:
    """Show what is needed while on air, small enough for a dock of OBS and for a phone."""
    moment, may = Moment(), board.may(request.user)
    channels = choice(request.GET.get("channel", ""), moment.installs)
    with present_channel.within(channels.channel_id):
        parts = board.render(board.PAGES["dock"], may, moment)
    context = {"parts": parts, "channels": channels, "may_steer": "effects.change_queueitem" in may}
    return render(request, "admin/dock.html", context)


@admin.site.admin_view
@permission_required("joystick.view_stream", raise_exception=True)
@require_safe
def charts_page(request: HttpRequest) -> HttpResponse:
    """Show charts of the span that the address names. Those of tonight are kept up to date while the page is open."""
    key = request.GET.get("span", "tonight")
    if key not in SPANS:
        raise Http404
    channels = choice(request.GET.get("channel", ""))
    with present_channel.within(channels.channel_id):
        found = charts.of(key)
    context = {
        **admin.site.each_context(request),
        "title": "Charts",
        "found": found,
        "channels": channels,
        "span": key,
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
@permission_required(("joystick.view_stream", "economy.view_viewer"), raise_exception=True)
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


def _for_settings(view: View) -> View:
    """Let those use `view` who may change settings."""
    return admin.site.admin_view(permission_required(MAY_CHANGE, raise_exception=True)(view))


@_for_settings
@require_http_methods(["GET", "POST"])
def name_points(request: HttpRequest) -> HttpResponse:
    """Store what the streamer calls points."""
    form = SettingsForm(request.POST, names=("POINTS_NAME", "POINTS_NAME_PLURAL"))
    return _store(request, "points", form, "The bot calls them so from now on.")


@_for_settings
@permission_required("joystick.change_install", raise_exception=True)
@require_http_methods(["GET", "POST"])
def set_application(request: HttpRequest) -> HttpResponse:
    """Store the application's id, and its secret where it has one."""
    names = ("JOYSTICK_CLIENT_ID", "JOYSTICK_CLIENT_SECRET")
    form = SettingsForm(request.POST, names=names, required=names[:1])
    return _store(request, "application", form, "The application is stored. Connect your channel next.")


@_for_settings
@require_POST
def skip_step(request: HttpRequest, key: str) -> HttpResponse:
    """Skip a step of the guide; one that is skipped is taken up again."""
    if key in {step[0] for step in guide.STEPS} and not SkippedStep.objects.filter(key=key).delete()[0]:
        SkippedStep.objects.create(key=key)
    guide.due.forget()  # one may have been taken up again
    return HttpResponseRedirect(reverse("admin:index"))


def _store(request: HttpRequest, step: str, form: SettingsForm, done: str) -> HttpResponse:
    """Store what a form of the guide holds, or show the index with the reasons beside the form's fields."""
    if request.method == "POST":
        if not form.is_valid():
            return admin.site.index(request, {"refused_step": step, "refused": form})
        store.change(form.changed_values(), by=request.user)  # type: ignore[arg-type]
        messages.success(request, done)
    # By GET comes who opens the address of a page with reasons again.
    return HttpResponseRedirect(reverse("admin:index"))


@admin.site.admin_view
@permission_required(("economy.change_points", "economy.view_viewer"), raise_exception=True)
@require_POST
def give_points(request: HttpRequest) -> HttpResponse:
    """Give points to, or take them from, the viewer who is named; a form that is sent twice pays once."""
    name = request.POST.get("viewer", "").strip()
    form = ByHandForm({**request.POST.dict(), "currency": Currency.POINTS})
    viewer = people.find(name) if name else None
    refusal = ""
    if viewer is None:
        refusal = f"There is no viewer called “{name}”. Nothing was given." if name else "Name a viewer."
    elif not form.is_valid():
        refusal = " ".join(str(sentence) for errors in form.errors.values() for sentence in errors)
    else:
        try:
            owner, held = by_hand.give_or_take(viewer, form, by=request.user.get_username())
        except Refused as error:
            refusal = str(error)
        else:
            messages.success(request, format_html("<bdi>{}</bdi> now has {}.", owner.username, held))
    if refusal:
        keep_typed(request, "give-points")
        messages.error(request, refusal)
    return HttpResponseRedirect(reverse("admin:index"))

"""The overlay's page and its sounds. Each address contains the overlay's secret; a wrong secret is a 404."""

from __future__ import annotations

import re

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from effects.media import sounds
from effects.models import Overlay, QueueItem, Sound
from effects.overlays.layout import picture_hosts, shown_rows
from pixelbot_site.kit import stored_files


@require_safe
def overlay_page(request: HttpRequest, secret: str, widget: str = "") -> HttpResponse:
    """Return the page for OBS's Browser Source: the whole overlay, or one of its widgets alone."""
    overlay = get_object_or_404(Overlay, secret=secret)
    if widget:
        get_object_or_404(overlay.widgets, name=widget)
    others = picture_hosts(shown_rows(overlay, widget))
    context = {"overlay": overlay, "widget": widget, "pictures_from": " ".join(others)}
    response = render(request, "overlay/overlay.html", context)
    host = request.get_host()
    # OBS shows the page in no frame. What only has a look is framed by the dashboard, and by no other site or program.
    framed = request.GET.get("preview") == "1"
    ancestors = "'self'" if framed else "'none'"
    response["X-Frame-Options"] = "SAMEORIGIN" if framed else "DENY"
    pictures = " ".join(["'self'", "data:", *(f"https://{other}" for other in others)])
    # Older browsers do not count WebSockets as 'self', hence the two addresses.
    response["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'self'; style-src 'self'; media-src 'self'; "
        f"font-src 'self'; img-src {pictures}; "
        f"connect-src 'self' ws://{host} wss://{host}; "
        f"base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
    )
    # The address holds the secret.
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_safe
def speech(request: HttpRequest, secret: str, item_id: int) -> HttpResponseBase:
    """Return the WAV of a spoken queue item."""
    get_object_or_404(Overlay, secret=secret)
    name = get_object_or_404(QueueItem, pk=item_id).speech_file
    if not name:
        raise Http404("This item has no speech any more.")
    return stored_wav(name)


@require_safe
def pre_sound(request: HttpRequest, secret: str, key: str) -> HttpResponseBase:
    """Return the sound played before speech, in its version as loud as speech, by the key of that version."""
    get_object_or_404(Overlay, secret=secret)
    return stored_wav(sounds.levelled_name(key))


def stored_wav(name: str) -> HttpResponseBase:
    """Return a WAV of media storage. Raise Http404 where there is none (any more)."""
    return _respond_with_sound(name, "audio/wav")


@require_safe
def sound(request: HttpRequest, secret: str, sound_id: int) -> HttpResponseBase:
    """Return an uploaded sound. The address holds its row's id, so that no path comes from outside."""
    get_object_or_404(Overlay, secret=secret)
    return stored_sound(sound_id)


@require_safe
def tried_sound(request: HttpRequest, secret: str, name: str) -> HttpResponseBase:
    """Return the file of a sound that is tried before it is saved."""
    get_object_or_404(Overlay, secret=secret)
    path = f"{sounds.TRIED}/{name}"
    if not re.fullmatch(sounds.TRIED_ADDRESS, path):
        raise Http404("There is no such sound.")
    types = {suffix: content_type for content_type, suffix in sounds.SUFFIXES.items()}
    return _respond_with_sound(path, types[name[-4:]])


def stored_sound(sound_id: int) -> HttpResponseBase:
    """Return the file of a sound, as what it is. Raise Http404 where the sound or its file is gone."""
    row = get_object_or_404(Sound, pk=sound_id)
    return _respond_with_sound(str(row.file.name), row.content_type)


def _respond_with_sound(name: str, content_type: str) -> HttpResponseBase:
    response = stored_files.respond(name, content_type)
    if response.status_code == 200:
        response["Cache-Control"] = "private, max-age=300"
    return response

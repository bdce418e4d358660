"""The overlay's page and the sounds it plays. Each address carries the overlay's secret; a wrong one is a 404."""

from __future__ import annotations

from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from effects import sounds
from effects.models import Overlay, QueueItem, Sound


@require_safe
def overlay_page(request: HttpRequest, secret: str) -> HttpResponse:
    """The page for OBS's Browser Source."""
    overlay = get_object_or_404(Overlay, secret=secret)
    response = render(request, "overlay/overlay.html", {"overlay": overlay})
    host = request.get_host()
    response["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'self'; style-src 'self'; media-src 'self'; img-src 'self' data:; "
        f"connect-src 'self' ws://{host} wss://{host}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"  # OBS shows the page in no frame
    )
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_safe
def speech(request: HttpRequest, secret: str, item_id: int) -> HttpResponse:
    """The WAV of a spoken queue item."""
    get_object_or_404(Overlay, secret=secret)
    name = get_object_or_404(QueueItem, pk=item_id).speech_file
    if not name or not default_storage.exists(name):
        raise Http404("This item has no speech any more.")
    with default_storage.open(name) as file:
        return _sound(file.read(), "audio/wav")


@require_safe
def pre_sound(request: HttpRequest, secret: str, key: str) -> HttpResponse:
    """A sound that comes before speech, as loud as speech, by the key that it was levelled under."""
    get_object_or_404(Overlay, secret=secret)
    name = sounds.levelled_name(key)
    if not default_storage.exists(name):
        raise Http404("No such sound was levelled.")
    with default_storage.open(name) as file:
        return _sound(file.read(), "audio/wav")


@require_safe
def sound(request: HttpRequest, secret: str, sound_id: int) -> HttpResponse:
    """An uploaded sound, by its row's number: no path comes from outside."""
    get_object_or_404(Overlay, secret=secret)
    row = get_object_or_404(Sound, pk=sound_id)
    name = str(row.file.name)
    if not default_storage.exists(name):
        raise Http404("This sound's file is gone.")
    with default_storage.open(name) as file:
        return _sound(file.read(), row.content_type)


def _sound(data: bytes, content_type: str) -> HttpResponse:
    # A few hundred kilobytes at most: one piece is simpler than a stream, and ASGI streams files badly.
    headers = {"Cache-Control": "private, max-age=300", "X-Content-Type-Options": "nosniff"}
    return HttpResponse(data, content_type=content_type, headers=headers)

"""Files of pictures and videos over HTTP: as what they are, in parts where asked, and harmless when opened alone."""

from __future__ import annotations

import re
from pathlib import Path

from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from effects.media import library
from effects.media.facts import TYPES
from effects.models import Media, MediaKind, Overlay

# The most bytes of one answer to a request for a part: a player asks again for what follows, and nothing large is held
# in memory.
MAX_PART = 2 * 2**20
RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z")


@require_safe
def overlay_media(request: HttpRequest, secret: str, sha256: str) -> HttpResponse:
    """Return a picture or video to an overlay. A wrong secret is a 404."""
    get_object_or_404(Overlay, secret=secret)
    return stored_media(request, get_object_or_404(Media, sha256=sha256))


def stored_media(request: HttpRequest, media: Media) -> HttpResponse:
    """Return the file, or the part that the request names. Raise Http404 where it is gone."""
    if library.is_missing(media):
        raise Http404("This file is gone.")
    etag = f'"{media.sha256}"'
    fresh = get_conditional_response(request, etag=etag)
    response = fresh if isinstance(fresh, HttpResponseNotModified) else _whole_or_part(request, media, etag)
    kind = MediaKind(media.kind)
    for name, value in {
        "Content-Type": TYPES[kind],
        "Content-Disposition": str(content_disposition_header(False, f"{media.name}{Path(media.file_name).suffix}")),
        "X-Content-Type-Options": "nosniff",
        # Opened in a tab of its own, it runs nothing and reaches nothing.
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Accept-Ranges": "bytes",
        "ETag": etag,
        # The address holds the hash of the content.
        "Cache-Control": "private, max-age=31536000, immutable",
    }.items():
        response[name] = value
    return response


def _whole_or_part(request: HttpRequest, media: Media, etag: str) -> HttpResponse:
    asked = request.headers.get("Range", "")
    is_of_this = request.headers.get("If-Range", etag) == etag
    found = RANGE.match(asked) if is_of_this else None
    if found is None or found.groups() == ("", ""):  # several parts, or another unit: the whole is right as well
        return HttpResponse(_read(media, 0, media.size))
    part = _part(found[1], found[2], media.size)
    if part is None:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{media.size}"})
    first, last = part
    response = HttpResponse(_read(media, first, last + 1 - first), status=206)
    response["Content-Range"] = f"bytes {first}-{last}/{media.size}"
    return response


def _part(begins: str, ends: str, size: int) -> tuple[int, int] | None:
    """Return the first and the last byte of a part that was asked for, None where there is no such part."""
    if not begins:  # so many of the end
        first, last = max(0, size - int(ends)), size - 1
    else:
        first, last = int(begins), min(int(ends) if ends else size - 1, size - 1)
    if first >= size or first > last:
        return None
    return first, min(last, first + MAX_PART - 1)


def _read(media: Media, first: int, count: int) -> bytes:
    with default_storage.open(media.file_name) as file:
        file.seek(first)
        data: bytes = file.read(count)
        return data

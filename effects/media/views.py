"""Files of pictures and videos over HTTP: as what they are, in parts where asked, and harmless when opened alone."""

from __future__ import annotations

import re
from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from effects.media import library
from effects.media.facts import TYPES
from effects.models import Media, MediaKind, Overlay
from pixelbot_site.kit import stored_files

# The most bytes of one answer to a request for a part: a player asks again for what follows, and nothing large is held
# in memory.
MAX_PART = stored_files.HELD
RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z")


@require_safe
def overlay_media(request: HttpRequest, secret: str, sha256: str) -> HttpResponseBase:
    """Return a picture or video to an overlay. A wrong secret is a 404."""
    get_object_or_404(Overlay, secret=secret)
    return stored_media(request, get_object_or_404(Media, sha256=sha256))


def stored_media(request: HttpRequest, media: Media) -> HttpResponseBase:
    """Return the file, or the part that the request names. Raise Http404 where it is gone."""
    etag = f'"{media.sha256}"'
    fresh = get_conditional_response(request, etag=etag)
    if isinstance(fresh, HttpResponseNotModified):
        if library.is_missing(media):
            raise Http404("This file is gone.")
        response: HttpResponseBase = fresh
    else:
        response = _whole_or_part(request, media, etag)
    if response.status_code == 503:
        return response
    for name, value in {
        "Content-Type": _type(media),
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


def _type(media: Media) -> str:
    return TYPES[MediaKind(media.kind)]


def _whole_or_part(request: HttpRequest, media: Media, etag: str) -> HttpResponseBase:
    asked = request.headers.get("Range", "")
    is_of_this = request.headers.get("If-Range", etag) == etag
    found = RANGE.match(asked) if is_of_this else None
    if found is None or found.groups() == ("", ""):  # several parts, or another unit: the whole is right as well
        return stored_files.respond(media.file_name, _type(media), size=media.size)
    part = _part(found[1], found[2], media.size)
    if part is None:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{media.size}"})
    first, last = part
    count = last + 1 - first
    response = stored_files.respond(media.file_name, _type(media), first=first, count=count, size=media.size)
    if response.status_code == 200:
        response.status_code = 206
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

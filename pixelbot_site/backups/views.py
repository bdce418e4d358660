"""The dashboard's page of backups: a list to download from, and a button that makes one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import wraps
from pathlib import Path

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from pixelbot_site.backups import shelf
from pixelbot_site.celery import app
from pixelbot_site.kit import stored_files
from pixelbot_site.kit.admin import log_deed
from pixelbot_site.upkeep import database_file

CHUNK = 2**20  # bytes

View = Callable[..., HttpResponseBase]


def guarded(view: View) -> View:
    """Ask for the permission to use backups: they hold everything, hashes of passwords and viewers' texts as well."""

    @wraps(view)
    def ask_first(request: HttpRequest, **words: str) -> HttpResponseBase:
        if not request.user.has_perm("pixelbot_site.use_backups"):
            raise PermissionDenied
        return view(request, **words)

    return admin.site.admin_view(ask_first)


@guarded
@require_http_methods(["GET", "POST"])
def backups(request: HttpRequest) -> HttpResponse:
    """Show the backups; by POST, have one made."""
    if request.method == "POST":
        app.send_task("site.make_backup")
        log_deed(request, None, "Had a backup made.")
        messages.success(request, "A backup is being made and checked. Load this page again in a moment.")
        return HttpResponseRedirect(reverse("backups"))
    rows = [(path.name, path.stat().st_size) for path in shelf.kept()]
    context = {
        **admin.site.each_context(request),
        "title": "Backups",
        "rows": rows,
        "is_demo": settings.DEMO,
        "other_database": "" if database_file.path() else shelf.OTHER_DATABASE,
        "files_are_elsewhere": stored_files.is_elsewhere(),
    }
    return render(request, "admin/backups.html", context)


@guarded
@require_safe
def download(request: HttpRequest, name: str) -> StreamingHttpResponse:
    """Send a backup, piece by piece: under ASGI, Django's FileResponse reads the whole file into memory."""
    path = next((path for path in shelf.kept() if path.name == name), None)
    if path is None:
        raise Http404("There is no such backup.")
    log_deed(request, None, f"Downloaded {path.name}.")
    headers = {
        "Content-Length": str(path.stat().st_size),
        "Content-Disposition": f'attachment; filename="{path.name}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingHttpResponse(_pieces(path), content_type="application/zip", headers=headers)


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    file = await asyncio.to_thread(path.open, "rb")
    try:
        while piece := await asyncio.to_thread(file.read, CHUNK):
            yield piece
    finally:
        file.close()

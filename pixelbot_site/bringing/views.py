"""The dashboard's page of imports: files are chosen, compared, brought over, and what was brought is undone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from pixelbot_site.bringing import run, uploads
from pixelbot_site.bringing.difference import Difference, State
from pixelbot_site.kit.admin import log_deed
from pixelbot_site.kit.errors import Refused
from pixelbot_site.models import Import

# Whoever may change settings; each thing is brought over with the permission that its own page asks for.
MAY = "pixelbot_site.change_settingoverride"
# Rows of a section that the page shows.
MAX_SHOWN = 200
MAX_IMPORTS = 20
UNDOABLE = frozenset({"done", "broken off", "undone in part"})
UPLOADED = "uploaded files"
GONE = "The files are not here any more: they are kept for an hour. Choose them again."


@dataclass(slots=True)
class Section:
    """A part of the difference, as the page shows it; what is the same is only counted."""

    title: str
    rows: list[Difference] = field(default_factory=list)
    same: int = 0
    more: int = 0


@admin.site.admin_view
@permission_required(MAY, raise_exception=True)
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Show the form and the imports, with the difference of files that were chosen; by POST, do what a button says."""
    if request.method == "POST":
        try:
            return _do(request)
        except Refused as error:
            messages.error(request, f"Nothing was done: {error}.")
            return HttpResponseRedirect(reverse("bring"))
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "Bring the original Pixel along",
        "imports": [_shown(record) for record in Import.objects.all()[:MAX_IMPORTS]],
    }
    token = request.GET.get("files", "")
    if token:
        place = uploads.kept(token)
        if place is None:
            messages.error(request, GONE)
        else:
            context |= _compared(request, place) | {"token": token}
    return render(request, "admin/bring.html", context)


def _shown(record: Import) -> dict[str, Any]:
    state = run.state_of(record)
    return {"row": record, "state": state, "can_undo": state in UNDOABLE, "left": run.left_of(record)}


def _compared(request: HttpRequest, place: Path) -> dict[str, Any]:
    sections = by_section(run.compare(place, may=request.user.has_perm))
    changes = sum(one.state in (State.NEW, State.CHANGED) for section in sections for one in section.rows)
    return {"sections": sections, "would_change": changes > 0}


def by_section(differences: Iterable[Difference]) -> list[Section]:
    """Return the differences by their sections, in the order in which these begin."""
    sections: dict[str, Section] = {}
    for one in differences:
        section = sections.setdefault(one.section, Section(one.section))
        if one.state is State.SAME:
            section.same += 1
        elif len(section.rows) < MAX_SHOWN:
            section.rows.append(one)
        else:
            section.more += 1
    return list(sections.values())


def _do(request: HttpRequest) -> HttpResponse:
    by, token = request.user.get_username(), request.POST.get("files", "")
    match request.POST.get("do"):
        case "compare":
            return _compare(request)
        case "bring":
            _bring(request, token, by)
        case "drop":
            uploads.drop(token)
            messages.success(request, "The files were deleted. Nothing was brought over.")
        case "undo":
            record = get_object_or_404(Import, pk=request.POST.get("import") or 0)
            log_deed(request, Import, "Undone.", record.pk)
            left = run.undo(record, by=by, may=request.user.has_perm)
            messages.success(request, "Undone, but for what is named below." if left else "Undone.")
    return HttpResponseRedirect(reverse("bring"))


def _compare(request: HttpRequest) -> HttpResponse:
    token, told = uploads.keep([*request.FILES.getlist("files"), *request.FILES.getlist("folder")])
    for sentence in told:
        messages.warning(request, sentence)
    return HttpResponseRedirect(f"{reverse('bring')}?files={token}")


def _bring(request: HttpRequest, token: str, by: str) -> None:
    place = uploads.kept(token)
    if place is None:
        messages.error(request, GONE)
        return
    record = run.bring(place, by=by, origin=UPLOADED, may=request.user.has_perm)
    uploads.drop(token)
    if record is None:
        messages.info(request, "There was nothing to bring over.")
    else:
        log_deed(request, Import, "Brought over.", record.pk)
        messages.success(request, "It was brought over.")

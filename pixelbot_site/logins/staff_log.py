"""The page of what staff did: Django's log of the dashboard, and what was done with the queue, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from effects.models import Deed, QueueItem
from pixelbot_site.kit.admin import ReadOnlyAdmin

PAGE = 50
# For entries without a message of their own.
WORDS = {ADDITION: "Added.", CHANGE: "Changed.", DELETION: "Deleted."}


@dataclass(frozen=True, slots=True)
class Line:
    """One deed. `url` is empty where there is no page any more, or none that the reader may see."""

    at: datetime
    by: str
    what: str
    kind: str
    on: str
    url: str
    row: Model


@admin.register(LogEntry)
class StaffLogAdmin(ReadOnlyAdmin):
    """What staff did, by whom."""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show a page of lines; `who` narrows them, `entries` and `deeds` are the ids below which they begin."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        who = request.GET.get("who", "").strip().replace("\x00", "")[:150]
        entries = _before(LogEntry.objects.select_related("user", "content_type"), request.GET.get("entries"))
        deeds = _before(Deed.objects.select_related("item"), request.GET.get("deeds"))
        if who:
            entries, deeds = entries.filter(user__username__icontains=who), deeds.filter(by__icontains=who)
        # One more of each than is shown tells whether there are older ones.
        found = [
            *(_of_entry(row, request) for row in entries[: PAGE + 1]),
            *(_of_deed(row, request) for row in deeds[: PAGE + 1]),
        ]
        found.sort(key=attrgetter("at"), reverse=True)
        older = _older(found[:PAGE], request, who) if len(found) > PAGE else ""
        context = {
            **self.admin_site.each_context(request),
            "title": "What staff did",
            "lines": found[:PAGE],
            "who": who,
            "older": older,
            "is_first": not {"entries", "deeds"} & request.GET.keys(),
        }
        return render(request, "admin/staff_log.html", context)


def _before(rows: QuerySet[Any], limit: str | None) -> QuerySet[Any]:
    rows = rows.order_by("-pk")
    is_id = limit is not None and limit.isascii() and limit.isdecimal() and len(limit) < 19
    return rows.filter(pk__lt=int(limit or 0)) if is_id else rows


def _older(lines: list[Line], request: HttpRequest, who: str) -> str:
    # Each of the two tables goes on below its last row shown, or where this page began.
    ends = {name: request.GET[name] for name in ("entries", "deeds") if name in request.GET}
    for line in lines:
        ends["deeds" if isinstance(line.row, Deed) else "entries"] = str(line.row.pk)
    return urlencode({"who": who, **ends})


def _of_entry(entry: LogEntry, request: HttpRequest) -> Line:
    kind, url = "", ""
    if entry.content_type is not None:
        kind = entry.content_type.name
        may_see = request.user.has_perm(f"{entry.content_type.app_label}.view_{entry.content_type.model}")
        is_there = entry.object_id is not None and entry.action_flag != DELETION
        url = (entry.get_admin_url() or "") if may_see and is_there else ""
    what = entry.get_change_message() or WORDS[entry.action_flag]
    return Line(entry.action_time, entry.user.get_username(), what, kind, entry.object_repr, url, entry)


def _of_deed(deed: Deed, request: HttpRequest) -> Line:
    may_see = request.user.has_perm("effects.view_queueitem")
    url = reverse("admin:effects_queueitem_change", args=[deed.item_id]) if may_see else ""
    what = deed.what[:1].upper() + deed.what[1:] + "."
    return Line(deed.at, deed.by, what, str(QueueItem._meta.verbose_name), str(deed.item), url, deed)

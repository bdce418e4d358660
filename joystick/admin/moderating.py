"""Deleting and muting from an event's page and from a viewer's card."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import capfirst

from economy.admin.card import CardPart, viewer_card
from economy.models import Viewer
from economy.viewers import people
from joystick.account.scopes import MissingScope
from joystick.chat.moderation import doors
from joystick.chat.moderation.rules import DEEDS
from joystick.models import FilterAction, InboundEvent, ModeratedLine
from pixelbot_site.kit.admin import log_deed, page_before
from pixelbot_site.kit.errors import Failed, Refused
from pixelbot_site.kit.plural import counted

# What is deleted or muted is gone for all to see, as what is skipped: it takes the same permission.
MODERATE = "effects.change_queueitem"
# Moderated lines on a card, and of how many of the viewer's lines.
MAX_SHOWN = 5
MAX_LINES = 300


def explain(request: HttpRequest, error: Failed | Refused) -> None:
    """Tell why something was not done; of a missing scope, with the link that connects again with it."""
    sentence = f"{capfirst(str(error))}."
    if isinstance(error, MissingScope) and request.user.has_perm("joystick.change_install"):
        url = f"{reverse('admin:joystick_install_changelist')}?scope={error.scope}"
        messages.error(request, format_html('{} <a href="{}">Connect again with it</a>', sentence, url))
    else:
        messages.error(request, sentence)


def told(line: ModeratedLine) -> str:
    """Return what was done about a line, and by what: “A filter would have deleted it.”"""
    past = DEEDS[FilterAction(line.action)][1]
    who = "A filter" if line.filter_id else "Staff"
    if line.dry_run:
        return f"A filter would have {past}."
    if line.failure:
        return f"A filter would have {past}, but {line.failure}."
    return f"{who} {past}."


def may_moderate(request: HttpRequest) -> bool:
    """Return whether the user may delete lines and mute: that takes seeing events, and steering the queue."""
    return request.user.has_perms(("joystick.view_inboundevent", MODERATE))


def of_event(event: InboundEvent, request: HttpRequest) -> dict[str, Any] | None:
    """Return what an event's page shows of moderation; None for an event that is no line in chat."""
    if event.kind != "new_message":
        return None
    lines = ModeratedLine.objects.filter(event=event.uid).order_by("pk")
    return {
        "lines": [told(line) for line in lines],
        "is_made_up": event.is_simulated,
        "may_moderate": may_moderate(request),
    }


def moderate_line(request: HttpRequest, event_id: int, deed: str) -> HttpResponse:
    """Delete a line, or mute its author."""
    _require_allowed(request)
    event = get_object_or_404(InboundEvent, pk=event_id, kind="new_message")
    line, by = doors.line_of(event), request.user.get_username()
    steps = {
        "delete": (partial(doors.delete, line, by=by), "The line is deleted."),
        "mute": (partial(doors.mute, line, by=by), "Its author is muted."),
    }
    if deed not in steps:
        raise Http404
    step, sentence = steps[deed]
    _do(request, step, sentence, InboundEvent, event.pk)
    return redirect(page_before(request, reverse("admin:joystick_inboundevent_change", args=[event.pk])))


def moderate_viewer(request: HttpRequest, viewer_id: int, deed: str) -> HttpResponse:
    """Mute or unmute a viewer, or delete their newest lines."""
    _require_allowed(request)
    viewer, by = get_object_or_404(Viewer, pk=viewer_id), request.user.get_username()
    steps = {
        "mute": (partial(doors.mute_viewer, viewer, by=by), "Muted."),
        "unmute": (partial(doors.unmute, viewer.username, by=by), "They may write again."),
        "purge": (partial(doors.purge, viewer, now=timezone.now(), by=by), "Deleted {lines}."),
    }
    if deed not in steps:
        raise Http404
    step, sentence = steps[deed]
    _do(request, step, sentence, Viewer, viewer.pk)
    return redirect("admin:economy_viewer_change", viewer.pk)


def _require_allowed(request: HttpRequest) -> None:
    if request.method != "POST" or not may_moderate(request):
        raise PermissionDenied


def _do(request: HttpRequest, step: Any, sentence: str, model: Any, pk: int) -> None:
    try:
        done = step()
    except (Failed, Refused) as error:
        explain(request, error)
    else:
        told = sentence.format(lines=counted(done, "line")) if isinstance(done, int) else sentence
        messages.success(request, told)
        log_deed(request, model, f"Moderated: {told}", pk)


@viewer_card.register
def card_part(viewer: Viewer, request: HttpRequest) -> CardPart | None:
    """Return the buttons, and the viewer's lines that were moderated lately, for who may see events."""
    if not request.user.has_perm("joystick.view_inboundevent"):
        return None
    context = {"viewer": viewer, "rows": list(_moderated(viewer)), "may_moderate": may_moderate(request)}
    return CardPart("admin/joystick/moderation_of_viewer.html", context)


def _moderated(viewer: Viewer) -> Iterator[dict[str, Any]]:
    events = InboundEvent.objects.filter(viewer_key__in=people.keys_of(viewer), kind="new_message").order_by("-id")
    text = InboundEvent.objects.filter(uid=OuterRef("event")).values("text")[:1]
    lines = ModeratedLine.objects.filter(event__in=events.values("uid")[:MAX_LINES]).annotate(text=Subquery(text))
    for line in lines.order_by("-pk")[:MAX_SHOWN]:
        yield {"at": line.at, "text": getattr(line, "text", ""), "told": told(line)}

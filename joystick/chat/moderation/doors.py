"""What is done about a line or its author, by a filter or by staff, and what goes with it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from economy.models import Viewer, viewer_key
from economy.viewers import people
from economy.viewers.roles import Role, in_channel, role_of
from effects.queue import control
from joystick.channel import actions
from joystick.models import FilterAction, InboundEvent, Install, ModeratedLine
from pixelbot_site.kit import phrases, present_channel
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.plural import counted

log = logging.getLogger("joystick")

# A purge deletes so many of the viewer's newest lines, and none that is older.
MAX_PURGED = 50
PURGED_WITHIN = timedelta(hours=6)
# What the uid of a made-up event begins with: Joystick does not know it.
MADE_UP = "simulated:"
BY_JOYSTICK = "Joystick.tv"

TAKEN_OUT = phrases.refusal("moderation.taken_out", "a line of yours was taken out of chat, or you were muted")
NO_LINE = phrases.refusal("moderation.no_line", "I have no line of {name}, and Joystick.tv mutes by a line")
MADE_UP_LINE = phrases.refusal("moderation.made_up", "this line was made up here, so Joystick.tv does not know it")


@dataclass(frozen=True, slots=True)
class Line:
    """A line in chat. `viewer` is its author, None where the bot does not know them."""

    uid: str
    username: str
    viewer: Viewer | None
    channel_id: str = ""


def line_of(event: InboundEvent) -> Line:
    """Return the line that an event of the feed is."""
    key = event.viewer_key or ""
    return Line(event.uid, event.username, people.with_keys([key]).get(key) if key else None, event.channel_id)


def delete(line: Line, *, by: str, filter_id: int | None = None) -> None:
    """Delete a line, and cancel what of its author's waits. Raise Failed where the scope chat:moderate is missing."""
    _require_real(line)
    actions.delete_message(line.uid, channel_id=line.channel_id)
    _acted(line, FilterAction.DELETE, by=by, filter_id=filter_id)


def mute(line: Line, *, by: str, filter_id: int | None = None) -> None:
    """Mute the author of a line, and cancel what of theirs waits. Raise Failed where the scope is missing."""
    _require_real(line)
    actions.mute(line.uid, username=line.username, channel_id=line.channel_id)
    _acted(line, FilterAction.MUTE, by=by, filter_id=filter_id)


def unmute(username: str, *, channel_id: str = "", by: str) -> None:
    """Let a muted viewer talk again; without a channel, in each. Raise Failed where the scope is missing."""
    channels = [] if channel_id else [install.channel_id for install in Install.in_use()]
    for channel in channels or [channel_id]:
        actions.unmute(username, channel_id=channel)
    log.info("%s unmuted somebody", by)


def mute_viewer(viewer: Viewer, *, by: str, name: str = "") -> str:
    """Mute a viewer by their newest line, and return by which name they wrote it.

    `name`: that of their names which was asked for; where it wrote, it is muted. Raise Refused where the feed has no
    line, Failed where the scope is missing.
    """
    lines = _lines_of(viewer)
    newest = lines.filter(viewer_key=viewer_key(name)).first() or lines.first()
    if newest is None:
        raise Refused(NO_LINE(name=viewer.username))
    mute(line_of(newest), by=by)
    return newest.username or viewer.username


def purge(viewer: Viewer, *, now: datetime, by: str) -> int:
    """Delete the viewer's newest lines that are not deleted yet; return how many. Raise Failed without the scope."""
    events = list(_lines_of(viewer).filter(received_at__gte=now - PURGED_WITHIN)[:MAX_PURGED])
    gone = ModeratedLine.objects.filter(event__in=[event.uid for event in events], action=FilterAction.DELETE)
    deleted = set(gone.filter(dry_run=False, failure="").values_list("event", flat=True))
    lines = [event for event in events if event.uid not in deleted]
    for line in lines:
        actions.delete_message(line.uid, channel_id=line.channel_id)
    ModeratedLine.objects.bulk_create(ModeratedLine(event=line.uid, action=FilterAction.DELETE) for line in lines)
    if lines:
        log.info("%s had %s of a viewer deleted", by, counted(len(lines), "line"))
        take_items(viewer, by=by)
    return len(lines)


def take_items(viewer: Viewer | None, *, by: str) -> int:
    """Cancel and refund what of the viewer's waits in the queue; return how many items."""
    return control.cancel_waiting(viewer, TAKEN_OUT(), by=by) if viewer is not None else 0


def heard_of_mute(username: str) -> None:
    """Cancel what waits of somebody whom Joystick says to be muted, unless they moderate.

    Whether its event names the muted or the moderator is not documented.
    """
    viewer = people.find(username) if username else None
    if viewer is not None and role_of(in_channel(viewer, present_channel.present())) < Role.MODERATOR:
        take_items(viewer, by=BY_JOYSTICK)


def _lines_of(viewer: Viewer) -> QuerySet[InboundEvent]:
    # Of the channel where it was asked: a moderator there moderates no other.
    lines = InboundEvent.objects.filter(
        present_channel.is_here(), viewer_key__in=people.keys_of(viewer), kind="new_message"
    )
    return lines.exclude(uid__startswith=MADE_UP).order_by("-id")


def _require_real(line: Line) -> None:
    if line.uid.startswith(MADE_UP):
        raise Refused(MADE_UP_LINE())


def _acted(line: Line, action: FilterAction, *, by: str, filter_id: int | None) -> None:
    ModeratedLine.objects.create(event=line.uid, action=action, filter_id=filter_id)
    count = take_items(line.viewer, by=by)
    log.info("%s had Joystick %s a line or its author; %d of their items were cancelled", by, action, count)

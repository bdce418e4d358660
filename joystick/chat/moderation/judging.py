"""Which filters a line meets, and what becomes of it. Without a filter, it costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from django.utils import timezone

from economy import cooldowns
from economy.models import XP, Cooldown, Viewer, viewer_key
from economy.viewers.roles import Role, role_of
from effects.chat import Priority
from joystick.chat import dispatch
from joystick.chat.moderation import doors, filters, rules
from joystick.chat.moderation.doors import Line
from joystick.chat.moderation.filters import Filter
from joystick.models import FilterAction, FilterKind, InboundEvent, ModeratedLine
from joystick.protocol.events import ChatMessage
from joystick.registry import NOTHING, Outcome
from pixelbot_site.kit import phrases, present_channel
from pixelbot_site.kit.errors import Failed, Refused
from pixelbot_site.kit.phrases import Kind

BY = "a chat filter"
# Seconds for which a permit lets one link pass.
PERMIT_SECONDS = 60
# Seconds between two lines that tell one viewer why.
TOLD_EVERY = 30.0
# A flood is looked for among so many of the newest lines. Shorter lines, and commands, many say for good reasons.
MAX_LOOKED_AT = 200
MIN_FLOOD = 4
# The strongest of several filters acts.
_STRENGTH = list(FilterAction)

REASONS = {
    FilterKind.LINKS: phrases.refusal("moderation.links", "no links here, please"),
    FilterKind.WORDS: phrases.refusal("moderation.words", "not these words here, please"),
    FilterKind.CAPITALS: phrases.refusal("moderation.capitals", "not all in capitals, please"),
    FilterKind.REPEATS: phrases.refusal("moderation.repeats", "not the same over and over, please"),
    FilterKind.LENGTH: phrases.refusal("moderation.length", "shorter lines, please"),
    FilterKind.FLOOD: phrases.refusal("moderation.flood", "not the same line again, please"),
}
TOLD = {
    FilterAction.WARN: phrases.result("moderation.warned", "@{user} {reason}"),
    FilterAction.DELETE: phrases.result("moderation.deleted", "@{user} {reason} Your line was deleted."),
    FilterAction.MUTE: phrases.result("moderation.muted", "@{user} {reason} You are muted now."),
}


def suspects(message: ChatMessage) -> tuple[Filter, ...]:
    """Return the filters that find something in the line, and of which its badges do not exempt it."""
    in_force = rules.current()
    if not in_force or message.is_moderator or message.is_streamer:
        return ()
    if message.is_subscriber:
        in_force = tuple(one for one in in_force if one.exempt_role > Role.SUBSCRIBER)
    return tuple(one for one in in_force if finding(one, message))


def finding(filter_: Filter, message: ChatMessage) -> str:
    """Return what the filter finds in a line that is stored, in words; "" for nothing."""
    if filter_.kind != FilterKind.FLOOD:
        return filters.found_in(filter_, message.text)
    times = _times_said(message, within=filter_.seconds)
    return f"the same line {times} times" if times >= filter_.limit else ""


# Of a line, the same is asked with each one that follows it.
_essence = lru_cache(2 * MAX_LOOKED_AT)(filters.essence)


def _times_said(message: ChatMessage, *, within: int) -> int:
    wanted = _essence(message.text)
    if len(wanted) < MIN_FLOOD or dispatch.is_command(message.text):
        return 0
    own = InboundEvent.objects.filter(uid=message.uid).values("pk")[:1]
    since = timezone.now() - timedelta(seconds=within)
    # Without the time as a condition: by the index on the kind, the newest are read and no others.
    lines = InboundEvent.objects.filter(present_channel.is_here(), kind="new_message", pk__lte=own).order_by("-pk")
    newest = lines.values_list("text", "received_at")[:MAX_LOOKED_AT]
    return sum(_essence(text) == wanted for text, at in newest if at >= since)


def judge(
    viewers: Mapping[str, Viewer],
    *,
    message: ChatMessage,
    met: Sequence[Filter],
    otherwise: Callable[[Mapping[str, Viewer]], Outcome] | None,
) -> Outcome:
    """Do about the line what the strongest filter says, and return what is said; where none acts, run `otherwise`.

    `met` are its `suspects`, `viewers` those that were read, by key, its author among them.
    """
    now = timezone.now()
    viewer = viewers[viewer_key(message.username)]
    met = _without_permitted([one for one in met if not _is_exempt(one, viewer)], viewer, now)
    trials = [
        ModeratedLine(event=message.uid, filter_id=one.pk, action=one.action, dry_run=True)
        for one in met
        if one.dry_run
    ]
    ModeratedLine.objects.bulk_create(trials)
    acting = [one for one in met if not one.dry_run]
    if not acting:
        return otherwise(viewers) if otherwise is not None else NOTHING
    strongest = max(acting, key=lambda one: _STRENGTH.index(FilterAction(one.action)))
    done = _act(strongest, Line(message.uid, message.username, viewer, message.channel_id))
    return Outcome(
        lines=_told(strongest, done, viewer, now),
        priority=Priority.ANSWER,
        kind=Kind.REFUSAL,
        is_taken_out=strongest.action != FilterAction.WARN,
    )


def _is_exempt(filter_: Filter, viewer: Viewer) -> bool:
    if role_of(viewer) >= filter_.exempt_role:
        return True
    if not filter_.exempt_level:
        return False
    level = XP.objects.filter(viewer_id=viewer.pk).values_list("level", flat=True).first() or 1
    return level >= filter_.exempt_level


def _act(filter_: Filter, line: Line) -> FilterAction:
    """Do what the filter says, and return what was done: where Joystick can't be asked, the author is only told."""
    if filter_.action == FilterAction.WARN:
        ModeratedLine.objects.create(event=line.uid, filter_id=filter_.pk, action=filter_.action)
        return FilterAction.WARN
    step = doors.delete if filter_.action == FilterAction.DELETE else doors.mute
    try:
        step(line, by=BY, filter_id=filter_.pk)
    except (Failed, Refused) as error:
        reason = str(error)[:300]
        ModeratedLine.objects.create(event=line.uid, filter_id=filter_.pk, action=filter_.action, failure=reason)
        doors.take_items(line.viewer, by=BY)
        return FilterAction.WARN
    return FilterAction(filter_.action)


def _told(filter_: Filter, done: FilterAction, viewer: Viewer, now: datetime) -> tuple[str, ...]:
    reason, key = REASONS[FilterKind(filter_.kind)](), f"moderation.told:{viewer.key}"
    if phrases.is_off(reason) or key not in cooldowns.take({key: TOLD_EVERY}, now=now):
        return ()
    return (TOLD[done](user=viewer.username, reason=phrases.stopped(reason)),)


def permit(viewer: Viewer, *, now: datetime) -> None:
    """Let one line with links by the viewer pass within PERMIT_SECONDS."""
    cooldowns.extend(_permit_of(viewer), until=now + timedelta(seconds=PERMIT_SECONDS))


def _permit_of(viewer: Viewer) -> str:
    # Of this channel: a moderator of another allows nothing here.
    return f"moderation.permit.{present_channel.present()}:{viewer.key}"


def _without_permitted(met: Sequence[Filter], viewer: Viewer, now: datetime) -> Sequence[Filter]:
    if not any(one.kind == FilterKind.LINKS for one in met):
        return met
    used, _ = Cooldown.objects.filter(key=_permit_of(viewer), until__gt=now).delete()
    return [one for one in met if one.kind != FilterKind.LINKS] if used else met

"""The occasions that no event of the platform causes: a redeem that failed, an overlay that is gone, a level that was
bought or won.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from economy import cooldowns
from economy.ledger.rewards import LevelUp
from economy.models import Viewer
from effects.models import QueueItem
from effects.overlays import pages
from effects.queue import level_ups, refunds
from joystick.models import Stream
from joystick.reactions import performing, rules
from joystick.reactions.engine import Reacting
from pixelbot_site.kit import present_channel, sending
from pixelbot_site.kit.transactions import again_after_deadlock
from redeems.models import Redeem

# The tasks that react to a failed redeem, and to a level.
TASK = "joystick.react_to_failed_redeem"
LEVEL_TASK = "joystick.react_to_level"
# Seconds for which a viewer's levels by one event are reacted to once.
ONCE_FOR = 60.0
# A page that OBS loads anew is back sooner.
GONE_AFTER = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class RedeemFailed:
    """A redeem that did not happen and was given back; `reason` is what the viewer was told."""

    username: str
    redeem: str
    reason: str


@dataclass(frozen=True, slots=True)
class OverlayGone:
    """No page of an overlay with sound has been open for so many seconds, while the channel is live."""

    since: datetime
    seconds: int


@again_after_deadlock
def react(cause: RedeemFailed | OverlayGone | LevelUp, *, now: datetime, event: str = "") -> None:
    """Run the rows for what happened, in a transaction of their own. `event`: the uid of the event that led to it."""
    with transaction.atomic():
        reacting = Reacting(now)
        reacting.collect(cause, uid=event, channel_id=present_channel.present())
        if reacting.candidates:
            performing.perform(reacting.runs({}), now=now)


@refunds.redeem_failed.register
def send(item: QueueItem, reason: str) -> None:
    """Have a worker react to a redeem that failed: whoever ended the item may hold up a lane, or the events."""
    if RedeemFailed in rules.current().kinds:
        sending.send(TASK, item.pk, reason)


def react_to_failed_redeem(item_id: int, reason: str) -> None:
    """Run the rows for a redeem that failed. What they set off belongs to no purchase, so that it can't cause more."""
    item = QueueItem.objects.select_related("viewer", "purchase").filter(pk=item_id).first()
    if item is None or item.viewer is None:
        return
    title = Redeem.objects.filter(key=item.redeem).values_list("title", flat=True).first() or item.redeem
    with present_channel.within(item.channel_id or ""):
        react(RedeemFailed(item.viewer.username, title, reason), now=timezone.now())


@level_ups.level_celebrated.register
def send_level(up: LevelUp, channel_id: str) -> None:
    """Have a worker react to a level: whoever performs an item may hold up the events."""
    if LevelUp not in rules.current().kinds:
        return
    # A row that spins the wheel, whose prize gives XP, could set itself off again and again.
    once = f"reaction.level:{up.viewer.pk}:{up.event}"
    if cooldowns.take({once: ONCE_FOR}, now=timezone.now()):
        sending.send(LEVEL_TASK, up.viewer.pk, up.from_level, up.to_level, up.event, channel_id)


def react_to_level(viewer_id: int, from_level: int, to_level: int, event: str, channel_id: str) -> None:
    """Run the rows for a level."""
    viewer = Viewer.objects.filter(pk=viewer_id).first()
    if viewer is not None:
        with present_channel.within(channel_id):
            react(LevelUp(viewer, from_level, to_level), now=timezone.now(), event=event)


def watch_overlay(*, now: datetime) -> None:
    """Run the rows for an overlay that is gone. Asked every five seconds; without such rows it costs nothing."""
    if OverlayGone not in rules.current().kinds:
        return
    for stream in Stream.objects.filter(ended_at__isnull=True):
        with present_channel.within(stream.channel_id):
            _watch_overlay_of(stream, now)


def _watch_overlay_of(stream: Stream, now: datetime) -> None:
    own = Stream.objects.filter(pk=stream.pk)
    if pages.is_heard():
        own.filter(overlay_gone_at__isnull=False).update(overlay_gone_at=None)
    elif stream.overlay_gone_at is None:
        own.filter(overlay_gone_at=None).update(overlay_gone_at=now)
    elif now - stream.overlay_gone_at >= GONE_AFTER:
        seconds = int((now - stream.overlay_gone_at).total_seconds())
        react(OverlayGone(stream.overlay_gone_at, seconds), now=now)

"""Values that are sent for a while: each is a row before it is sent, so that no crash loses the way back."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

from django.utils import timezone

from effects.models import OSCChange, OSCTarget
from effects.outside import hosts, osc
from effects.outside.osc import Message, typed
from pixelbot_site.kit.errors import Failed

log = logging.getLogger("osc")

# Between two attempts while a host has no address, and how long it is tried.
RETRY_AFTER = timedelta(seconds=5)
GIVE_UP_AFTER = timedelta(hours=1)

# What an address holds by its rows, and what is sent to it, change together: no older value is sent after a newer one.
_turn = threading.Lock()


def change(target: OSCTarget, address: str, kind: str, value: str, *, back: str = "", seconds: float = 0) -> None:
    """Send `value` to `address`, and what then holds there after `seconds` (0: it stays). Raise Failed if it can't be.

    A value that stays also ends the changes that last there.
    """
    endpoint = hosts.resolve(target.host, target.port)
    message = Message(address, typed(kind, value))
    with _turn:
        if not seconds:
            osc.send(endpoint, message)
            OSCChange.objects.filter(target=target, address=address).delete()
            return
        until = timezone.now() + timedelta(seconds=seconds)
        row = OSCChange.objects.create(
            target=target, address=address, type=kind, value=value, back=back, until=until, due_at=until
        )
        try:
            osc.send(endpoint, message)
        except Failed:
            row.delete()
            raise
        until = timezone.now() + timedelta(seconds=seconds)  # again: storing it may have taken as long as a pulse lasts
        OSCChange.objects.filter(pk=row.pk, due_at=row.due_at).update(until=until, due_at=until)


def send_back_due() -> None:
    """End the changes whose time is over: send what then holds at their addresses."""
    now = timezone.now()
    for row in OSCChange.objects.select_related("target").filter(due_at__lte=now).order_by("due_at", "pk"):
        retry_at = now + RETRY_AFTER
        # Claim it by moving its time: zero rows mean that another worker has it.
        if not OSCChange.objects.filter(pk=row.pk, due_at=row.due_at).update(due_at=retry_at):
            continue
        row.due_at = retry_at
        try:
            _send_back(row)
        except Failed as error:
            if now - row.until >= GIVE_UP_AFTER:
                log.warning("not sent back to %s: %s: %s", row.target, row.address, error)
                OSCChange.objects.filter(pk=row.pk).delete()
        except Exception:  # an edge: one broken row must not stop the others, nor be tried for ever
            log.exception("could not send back: %s", row)
            OSCChange.objects.filter(pk=row.pk).delete()


def _send_back(row: OSCChange) -> None:
    """Send what now holds at the row's address, and then forget those of its changes that are over."""
    endpoint = hosts.resolve(row.target.host, row.target.port)
    with _turn:
        now = timezone.now()
        rows = list(OSCChange.objects.filter(target=row.target, address=row.address).order_by("-pk"))
        over = [row.pk for row in rows if row.until <= now]
        if not over:  # another worker was faster
            return
        newest, lasting = rows[0], next((row for row in rows if row.until > now), None)
        if newest is lasting:  # it was sent last, and still holds
            _forget(over)
            return
        kind, text = (newest.type, newest.back) if lasting is None else (lasting.type, lasting.value)
        # Forgotten only once it has left: a process that dies before that sends it when it is started again.
        osc.send(endpoint, Message(row.address, typed(kind, text), sent=lambda: _forget(over)))


def _forget(over: list[int]) -> None:
    OSCChange.objects.filter(pk__in=over).delete()


def resting(target: OSCTarget) -> list[Message]:
    """Return the messages that end every change that lasts at `target`."""
    newest = {row.address: row for row in target.changes.order_by("pk")}
    return [Message(row.address, typed(row.type, row.back)) for row in newest.values()]


def send_all(target: OSCTarget, messages: list[Message]) -> None:
    """Send `messages` to a target whose row may be gone. What can't be sent is logged."""
    try:
        endpoint = hosts.resolve(target.host, target.port)
        for message in messages:
            osc.send(endpoint, message)
    except Failed as error:
        log.warning("not sent back to %s: %s", target, error)

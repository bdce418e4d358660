"""Counters: what `!deaths`, `!deaths +1` and `{counter:deaths}` tell and change."""

from __future__ import annotations

import re
from collections.abc import Set
from datetime import datetime

from django.db.models import F
from django.utils import timezone

from economy import cooldowns
from economy.models import Viewer
from economy.viewers.roles import Role, role_of
from effects.overlays import facts
from joystick.models import Count, Counter
from joystick.registry import Call
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.live import Live
from pixelbot_site.kit.naming import named
from pixelbot_site.kit.stored import Stored
from redeems import purchase

VALUE = phrases.answer("counter.value", "{name}: {value}")
ONLY_MODERATORS = phrases.refusal("counter.only_moderators", "only moderators change !{name}")
HOW = phrases.refusal("counter.how", "write !{name}, !{name} +1, !{name} -1, !{name} =5 or !{name} reset")

# A counter's words behind its name: more, less, exactly, or from 0.
_CHANGE = re.compile(r"(?P<sign>[+-])(?P<by>\d{0,9})|=?\s*(?P<exactly>-?\d{1,9})|(?P<reset>reset)", re.IGNORECASE)


def read() -> Set[str]:
    """Return the names of all counters, as they are typed after !."""
    return {name.casefold() for name in Counter.objects.values_list("name", flat=True)}


# None: read from the rows each time.
stored: Live[Set[str] | None] = Live(None)


def names() -> Set[str]:
    """Return the names of all counters, as they are typed after !."""
    in_force = stored.current()
    return read() if in_force is None else in_force


def follow_rows() -> None:
    """Take the names from the rows, in this process."""
    stored.use(Stored[Set[str] | None](Counter, read, frozenset()))


def run(call: Call) -> str:
    """Tell the counter that the command names, or have a moderator change it. Raise Refused for anything else."""
    if not call.words:
        # Telling alone: who counts may do so as often as it happens.
        seconds = call.rules.command_cooldown_seconds
        if not cooldowns.take_all({f"custom.counter.{call.name}:{call.viewer.key}": seconds}, now=call.now):
            return ""
        return VALUE(name=call.name, value=value(call.name))
    match = _CHANGE.fullmatch(call.words.strip())
    if match is None:
        raise Refused(HOW(name=call.name))
    if role_of(call.viewer) < Role.MODERATOR:
        raise Refused(ONLY_MODERATORS(name=call.name))
    if match["sign"]:
        by = int(match["by"] or 1)
        found = count(call.name, by if match["sign"] == "+" else -by, by=call.viewer)
    else:
        found = put(call.name, int(match["exactly"] or 0), by=call.viewer)
    return VALUE(name=call.name, value=found)


def value(name: str) -> int | None:
    """Return what the counter stands at; None where there is no such counter."""
    counter = _find(name)
    return None if counter is None else counter.value


@facts.counter_values.register
def values() -> dict[str, int]:
    """Return what each counter stands at, by its name, and change none."""
    rows = list(Counter.objects.all())
    began = purchase.went_live() if any(row.resets for row in rows) else None
    return {row.name: 0 if _is_of_before(row, began) else row.value for row in rows}


def count(name: str, change: int, *, by: Viewer | None) -> int | None:
    """Change the counter, keep by whom, and return what it stands at then; None where there is no such counter."""
    counter = _find(name)
    if counter is None:
        return None
    # One statement: of two who count at once, both count.
    Counter.objects.filter(pk=counter.pk).update(value=F("value") + change)
    counter.refresh_from_db(fields=["value"])
    Count.objects.create(counter=counter, viewer=by, change=change, value=counter.value)
    return counter.value


def put(name: str, exactly: int, *, by: Viewer | None) -> int | None:
    """Set the counter, keep by whom, and return what it stands at; None where there is no such counter."""
    counter = _find(name)
    if counter is None:
        return None
    Counter.objects.filter(pk=counter.pk).update(value=exactly)
    Count.objects.create(counter=counter, viewer=by, change=exactly - counter.value, value=exactly)
    return exactly


def _find(name: str) -> Counter | None:
    counter = named(Counter.objects.all(), name)
    if counter is not None and counter.resets and _is_of_before(counter, purchase.went_live()):
        counter.value, counter.reset_at = 0, timezone.now()
        counter.save(update_fields=["value", "reset_at"])
    return counter


def _is_of_before(counter: Counter, began: datetime | None) -> bool:
    """Return whether the counter begins anew, and was not looked for since the stream began."""
    return counter.resets and began is not None and (counter.reset_at is None or counter.reset_at < began)

"""Everything that answers a word after !, in one list: built-in commands, redeems, commands of one's own, counters."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.urls import reverse

from economy.viewers.roles import Role
from joystick.chat import built_in, custom
from joystick.models import BuiltInCommand, Counter, CustomCommand
from redeems.models import Redeem


@dataclass(frozen=True, slots=True)
class Entry:
    """A word after !, what it is, what it does, for whom, for how much, and the page on which it is changed."""

    word: str
    others: str
    kind: str
    does: str
    who: str
    price: str
    is_on: bool
    address: str


def entries(may: Collection[str]) -> list[Entry]:
    """Return all that somebody with these permissions may see, by their words."""
    found: list[Entry] = []
    if "joystick.view_builtincommand" in may:
        found += _built_in()
    if "joystick.view_customcommand" in may:
        found += _custom()
    if "joystick.view_counter" in may:
        found += _counters()
    if "redeems.view_redeem" in may:
        found += _redeems()
    return sorted(found, key=lambda entry: entry.word)


def _built_in() -> Iterator[Entry]:
    code = built_in.as_in_code()
    for row in BuiltInCommand.objects.filter(key__in=list(code)):
        address = reverse("admin:joystick_builtincommand_change", args=[row.pk])
        does, who = code[row.key].help(), str(Role(row.role).label)
        yield Entry(row.word, row.aliases, "built in", does, who, "", row.enabled, address)


def _custom() -> Iterator[Entry]:
    for row in CustomCommand.objects.all():
        address = reverse("admin:joystick_customcommand_change", args=[row.pk])
        price, who = str(row.cost or ""), str(Role(row.role).label)
        yield Entry(row.word, row.aliases, "your own", custom.in_words(row), who, price, row.enabled, address)


def _counters() -> Iterator[Entry]:
    for row in Counter.objects.all():
        address = reverse("admin:joystick_counter_change", args=[row.pk])
        yield Entry(row.name.casefold(), "", "counter", f"stands at {row.value}", "everybody", "", True, address)


def _redeems() -> Iterator[Entry]:
    for row in Redeem.objects.all():
        address = reverse("admin:redeems_redeem_change", args=[row.pk])
        yield Entry(
            row.key, "", "redeem", row.title, str(Role(row.least_role).label), row.price(), row.enabled, address
        )

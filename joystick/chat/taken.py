"""Which words after ! are taken, and by whom."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model

from joystick.models import BuiltInCommand, Counter, CustomCommand
from joystick.protocol.names import COMMANDS as PLATFORM_COMMANDS
from joystick.registry import commands
from pixelbot_site.kit import phrases
from redeems import purchase
from redeems.models import Redeem

BY_PLATFORM = phrases.refusal("taken.by_platform", "Joystick.tv itself answers it")
BY_COMMAND = phrases.refusal("taken.by_command", "it is a word of the command !{name}")
BY_CUSTOM = phrases.refusal("taken.by_custom", "it is a word of your own command !{name}")
BY_COUNTER = phrases.refusal("taken.by_counter", "it is a counter")
BY_REDEEM = phrases.refusal("taken.by_redeem", "it is a redeem")


def owner_of(word: str, *, but: Model | None = None) -> str:
    """Return whose a word after ! is, for a sentence; "" for one that is free, or of the row `but` alone."""
    if word in PLATFORM_COMMANDS:
        return BY_PLATFORM()
    for built_in in BuiltInCommand.objects.all():
        if built_in != but and word in (built_in.word, *built_in.aliases.split()):
            return BY_COMMAND(name=built_in.key)
    for custom in CustomCommand.objects.all():
        if custom != but and word in (custom.word, *custom.aliases.split()):
            return BY_CUSTOM(name=custom.word)
    if any(counter != but and counter.name.casefold() == word for counter in Counter.objects.all()):
        return BY_COUNTER()
    if Redeem.objects.filter(key=word).exists():
        return BY_REDEEM()
    return ""


@purchase.reserved_words.register
def reserved() -> set[str]:
    """Return the words after ! that no redeem can have: those of commands, on or off, and of the platform."""
    rows: list[BuiltInCommand | CustomCommand] = [*BuiltInCommand.objects.all(), *CustomCommand.objects.all()]
    counters = {name.casefold() for name in Counter.objects.values_list("name", flat=True)}
    words = {word for row in rows for word in (row.word, *row.aliases.split())}
    return {*words, *counters, *commands, *PLATFORM_COMMANDS}


def refuse_clashes(redeems: Iterable[str]) -> None:
    """Raise ImproperlyConfigured where a word after ! is a command and a redeem, or the platform answers it itself."""
    clashes = sorted(set(commands) & set(redeems))
    if clashes:
        raise ImproperlyConfigured(f"!{clashes[0]} is both a command and a redeem. Rename one of them.")
    taken = sorted({*commands, *redeems} & PLATFORM_COMMANDS)
    if taken:
        raise ImproperlyConfigured(f"Joystick.tv itself answers !{taken[0]}. Take another name for ours.")

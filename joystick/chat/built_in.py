"""The built-in commands as the streamer wants them: on or off, by which words, for whom and how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from economy.viewers.roles import Role
from joystick.models import BuiltInCommand
from joystick.registry import Command, commands
from pixelbot_site.kit.live import Live
from pixelbot_site.kit.stored import Stored


def as_in_code() -> Mapping[str, Command]:
    """Return the commands by each of their words, as the code has them."""
    return dict(commands.items())


# The commands by each word that they answer to. Those that are switched off are left out.
words: Live[Mapping[str, Command] | None] = Live(None)


def current() -> Mapping[str, Command]:
    """Return the commands that are on, by each of their words."""
    in_force = words.current()
    return as_in_code() if in_force is None else in_force


def word_of(key: str) -> str | None:
    """Return what the command is called now; None where it is off."""
    return next((command.name for command in current().values() if command.key == key), None)


def follow_rows() -> None:
    """Take the commands from their rows, in this process."""
    words.use(Stored[Mapping[str, Command] | None](BuiltInCommand, read, None))


def read() -> Mapping[str, Command]:
    """Return the commands that are on, by their rows. Where two have a word, the first by name has it."""
    by_word: dict[str, Command] = {}
    rows = {row.key: row for row in BuiltInCommand.objects.all()}
    for entry in commands.values():
        row = rows.get(entry.key)
        if row is not None and not row.enabled:
            continue
        command = entry if row is None else _as_wanted(entry, row)
        for word in command.words:
            by_word.setdefault(word, command)
    return by_word


def _as_wanted(entry: Command, row: BuiltInCommand) -> Command:
    return replace(
        entry,
        name=row.word,
        aliases=tuple(row.aliases.split()),
        role=Role(row.role),
        cooldown=row.cooldown_seconds,
        global_cooldown=row.global_cooldown_seconds,
        whisper=row.is_whispered,
        listed=row.is_listed,
    )


def seed() -> None:
    """Create the missing rows of the commands. Rows that exist keep what the streamer changed."""
    BuiltInCommand.objects.bulk_create(
        [
            BuiltInCommand(
                key=entry.key,
                word=entry.name,
                aliases=" ".join(entry.aliases),
                role=entry.role,
                cooldown_seconds=None if entry.cooldown is None else int(entry.cooldown),
                global_cooldown_seconds=int(entry.global_cooldown),
                is_whispered=entry.whisper,
            )
            for entry in commands.values()
        ],
        ignore_conflicts=True,
    )

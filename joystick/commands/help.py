"""`!help`: the commands that there are."""

from __future__ import annotations

from economy.viewers.roles import role_of
from joystick.registry import Call, command, commands
from pixelbot_site.kit.errors import Refused


@command("help", "commands", help="this list, or what one command does", usage="!help [COMMAND]")
def help_(call: Call) -> str:
    """List the commands that the caller may use, or explain the one that is named."""
    name = call.argument(0).removeprefix("!").casefold()
    if name:
        entry = commands.get(name)
        if entry is None:
            raise Refused(f"I don't know !{name[:40]}")
        return f"{entry.usage}: {entry.help}."
    allowed = [entry for entry in commands.values() if role_of(call.viewer) >= entry.role]
    return f"you can use {', '.join(sorted(f'!{entry.name}' for entry in allowed))}."

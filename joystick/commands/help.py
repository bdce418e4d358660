"""`!help`: what there is to say."""

from __future__ import annotations

from economy.viewers.roles import role_of
from joystick.registry import Call, command, commands
from pixelbot_site.kit.errors import Refused


@command("help", "commands", help="this list, or what one command does", usage="!help [COMMAND]")
def help_(call: Call) -> str:
    """Every command that the caller may use; or the line of one, with how to write it."""
    asked = call.argument(0).removeprefix("!").casefold()
    if asked:
        entry = commands.get(asked)
        if entry is None:
            raise Refused(f"I don't know !{asked[:40]}")
        return f"{entry.usage}: {entry.help}"
    mine = [entry for entry in commands.values() if role_of(call.viewer) >= entry.role]
    return f"I know {', '.join(sorted(f'!{entry.name}' for entry in mine))}."

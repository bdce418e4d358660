"""`!help`: the commands that there are, and what can be bought."""

from __future__ import annotations

from economy.settings_table import PointsSettings
from economy.viewers.roles import role_of
from joystick.registry import Call, command, commands
from pixelbot_site.kit.errors import Refused
from redeems.models import Redeem


@command("help", "commands", help="this list, or what one command or redeem does", usage="!help [NAME]")
def help_(call: Call) -> str:
    """List the commands and redeems that the caller may use, or explain the one that is named."""
    name = call.argument(0).removeprefix("!").casefold()
    if name:
        return _explained(name)
    role = role_of(call.viewer)
    allowed = sorted({f"!{entry.name}" for entry in commands.values() if role >= entry.role})
    rows = Redeem.objects.filter(enabled=True, least_role__lte=role).exclude(stock=0)
    offers = ", ".join(f"!{row.key} ({row.price()})" for row in rows)
    return f"you can use {', '.join(allowed)}{f'; and buy {offers}' if offers else ''}."


def _explained(name: str) -> str:
    entry = commands.get(name)
    if entry is not None:
        return PointsSettings.current().named(f"{entry.usage}: {entry.help}.")
    row = Redeem.objects.filter(key=name.replace("\0", "")).first()  # for a NUL, PostgreSQL raises
    if row is None:
        raise Refused(f"I don't know !{name[:40]}")
    answer = f"!{row.key}: {row.title} ({row.price(in_words=True)})."
    if not row.enabled:
        return f"{answer} It is switched off at the moment."
    return f"{answer} It is sold out." if row.stock == 0 else answer

"""`!help`: the commands that there are, and what can be bought."""

from __future__ import annotations

from economy.viewers.roles import role_of
from joystick.chat import answering, built_in
from joystick.registry import Call, command
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Refused
from redeems import purchase
from redeems.models import Redeem

COMMANDS = phrases.answer("help.commands", "you can use {commands}.")
BOTH = phrases.answer("help.both", "you can use {commands}; and buy {offers}.")
COMMAND = phrases.answer("help.command", "{usage}: {help}.")
OWN = phrases.answer("help.own", "!{name} is a command of this channel's own.")
REDEEM = phrases.answer("help.redeem", "!{name}: {title} ({price}). {state}")
OFF = phrases.answer("help.off", "It is switched off at the moment.")
SOLD_OUT = phrases.answer("help.sold_out", "It is sold out.")
NOT_NOW = phrases.answer("help.not_now", "It can't be had right now.")
UNKNOWN = phrases.refusal("help.unknown", "I don't know !{name}")


@command("help", "commands", help="this list, or what one command or redeem does", usage="[NAME]")
def help_(call: Call) -> str:
    """List the commands and redeems that the caller may use, or explain the one that is named."""
    name = call.argument(0).removeprefix("!").casefold()
    if name:
        return _explained(name)
    role = role_of(call.viewer)
    is_live = purchase.went_live() is not None
    entries = built_in.current().values()
    names = {entry.name for entry in entries if role >= entry.role and entry.listed}
    allowed = sorted(f"!{word}" for word in names.union(answering.listed(call.viewer, role=role, is_live=is_live)))
    offers = ", ".join(f"!{row.key} ({row.price()})" for row in purchase.offered(call.viewer))
    return BOTH(commands=", ".join(allowed), offers=offers) if offers else COMMANDS(commands=", ".join(allowed))


def _explained(name: str) -> str:
    entry = built_in.current().get(name)
    if entry is not None:
        return COMMAND(usage=entry.usage, help=entry.help())
    if answering.find(name) is not None:
        return OWN(name=name)
    row = Redeem.objects.filter(key=name.replace("\0", "")).first()  # for a NUL, PostgreSQL raises
    if row is None:
        raise Refused(UNKNOWN(name=name[:40]))
    return REDEEM(name=row.key, title=row.title, price=row.price(in_words=True), state=_state(row))


def _state(row: Redeem) -> str:
    if not row.enabled:
        return OFF.part()
    if row.stock == 0:
        return SOLD_OUT.part()
    return "" if purchase.can_happen(row) else NOT_NOW.part()

"""`!help`: what there is to say."""

from __future__ import annotations

from joystick.registry import Call, command, commands
from redeems.models import Redeem


@command("help", "commands", help="this list")
def help_(call: Call) -> str:
    """Every command, and every redeem that is on, with its price."""
    words = sorted(f"!{entry.name}" for entry in commands.values())
    prices = [f"!{row.key} ({row.cost or 'free'})" for row in Redeem.objects.filter(enabled=True)]
    return f"I know {', '.join(words)}." + (f" For points: {', '.join(prices)}." if prices else "")

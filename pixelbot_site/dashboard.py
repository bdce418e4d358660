"""How the bot stands, for the dashboard and for `/health`."""

from __future__ import annotations

from economy.ledger import audit, xp
from effects.obs import names
from joystick.gateway import health as connection
from joystick.models import Install


def standing() -> str:
    """Return one sentence: which channel, and how the line is."""
    health = connection.health()
    if health.state == "connected":
        install = Install.objects.filter(last_event_at__isnull=False).order_by("-last_event_at").first()
        where = f" to the channel of {install}" if install else ""
        return f"The bot is connected{where}; {health.events_per_minute} events in the last minute."
    if health.state == "off":
        return f"The bot is not connected{': ' + health.detail if health.detail else ''}."
    return f"The bot is {health.state}{': ' + health.detail if health.detail else ''}."


def trouble() -> list[str]:
    """Return a sentence for each thing that staff must act on: the dashboard's red lines, and `/health`'s troubles."""
    installs = Install.objects.exclude(trouble="")
    reconnect = [f"{install} needs reconnecting: {install.trouble}" for install in installs]
    curve = "The levels were made by another curve: run manage.py recompute_levels." if xp.stale() else ""
    sentences = [*reconnect, connection.trouble(), audit.latest_fault(), curve, *names.missing()]
    return [sentence for sentence in sentences if sentence]

"""The bot's state in sentences, for the dashboard and for `/health`."""

from __future__ import annotations

from economy.ledger import audit, xp
from economy.ledger.amounts import counted
from effects.obs import names
from joystick.gateway import health as connection
from joystick.models import Install


def standing() -> str:
    """Return a sentence about the connection: its state, the channel, and the events of the last minute."""
    health = connection.health()
    unsaid = (
        f" {counted(health.unsaid_today, 'line')} for chat had to be left out today." if health.unsaid_today else ""
    )
    if health.state == "connected":
        install = Install.objects.filter(last_event_at__isnull=False).order_by("-last_event_at").first()
        where = f" to the channel of {install}" if install else ""
        return f"The bot is connected{where}; {health.events_per_minute} events in the last minute.{unsaid}"
    state = "not connected" if health.state == "off" else health.state
    detail = f": {health.detail.rstrip('.')}" if health.detail else ""
    return f"The bot is {state}{detail}.{unsaid}"


def trouble() -> list[str]:
    """Return a sentence for each thing that staff must act on. The dashboard shows them as red lines."""
    installs = Install.objects.exclude(trouble="")
    reconnect = [f"{install} needs reconnecting: {install.trouble.rstrip('.')}." for install in installs]
    curve = "The levels were computed with another curve: run manage.py recompute_levels." if xp.stale() else ""
    sentences = [*reconnect, connection.trouble(), audit.latest_fault(), curve, *names.missing()]
    return [sentence for sentence in sentences if sentence]

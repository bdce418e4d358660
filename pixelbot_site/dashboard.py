"""The bot's state in sentences, for the dashboard and for `/health`."""

from __future__ import annotations

from economy.ledger import audit, xp
from effects.obs import health as obs
from effects.obs import names, reverts
from effects.overlays import pages
from joystick.channel import streams
from joystick.gateway import health as connection
from joystick.models import Install
from pixelbot_site.backups import shelf
from pixelbot_site.kit.plural import counted
from pixelbot_site.upkeep import heartbeat


def standing() -> str:
    """Return a sentence about the connection: its state, the channel, and the events of the last minute."""
    health = connection.health()
    unsaid = (
        f" {counted(health.unsaid_today, 'line')} for chat had to be left out today." if health.unsaid_today else ""
    )
    if health.state == "connected":
        install = Install.objects.filter(last_event_at__isnull=False).order_by("-last_event_at").first()
        where = f" to the channel of {install}" if install else ""
        events = counted(health.events_per_minute, "event")
        return f"The bot is connected{where}; {events} in the last minute.{unsaid}"
    state = "not connected" if health.state == "off" else health.state
    detail = f": {health.detail.rstrip('.')}" if health.detail else ""
    return f"The bot is {state}{detail}.{unsaid}"


def trouble() -> list[str]:
    """Return a sentence for each thing that staff must act on. The dashboard shows them as red lines."""
    installs = Install.objects.exclude(trouble="")
    reconnect = [f"{install} needs reconnecting: {install.trouble.rstrip('.')}." for install in installs]
    curve = (
        "The levels were computed with another curve: press “Recompute levels” on the page Settings."
        if xp.stale()
        else ""
    )
    on_line = [connection.trouble(), connection.own_name_trouble(), heartbeat.trouble()]
    in_books = [audit.latest_fault(), shelf.trouble(), curve]
    on_stream = [_overlay_trouble(), obs.trouble(), *names.missing(), *reverts.not_undone()]
    sentences = [*reconnect, *on_line, *in_books, *on_stream]
    return [sentence for sentence in sentences if sentence]


def _overlay_trouble() -> str:
    if streams.current() is None or pages.is_open():
        return ""
    return "No overlay is open, so that viewers see and hear nothing: add its address to OBS, or refresh the source."

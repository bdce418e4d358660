"""Sentences for the dashboard: whether OBS answers."""

from __future__ import annotations

from django.conf import settings
from django.core.cache import cache
from django.utils.text import capfirst

from effects.obs import address
from effects.obs.client import AWAY, obs
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Failed, Refused

NOT_ASKED = "no worker has asked it lately"
SO_LONG = "effects that need it fail, and no redeem that needs it is sold"
NEEDS_OBS = phrases.refusal("obs.needed", "that needs OBS, which is not connected")

# Seconds: the page waits for OBS no longer.
ASK_WITHIN = 1.0
# Seconds that the result of a check is kept. Checks run every half minute, where a worker is free.
KEEP_SECONDS = 900
# Why OBS is away by the last check, "" where it answered; nothing before the first, and while no worker runs.
KEY = "obs.away"


def standing() -> str:
    """Return where the bot looks for OBS, and whether it answers: asked now, or by the workers' last check.

    The web server may be on another machine than the workers, which OBS does not answer.
    """
    try:
        options = address.options()
    except Failed as error:
        return f"{capfirst(str(error))}."
    if not options.enabled:
        return f"OBS is switched off: {SO_LONG}."
    where = f"The bot looks for OBS at {options.host}:{options.port}."
    if not settings.EMBEDDED:
        return f"{where} {capfirst(_last_reason() or 'it answered')}, by the workers' last check."
    try:
        return f"{where} It answers: OBS {obs().ask('GetVersion', within=ASK_WITHIN)['obsVersion']}."
    except Failed as error:
        return f"{where} {capfirst(str(error))}."


def check() -> bool:
    """Ask OBS whether it answers, store the reason if not for `trouble`, and return whether it does."""
    try:
        obs().ask("GetVersion")
    except Failed as error:
        cache.set(KEY, str(error), KEEP_SECONDS)
        return False
    cache.set(KEY, "", KEEP_SECONDS)
    return True


def require_ready() -> None:
    """Raise Refused, with a sentence for viewers, where OBS is switched off or away."""
    if trouble() or not address.options().enabled:
        raise Refused(NEEDS_OBS())


def trouble() -> str:
    """Return the sentence for OBS that is switched on and away, else ""."""
    try:
        return away(enabled=address.options().enabled)
    except Failed as error:
        return f"{capfirst(str(error))}."


def away(*, enabled: bool) -> str:
    """Return the sentence for OBS that does not answer; "" where it is not used."""
    if not enabled:
        return ""
    line = obs()
    # Of several processes, another's connection tells nothing of what the workers reach.
    reason = line.away if settings.EMBEDDED and line.is_running else _last_reason()
    return f"{capfirst(reason)}: {SO_LONG}." if reason else ""


def _last_reason() -> str:
    return str(cache.get(KEY, AWAY(reason=NOT_ASKED)))

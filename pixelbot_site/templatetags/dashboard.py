"""Template tags: what stands on every page."""

from __future__ import annotations

from django import template
from django.conf import settings

from effects.queue.lanes import paused
from pixelbot_site.index import lamps
from pixelbot_site.index.lamps import Moment

register = template.Library()


@register.simple_tag(takes_context=True)
def trouble(context: template.Context) -> list[str]:
    """Return the red lines. A page that shows the lamps has looked at them once."""
    moment: Moment | None = context.get("moment")
    return lamps.recent_trouble() if moment is None else lamps.trouble(moment.lamps)


@register.simple_tag(takes_context=True)
def stopped(context: template.Context) -> str:
    """Return the names of the lanes that are paused, or ""."""
    moment: Moment | None = context.get("moment")
    names = paused() if moment is None else [lane.name for lane in moment.lanes if lane.is_paused]
    return ", ".join(sorted(names))


@register.simple_tag
def is_demo() -> bool:
    """Return whether this is the demo."""
    return bool(settings.DEMO)

"""Template tags: what stands on every page."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify

from effects.overlays import screens
from effects.queue.lanes import paused
from pixelbot_site import sections
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
    names = (
        {screens.parted(lane)[0] for lane in paused()}
        if moment is None
        else [lane.label for lane in moment.lanes if lane.is_paused]
    )
    return ", ".join(sorted(names))


@register.filter
def in_section(breadcrumbs: SafeString, opts: Any) -> SafeString:
    """Return Django's breadcrumbs with the model's section on the index in place of its app."""
    app = '<a href="{}">{}</a>'
    address = reverse("admin:app_list", args=[opts.app_label])
    section = sections.section_of(opts.label_lower)
    link = format_html(app, f"{reverse('admin:index')}#{slugify(section)}", section)
    return mark_safe(breadcrumbs.replace(format_html(app, address, opts.app_config.verbose_name), link))


@register.simple_tag
def is_demo() -> bool:
    """Return whether this is the demo."""
    return bool(settings.DEMO)

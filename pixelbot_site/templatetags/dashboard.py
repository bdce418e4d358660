"""Template tags: the red lines of every page, and who may press a lamp's button."""

from __future__ import annotations

from django import template
from django.contrib.auth.models import AnonymousUser, User

from pixelbot_site.index import lamps

register = template.Library()


@register.simple_tag(takes_context=True)
def trouble(context: template.Context) -> list[str]:
    """Return the red lines. A page that shows the lamps has looked at them once."""
    return lamps.trouble(context.get("lamps"))


@register.filter
def allowed_to(user: User | AnonymousUser, action: lamps.Action) -> bool:
    """Return whether a user may do what a lamp's button does."""
    return user.has_perm(action.permission)

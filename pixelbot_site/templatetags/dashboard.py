"""Template tags: the first page's sentence about the connection, and the red lines of every page."""

from __future__ import annotations

from django import template

from pixelbot_site.dashboard import standing, trouble

register = template.Library()
register.simple_tag(trouble, name="trouble")
register.simple_tag(standing, name="standing")

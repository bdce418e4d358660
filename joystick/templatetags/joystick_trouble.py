"""How the bot stands with Joystick, for the dashboard: the first page's sentence, and the red lines of every page."""

from __future__ import annotations

from django import template

from joystick.admin.feed import standing, trouble

register = template.Library()
register.simple_tag(trouble, name="joystick_trouble")
register.simple_tag(standing, name="joystick_standing")

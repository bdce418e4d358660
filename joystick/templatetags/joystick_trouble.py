"""The red lines at the top of every page of the dashboard."""

from __future__ import annotations

from django import template

from joystick.admin import trouble

register = template.Library()
register.simple_tag(trouble, name="joystick_trouble")

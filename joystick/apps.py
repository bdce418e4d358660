"""Joystick: the platform's side of the bot."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured


class JoystickConfig(AppConfig):
    """Fills the registries of handlers and commands from their folders."""

    name = "joystick"

    def ready(self) -> None:
        """Called by Django once the models are loaded."""
        from joystick import commands, handlers
        from joystick.channel import streams  # noqa: F401 (its listeners)
        from joystick.inbox import dispatch, receive  # noqa: F401 (their listeners)
        from joystick.protocol import names
        from joystick.registry import commands as known
        from pixelbot_site.kit.registry import scan
        from redeems.registry import catalog

        scan(handlers)
        scan(commands)
        both = sorted(set(known) & set(catalog))
        if both:
            raise ImproperlyConfigured(f"!{both[0]} is both a command and a redeem. Rename one of them.")
        taken = sorted((set(known) | set(catalog)) & names.COMMANDS)
        if taken:
            raise ImproperlyConfigured(f"Joystick.tv itself answers !{taken[0]}. Take another name for ours.")

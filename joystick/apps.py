"""Joystick: the platform's side of the bot."""

from __future__ import annotations

from django.apps import AppConfig


class JoystickConfig(AppConfig):
    """Fills the registries of handlers and commands from their folders."""

    name = "joystick"

    def ready(self) -> None:
        """Import every handler and command, and the listeners of hooks; refuse words that are taken twice."""
        from joystick import commands, handlers
        from joystick.channel import streams  # noqa: F401 (its listeners)
        from joystick.registry import refuse_clashes
        from pixelbot_site.kit.registry import scan
        from redeems.registry import catalog

        scan(handlers)
        scan(commands)
        refuse_clashes(catalog)

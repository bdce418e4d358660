"""The app that talks to Joystick.tv."""

from __future__ import annotations

from django.apps import AppConfig


class JoystickConfig(AppConfig):
    """The app's configuration: at the start it fills the registries of handlers, commands, occasions and words."""

    name = "joystick"

    def ready(self) -> None:
        """Import what the folders hold, and listeners. Raises ImproperlyConfigured for a name taken twice."""
        from joystick import handlers
        from joystick.channel import installs, streams  # noqa: F401 (they register their hook listeners)
        from joystick.chat import commands, words
        from joystick.chat.taken import refuse_clashes
        from joystick.inbox import name_changes, overlay_facts  # noqa: F401 (the same)
        from joystick.reactions import occasions
        from pixelbot_site.kit.registry import scan
        from redeems.registry import catalog

        scan(handlers)
        scan(commands)
        scan(occasions)
        scan(words)
        refuse_clashes(catalog)

"""The app of everything that happens on the stream."""

from __future__ import annotations

from django.apps import AppConfig


class EffectsConfig(AppConfig):
    """The app: it fills the registries of effects and widgets."""

    name = "effects"

    def ready(self) -> None:
        """Register kinds, widgets and listeners. They import models, so this waits until Django has loaded those."""
        from effects import library
        from effects.overlays import layout, widgets  # noqa: F401 (layout: its receiver)
        from effects.queue import playback, trying  # noqa: F401 (their listeners and phrases)
        from effects.queue.upkeep import cleanup, rescue  # noqa: F401 (the same)
        from pixelbot_site.kit.registry import scan

        scan(library)
        scan(widgets)

"""The app of everything that happens on the stream."""

from __future__ import annotations

from django.apps import AppConfig


class EffectsConfig(AppConfig):
    """The app: it fills the registry of effects from `effects/library/`."""

    name = "effects"

    def ready(self) -> None:
        """Register all kinds and listeners. They import models, so this waits until Django has loaded those."""
        from effects import library
        from effects.queue import playback, trying  # noqa: F401 (their listeners and phrases)
        from effects.queue.upkeep import cleanup, rescue  # noqa: F401 (the same)
        from pixelbot_site.kit.registry import scan

        scan(library)

"""Effects: what happens on the stream."""

from __future__ import annotations

from django.apps import AppConfig


class EffectsConfig(AppConfig):
    """Fills the registry of effects from `effects/library/`."""

    name = "effects"

    def ready(self) -> None:
        """Called by Django once the models are loaded."""
        from effects import library
        from effects.queue import cleanup  # noqa: F401 (its listener)
        from pixelbot_site.kit.registry import scan

        scan(library)

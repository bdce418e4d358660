"""The app of redeems: things that viewers buy with points."""

from __future__ import annotations

from django.apps import AppConfig


class RedeemsConfig(AppConfig):
    """Fills the registry of redeems from `redeems/catalog/`."""

    name = "redeems"

    def ready(self) -> None:
        """Register the listeners of hooks, and scan the catalog."""
        from pixelbot_site.kit.registry import scan
        from redeems import catalog, choices, purchase  # noqa: F401 (the latter two for their listeners)

        scan(catalog)

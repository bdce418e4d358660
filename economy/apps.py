"""The economy: viewers, points, XP."""

from __future__ import annotations

from django.apps import AppConfig


class EconomyConfig(AppConfig):
    """Nothing to wire."""

    name = "economy"

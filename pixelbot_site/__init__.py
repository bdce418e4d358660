"""Pixel Bot's wiring: settings, URLs, servers, and the command that runs it all."""

from __future__ import annotations

from .celery import app as celery_app

__all__ = ["celery_app"]

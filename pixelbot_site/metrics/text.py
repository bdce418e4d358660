"""The text that Prometheus reads, and who may read it."""

from __future__ import annotations

from django.conf import settings
from django.utils.crypto import constant_time_compare
from prometheus_client import REGISTRY, Gauge, disable_created_metrics, generate_latest

from pixelbot_site.kit.settings_table import overrides
from pixelbot_site.metrics import database

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# When each counter was made: twice the lines, for what nobody asks.
disable_created_metrics()  # type: ignore[no-untyped-call]

SETTINGS_AGE = Gauge(
    "pixelbot_live_settings_age_seconds",
    "Seconds since this process read the dashboard's settings. Who needs one reads them again after a second.",
)
SETTINGS_AGE.set_function(lambda: overrides.age)


def is_on() -> bool:
    """Return whether METRICS_TOKEN is set."""
    return bool(settings.METRICS_TOKEN)


def is_allowed(authorization: str) -> bool:
    """Return whether a request's header names the token. The time that this takes tells nothing about it."""
    scheme, _, token = authorization.partition(" ")
    known = settings.METRICS_TOKEN
    return bool(known) and scheme.lower() == "bearer" and constant_time_compare(token.strip(), known)


def of_process() -> bytes:
    """Return what this process has counted."""
    return generate_latest(REGISTRY)


def of_everything() -> bytes:
    """Return what this process has counted, and the facts of the database, which is asked where they are too old."""
    return generate_latest(REGISTRY) + generate_latest(database.REGISTRY)

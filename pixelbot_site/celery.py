"""The Celery application. Its messages only wake workers; what there is to do is stored in rows."""

from __future__ import annotations

import os

from celery import Celery

import pixelbot_site.kit.bell_broker  # noqa: F401 (names the bell:// transport before the first connection)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pixelbot_site.settings")

app = Celery("pixelbot_site")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

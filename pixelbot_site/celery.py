"""The Celery application. Its messages only wake workers; what there is to do is stored in rows."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import task_postrun
from django.db import close_old_connections

import pixelbot_site.kit.bell_broker  # noqa: F401 (names the bell:// transport before the first connection)
from pixelbot_site.kit import channel_layer

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pixelbot_site.settings")
# A worker would run Django's checks of the code at each start, which import all of the API. They are among the tests.
os.environ.setdefault("CELERY_SKIP_CHECKS", "true")

app = Celery("pixelbot_site")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@task_postrun.connect
def _finish(**_: Any) -> None:
    close_old_connections()
    # A worker's process may end after any task.
    channel_layer.flush()

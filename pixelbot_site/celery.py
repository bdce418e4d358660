"""The Celery application. Its messages only wake workers; what there is to do is stored in rows."""

from __future__ import annotations

import multiprocessing
import os
from typing import Any

from pixelbot_site.kit.missing import without_extensions

# No package here adds a serializer, a pattern of names or a place for results.
with without_extensions():
    import celery.utils.imports  # noqa: F401
    import kombu.matcher
    import kombu.serialization  # noqa: F401

# isort: split
from celery import Celery, Task
from celery.signals import celeryd_after_setup, setup_logging, task_postrun, worker_ready, worker_shutting_down
from django.db import close_old_connections, connection

import pixelbot_site.kit.bell_broker  # noqa: F401 (names the bell:// transport before the first connection)
from pixelbot_site.kit import channel_layer

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pixelbot_site.settings")
# A worker would run Django's checks of the code at each start, which import all of the API. They are among the tests.
os.environ.setdefault("CELERY_SKIP_CHECKS", "true")


@setup_logging.connect
def _keep_logging_as_it_is(**_: Any) -> None:
    """Leave logging to Django's LOGGING, which LOG_LEVEL and LOG_FORMAT decide.

    Without a receiver, Celery gives the root logger its own level, and makes stderr a logger whose lines go to stderr:
    each line would be logged again and again, and never be seen.
    """


@celeryd_after_setup.connect
def _share_the_end(**_: Any) -> None:
    from effects import tasks

    tasks.stopping = multiprocessing.Event()  # of the processes that the worker forks, too


@worker_shutting_down.connect
def _begin_nothing_new(**_: Any) -> None:
    from effects import tasks

    tasks.stopping.set()


@worker_ready.connect
def _tell_of_worker(sender: Any, **_: Any) -> None:
    from effects.queue import wakeups  # Django must be set up before
    from pixelbot_site.metrics import worker

    worker.begin_by_itself(sender)
    wakeups.check_obs()


app = Celery("pixelbot_site")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@task_postrun.connect
def _finish(task: Task[..., Any], **_: Any) -> None:
    if task.request.is_eager:  # called like a function: its connection is the caller's
        return
    if connection.vendor == "sqlite" and connection.connection is not None and not connection.errors_occurred:
        # To open it anew takes 4 ms, as long as most tasks. What an audit has read of the file need not be kept.
        connection.connection.execute("PRAGMA shrink_memory")
    else:  # a pool gets its own back
        close_old_connections()
    # A worker's process may end after any task.
    channel_layer.flush()

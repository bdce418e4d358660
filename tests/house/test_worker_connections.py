"""The database's connection of a worker's thread, from one task to the next."""

from __future__ import annotations

import pytest
from celery.signals import task_postrun
from django.db import connection

from effects.tasks import drain

pytestmark = pytest.mark.django_db(transaction=True)


def end_a_task() -> None:
    task_postrun.send(sender=drain, task=drain)


def test_sqlites_stays_open_and_a_pool_gets_its_own_back() -> None:
    connection.ensure_connection()
    open_before = connection.connection
    end_a_task()
    assert connection.connection is (open_before if connection.vendor == "sqlite" else None)


def test_a_broken_one_is_closed() -> None:
    connection.ensure_connection()
    connection.errors_occurred = True
    end_a_task()
    assert connection.connection is None

"""How long the dashboard's index takes: `python -m tests.benchmarks.first_page [--quick]`.

A database of 1,000,000 events, 100,000 viewers and 1,000,000 transactions, with a stream that has been on for three
hours. Printed are the queries and the milliseconds of the server, templates included: of the index, of what an open
index asks for once something happened, and of the list of viewers beside it. Goals: at most 25 queries and 150 ms.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

EVENTS, VIEWERS = 1_000_000, 100_000
QUICK_EVENTS, QUICK_VIEWERS = 10_000, 2_000
LOOKS = 15
# The events of three hours of a busy evening.
TONIGHT = 20_000
EARNERS = 1_000


def main() -> None:
    """Fill, measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    events, viewers = (QUICK_EVENTS, QUICK_VIEWERS) if options.quick else (EVENTS, VIEWERS)
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DATA_DIR": folder, "ENV_FILE": os.devnull, "DJANGO_SETTINGS_MODULE": "pixelbot_site.settings"}
        measure(Path(folder) / "pixelbot.sqlite3", events, viewers)


def measure(file: Path, events: int, viewers: int) -> None:
    """Fill the database, and print what each page takes."""
    import django

    django.setup()
    logging.disable(logging.CRITICAL)
    from pixelbot_site import setup

    setup.prepare()
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.db.models import F
    from django.test import Client
    from django.utils import timezone

    from economy.earning.pay import Award, pay
    from joystick.channel import streams
    from joystick.models import InboundEvent
    from joystick.settings_table import Rules
    from pixelbot_site.index import board, guide, lamps, live, tonight
    from pixelbot_site.kit import live as kit_live
    from tests.benchmarks import crowd, longest_wait

    connection.close()
    crowd.fill(file, viewers)
    longest_wait.fill_feed(file, events, viewers)
    newest = InboundEvent.objects.order_by("-id")[: min(TONIGHT, events // 2)]
    InboundEvent.objects.filter(pk__gt=min(event.pk for event in newest)).update(
        received_at=timezone.now() - timedelta(minutes=90), tokens=F("id") % 50
    )
    streams.begin("channel", timezone.now() - timedelta(hours=3))
    for first in range(0, EARNERS, 500):
        pay(
            [
                Award(f"Viewer{number}", "tip", f"tonight:{number}", points=number + 1)
                for number in range(first, first + 500)
            ],
            rules=Rules.current(),
            now=timezone.now(),
        )

    settings.ALLOWED_HOSTS.append("testserver")
    client = Client()
    client.force_login(get_user_model().objects.get(is_superuser=True))
    guide.due.get(lambda: None)  # it is over
    # What is asked once in a second, in three and in five, whoever looks.
    kit_live.MAX_AGE = lamps.red_lines.seconds = lamps.stale_curve.seconds = 3600.0
    permissions = board.View("index", frozenset(board.PERMISSIONS))
    look = live._Look()
    look.changed({permissions})

    def show_index() -> None:
        tonight.stream_figures.forget()  # as if nobody had looked for five seconds
        assert client.get("/admin/").status_code == 200

    def look_again() -> None:
        look._slow_at = 0.0
        tonight.stream_figures.forget()
        look._seen = {}
        look.changed({permissions})

    steps: dict[str, Callable[[], object]] = {
        "the index": show_index,
        "an open index, when everything changed": look_again,
        "the list of viewers": lambda: client.get("/admin/economy/viewer/"),
    }
    for name, step in steps.items():
        step()
        asked: list[str] = []
        with connection.execute_wrapper(partial(note, asked)):
            step()
        took = []
        for _ in range(LOOKS):
            began = time.perf_counter()
            step()
            took.append((time.perf_counter() - began) * 1000)
        print(f"{name:<42} {len(asked):3} queries  p50 {statistics.median(took):6.1f} ms  longest {max(took):6.1f} ms")


def note(asked: list[str], execute: Any, sql: str, *arguments: Any) -> Any:
    """Remember a query, and execute it."""
    asked.append(sql)
    return execute(sql, *arguments)


if __name__ == "__main__":
    main()

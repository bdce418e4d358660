"""What stands in Redis while a worker is busy, what goes on beside it, what a worker logs, and how it ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from contextlib import closing

import psutil
import pytest
import redis

from tests.journeys.site import Scaled
from tests.processes import ROOT, wait_until

WAKE_UPS, ITEMS = 1000, 30
LANES = ("effect", "reply", "wheel")
# Items in two lanes, which end without an overlay, and one that was paid for and has waited too long.
FILL = f"""
import django; django.setup()
from datetime import timedelta
from django.utils import timezone
from economy.ledger import points
from economy.viewers import people
from effects.models import Purchase, QueueItem
from effects.queue import items, wakeups
from effects.registry import Effect
from pixelbot_site import setup

setup.prepare()
bob = people.seen(["Bob"], now=timezone.now())["bob"]
points.grant(bob, 100, source="test", reference="start")
payment = points.spend(bob, 25, source="redeem", reference="bought")
purchase = Purchase.objects.create(viewer=bob, redeem="thing", payment=payment)
late = items.enqueue(Effect("speak", {{"text": "late"}}, "late"), viewer=bob, purchase=purchase, waits=True)
QueueItem.objects.filter(pk=late.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
for number in range({ITEMS}):
    items.enqueue(Effect("obs_scene", {{"scene": "Kitchen"}}, "scene"))
    items.enqueue(Effect("reply", {{"text": "hello"}}, "reply"))
for number in range({WAKE_UPS}):
    wakeups.wake({LANES!r}[number % {len(LANES)}])
"""


def test_a_lane_is_woken_once_and_what_is_urgent_does_not_wait_behind_it(scaled: Scaled, redis_url: str) -> None:
    scaled.environment |= {"DJANGO_SETTINGS_MODULE": "pixelbot_site.settings"}
    celery = ("-m", "celery", "-A", "pixelbot_site", "worker", "--pool", "threads", "--concurrency", "1", "-n")
    with closing(redis.Redis.from_url(redis_url)) as broker:

        def takers() -> int:
            return sum(client["cmd"] == "brpop" for client in broker.client_list())

        busy = scaled.start(*celery, "work@here", "-Q", "celery")
        wait_until(lambda: takers() == 1, "the worker waits for tasks", within=30)
        busy.send_signal(signal.SIGSTOP)
        fill(scaled)
        # One for each lane, and two where the wake-ups took longer than a lane counts as woken; the worker has one.
        assert len(LANES) - 1 <= broker.llen("celery") <= 2 * len(LANES)

        beat = ("-B", "--schedule", f"{scaled.environment['DATA_DIR']}/beat")
        scaled.start(*celery, "urgent@here", "-Q", "urgent", *beat)
        ended = "SELECT count(*) FROM effects_queueitem WHERE state = 'expired'"
        wait_until(lambda: scaled.ask(ended) == 1, "what has waited too long ends", within=30)
        assert scaled.ask("SELECT balance FROM economy_points") == 100
        assert broker.llen("urgent") <= 1

        waiting = "SELECT count(*) FROM effects_queueitem WHERE state IN ('pending', 'running')"
        assert scaled.ask(waiting) == 2 * ITEMS
        busy.send_signal(signal.SIGCONT)
        wait_until(lambda: scaled.ask(waiting) == 0, "nothing is left waiting")
        wait_until(lambda: broker.llen("celery") == 0, "no message is left")
        log_is_written_once(scaled, busy)


def log_is_written_once(scaled: Scaled, worker: subprocess.Popen[str]) -> None:
    """Each item's line is in the worker's output one time, and an idle worker does not go on logging."""

    def lines() -> int:
        return "".join(scaled.output).count("[queue] WARNING: failed: reply ")

    wait_until(lambda: lines() == ITEMS, "each line is written")
    idle = psutil.Process(worker.pid)
    idle.cpu_percent()
    time.sleep(2)
    assert idle.cpu_percent() < 50
    assert lines() == ITEMS


# Items that take five seconds each: nobody answers at the address.
SLOW = """
import django; django.setup()
from effects.queue import items
from effects.registry import Effect
from pixelbot_site import setup

setup.prepare()
for _ in range(4):
    items.enqueue(Effect("webhook", {"url": %r}, "webhook"))
"""


@pytest.mark.parametrize("pool", [("--pool", "threads", "--concurrency", "2"), ("--concurrency", "2")])
def test_a_worker_that_is_told_to_end_begins_nothing_new(scaled: Scaled, pool: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as never_answers:
        url = f"http://127.0.0.1:{never_answers.getsockname()[1]}/"
        names = {"WEBHOOK_ADDRESSES": url, "WEBHOOK_SECRET": "x" * 40}
        scaled.environment |= {"DJANGO_SETTINGS_MODULE": "pixelbot_site.settings", **names}
        run(scaled, SLOW % url)
        worker = scaled.start("-m", "celery", "-A", "pixelbot_site", "worker", *pool)
        count = "SELECT count(*) FROM effects_queueitem WHERE state = '{}'"
        wait_until(lambda: scaled.ask(count.format("running")) == 1, "the first begins", within=60)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(12) == 0
    assert [scaled.ask(count.format(state)) for state in ("failed", "running", "pending")] == [1, 0, 3]


def fill(scaled: Scaled) -> None:
    """Run FILL in a process of its own."""
    run(scaled, FILL)


def run(scaled: Scaled, program: str) -> None:
    filled = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=scaled.environment | {"LOG_LEVEL": "ERROR"},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert filled.returncode == 0, filled.stderr

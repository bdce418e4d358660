"""The schedule of the one process: by monotonic time, started again when it fails, and red when it stands still."""

from __future__ import annotations

import inspect
import sys
import threading
import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from celery import Celery
from celery.schedules import crontab
from django.utils import timezone

from pixelbot_site.celery import app as the_app
from pixelbot_site.index import lamps
from pixelbot_site.kit import logs, threads
from pixelbot_site.kit.schedule import LOOK_EVERY, Schedule
from pixelbot_site.upkeep import heartbeat
from tests.processes import wait_until


class Clocks(Celery):
    """A Celery whose wall clock is set by hand, and which remembers what was sent."""

    wall = datetime(2026, 11, 25, 4, 59, 30).astimezone()
    monotonic = 1000.0

    def __init__(self, **schedule: dict[str, Any]) -> None:
        super().__init__("clocks", set_as_current=False)
        self.conf.beat_schedule = schedule
        self.sent: list[str] = []

    def now(self) -> datetime:
        return self.wall

    def send_task(self, name: str, *args: Any, **options: Any) -> Any:
        if name == "broken":
            raise OSError("no broker")
        self.sent.append(name)

    def run_for(self, schedule: Schedule, seconds: float) -> list[str]:
        """Let both clocks run; return what was sent meanwhile."""
        self.sent = []
        until = self.monotonic + seconds
        while (pause := schedule.tick()) + self.monotonic <= until:
            self.monotonic += pause
            self.wall += timedelta(seconds=pause)
        self.wall += timedelta(seconds=until - self.monotonic)
        self.monotonic = until
        return self.sent


def rescue(schedule: object = 2.0) -> dict[str, Any]:
    return {"task": "rescue", "schedule": schedule, "options": {"expires": 10}}


def test_a_clock_put_back_an_hour_stops_nothing() -> None:
    clocks = Clocks(rescue=rescue())
    schedule = Schedule(clocks, clock=lambda: clocks.monotonic)
    assert len(clocks.run_for(schedule, 10)) == 5
    clocks.wall -= timedelta(hours=1)
    assert len(clocks.run_for(schedule, 10)) == 5
    clocks.wall += timedelta(hours=2)
    assert len(clocks.run_for(schedule, 10)) == 5


def test_what_happens_at_a_time_of_day_happens_then_once_also_after_a_clock_was_put_back() -> None:
    clocks = Clocks()
    at_five = crontab(hour=5, minute=0, nowfun=lambda: clocks.wall)
    clocks.conf.update(timezone="UTC", beat_schedule={"audit": {"task": "audit", "schedule": at_five}})
    clocks.wall = datetime.fromisoformat("2026-11-25T04:59:30+00:00")
    schedule = Schedule(clocks, clock=lambda: clocks.monotonic)
    assert clocks.run_for(schedule, 30 + LOOK_EVERY) == ["audit"]
    assert clocks.run_for(schedule, 3600) == []
    clocks.wall -= timedelta(days=10)
    assert clocks.run_for(schedule, 24 * 3600) == ["audit"]


def test_one_that_can_not_be_sent_keeps_no_other_from_being_sent() -> None:
    clocks = Clocks(broken={"task": "broken", "schedule": 2.0}, rescue=rescue())
    assert clocks.run_for(Schedule(clocks, clock=lambda: clocks.monotonic), 4) == ["rescue", "rescue"]


def test_every_scheduled_task_is_there() -> None:
    the_app.loader.import_default_modules()
    assert [entry["task"] for entry in the_app.conf.beat_schedule.values() if entry["task"] not in the_app.tasks] == []


def test_all_that_the_bot_does_by_itself_is_scheduled() -> None:
    by_seconds_and_minutes = (
        "effects.rescue joystick.watch site.heartbeat joystick.run_timers site.check_media effects.check_obs"
    )
    upkeep = "joystick.sweep_presence joystick.change_names economy.go_on_with_batches joystick.fetch_rosters"
    kept_short = "joystick.prune effects.tidy site.sweep site.merge_log site.shorten_log"
    kept_safe = "economy.audit economy.audit_if_due site.make_daily_backup joystick.renew_tokens"
    scheduled = {entry["task"] for entry in the_app.conf.beat_schedule.values()}
    assert scheduled == set(f"{by_seconds_and_minutes} {upkeep} {kept_short} {kept_safe}".split())


def test_unless_told_otherwise_the_schedule_goes_by_monotonic_time() -> None:
    assert inspect.signature(Schedule).parameters["clock"].default is time.monotonic


def test_a_service_thread_that_fails_is_told_of_and_started_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(threads, "RESTART_AFTER", 0.01)
    turns: list[int] = []
    done = threading.Event()

    def serve() -> None:
        turns.append(1)
        if len(turns) < 3:
            raise (SystemExit, RuntimeError)[len(turns) - 1]("by a library")
        done.set()

    threads.start_service("pulse", serve)
    assert done.wait(10)
    assert caplog.text.count("the thread “pulse” failed") == 2


def test_a_schedule_that_fails_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "RESTART_AFTER", 0.01)
    clocks = Clocks(rescue=rescue(0.01))
    schedule = Schedule(clocks)
    real, failures = schedule.tick, [RuntimeError("once")]

    def tick() -> float:
        if failures:
            raise failures.pop()
        return real()

    monkeypatch.setattr(schedule, "tick", tick)
    thread = threads.start_service("schedule", schedule.run)
    wait_until(lambda: clocks.sent, "something is sent")
    schedule.stop()
    thread.join(10)
    assert not thread.is_alive()


def test_a_log_whose_stream_fails_writes_the_next_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "RESTART_AFTER", 0.01)
    written: list[str] = []

    class Stream:
        def write(self, line: str) -> None:
            if "first" in line:
                raise RuntimeError("a stream of another library")
            written.append(line)

        def flush(self) -> None:
            pass

    monkeypatch.setattr(sys, "stray", Stream(), raising=False)
    writer = logs.BackgroundWriter("stray")
    writer.put("first")
    writer.put("second")
    began = time.monotonic()
    writer.flush()
    assert written == ["second\n"]
    assert time.monotonic() - began < logs.FLUSH_WITHIN


@pytest.mark.django_db
def test_a_schedule_or_a_worker_that_stands_still_is_a_red_line_after_thirty_seconds() -> None:
    def trouble(seconds: float) -> str:
        return heartbeat.trouble(heartbeat.rows(), now=now + timedelta(seconds=seconds))

    now = timezone.now()
    assert trouble(0) == ""  # none has run here
    heartbeat.beat(now=now)
    assert trouble(30) == ""
    assert "The schedule stands still since" in trouble(31)
    assert trouble(-3600) == ""  # a clock put back
    heartbeat.begin()
    assert trouble(29) == ""
    heartbeat.beat(now=now + timedelta(seconds=30))
    assert "No worker has taken a task since" in trouble(31)
    heartbeat.store_round_trip(time.time())
    assert trouble(29) == ""
    heartbeat.beat(now=now - timedelta(minutes=1))
    assert [line for line in lamps.trouble() if "The schedule stands still" in line]

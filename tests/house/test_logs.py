"""What viewers type can't forge a line of the log or steer a terminal, and output that nobody reads stops nothing."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import redis
from celery.beat import SchedulingError
from django.db import OperationalError
from kombu.exceptions import OperationalError as BrokerAway

from pixelbot_site.kit import logs
from tests.processes import ROOT


def record(message: str, *args: object, error: BaseException | None = None) -> logging.LogRecord:
    info: Any = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("chat", logging.INFO, "x.py", 1, message, args, info)


@pytest.mark.parametrize(
    "typed",
    [
        "\x1b]52;c;cm0gLXJmIC8=\x07",
        "bob\n12:00:00 [points] granted 1000 to bob (gift)",
        "bob\r12:00:00 [points] granted",
        "line\u2028separator\u2029",
        "right\u202eto left",
        "marks\u061c\u200e\u200f",
        "\x9b31mred",
        "\x7f",
    ],
)
def test_what_a_viewer_typed_is_one_harmless_line(typed: str) -> None:
    for formatter in (logs.PlainFormatter(), logs.JsonFormatter()):
        line = formatter.format(record("%s says", typed))
        assert len(line.splitlines()) == 1
        assert not any(character in line for character in "\x1b\x07\r\n\x9b\x7f\u2028\u2029\u202e\u061c\u200e\u200f")
    assert json.loads(logs.JsonFormatter().format(record("%s says", typed)))["message"] == f"{typed} says"


def test_letters_of_all_languages_stay_as_they_are() -> None:
    assert logs.escaped("Zoë 李 🦊 ĝ") == "Zoë 李 🦊 ĝ"


def test_an_exceptions_text_can_not_pass_for_a_line_of_its_own() -> None:
    try:
        raise ValueError("x\n12:00:00 [points] granted 1000 to bob")
    except ValueError as error:
        text = logs.PlainFormatter().format(record("broken", error=error))
    assert text.splitlines()[0].endswith("[chat] broken")
    assert all(line.startswith("  ") for line in text.splitlines()[1:])


def test_the_same_trouble_of_the_disk_is_one_line_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr("pixelbot_site.kit.logs.time.monotonic", lambda: clock[0])
    repeats = logs.RepeatFilter()

    def passed(error: BaseException) -> str | None:
        line = record("Task rescue failed", error=error)
        return logs.PlainFormatter().format(line) if repeats.filter(line) else None

    full = OperationalError("database or disk is full")
    first = passed(full)
    assert first is not None and "database or disk is full" in first and "Traceback" not in first
    assert [passed(full) for _ in range(29)] == [None] * 29
    assert passed(OSError(28, "No space left on device")) is not None
    away = redis.ConnectionError("Error 111 connecting to 127.0.0.1:6379")  # Channels' layer says so each second
    assert "Traceback" not in (passed(away) or "Traceback") and passed(away) is None
    clock[0] += 61
    assert "(29 more like it since)" in (passed(full) or "")
    broken = passed(ValueError("a bug"))
    assert broken is not None and "ValueError: a bug" in broken


def test_the_schedules_trouble_is_one_line_a_minute_for_each_task() -> None:
    repeats = logs.RepeatFilter()

    def passed(task: str, away: Exception) -> str | None:
        try:
            try:
                raise away
            except Exception as error:
                raise SchedulingError(f"Couldn't apply scheduled task {task}: {error}")  # noqa: B904 (as Celery does)
        except SchedulingError as error:
            line = record("Message Error: %s\n%s", error, ["the stack"], error=error)
        return logs.PlainFormatter().format(line) if repeats.filter(line) else None

    away = BrokerAway("Error 111 connecting to 127.0.0.1:6379")
    first = passed("rescue", away)
    assert first is not None and "Couldn't apply scheduled task rescue: Error 111" in first
    assert "stack" not in first and "Traceback" not in first
    assert [passed("rescue", away) for _ in range(5)] == [None] * 5
    assert passed("watch", away) is not None
    assert "Traceback" in (passed("rescue", ValueError("a bug")) or "")


def test_a_line_that_names_the_trouble_is_one_a_minute_too_whatever_else_it_counts() -> None:
    repeats = logs.RepeatFilter()
    full = OperationalError("database or disk is full")
    assert [
        repeats.filter(record("the database does not take %d events: %s", count, full)) for count in (1, 2, 300)
    ] == [True, False, False]
    assert repeats.filter(record("the lease could not be renewed: %s", full))
    assert repeats.filter(record("%s says %s", "Bob", "hello")) and repeats.filter(record("%s says %s", "Bob", "hello"))


WRITER = """
import logging, logging.config, pathlib, sys, time
from pixelbot_site.kit import logs
logging.config.dictConfig(logs.config(level="INFO", style="plain"))
began = time.monotonic()
for number in range(30_000):
    logging.getLogger("chat").info("line %06d of a console that nobody reads", number)
logs.STDOUT.put("greeting")
pathlib.Path(sys.argv[1]).write_text(str(time.monotonic() - began))
sys.stdin.readline()
logging.getLogger("chat").info("the last one")
"""


def test_output_that_nobody_reads_blocks_nobody_and_what_was_dropped_is_counted(tmp_path: Path) -> None:
    done = tmp_path / "done"
    command = [sys.executable, "-c", WRITER, str(done)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as writer:
        assert writer.stdin and writer.stderr and writer.stdout
        until = time.monotonic() + 30
        while not done.exists() and time.monotonic() < until:
            time.sleep(0.05)
        assert done.exists(), "the process waits for its console"
        read = [writer.stderr.readline() for _ in range(5000)]  # somebody reads again
        writer.stdin.write("go on\n")
        writer.stdin.flush()
        rest = writer.stderr.read()
    lines = "".join([*read, rest]).splitlines()
    assert lines[-1].endswith("the last one")
    dropped = [line for line in lines if "were dropped here: nobody read the output" in line]
    written = sum("nobody reads" in line for line in lines)
    assert written < 30_000
    assert sum(int(line.removeprefix("(").split()[0]) for line in dropped) == 30_000 - written


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
def test_a_forked_worker_writes_its_own_lines() -> None:
    program = """
import logging, logging.config, os
from pixelbot_site.kit import logs
logging.config.dictConfig(logs.config(level="INFO", style="plain"))
logging.getLogger("chat").info("of the parent")
logs.STDERR.flush()
child = os.fork()
if not child:
    logging.getLogger("chat").info("of the child")
    logging.shutdown()
    os._exit(0)
os.waitpid(child, 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    )
    assert [line.rpartition(" ")[2] for line in done.stderr.splitlines()] == ["parent", "child"]

"""How a log line looks, and how it gets out: `12:00:01 [points] granted 1 to alice (chat)`, or one JSON object a line.

What is done for an event (`kit.origin`) has its uid in brackets: `12:00:01 [queue] [4f0c…] done: speak 7: hello`.

Lines are written by a thread of their own. A console that is not read (a click into a Windows console, Ctrl-S,
`| less`) blocks that thread and nothing else; what does not fit into the queue meanwhile is dropped and counted.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.db.utils import InterfaceError, OperationalError

from pixelbot_site.kit import origin
from pixelbot_site.kit.clean import HIDDEN
from pixelbot_site.kit.threads import start_service

# Lines that wait for a reader. A line has some 100 bytes, so about 1 MB.
MAX_WAITING_LINES = 10_000
FLUSH_WITHIN = 1.0  # seconds
REPEAT_AFTER = 60.0  # seconds
TROUBLES = (OSError, OperationalError, InterfaceError)  # of disk and database


def escaped(text: str) -> str:
    r"""Return `text` on one line and harmless for a terminal: `\n`, `\x1b` and the like stand for what they name."""
    return HIDDEN.sub(lambda found: ascii(found[0])[1:-1], text)


class PlainFormatter(logging.Formatter):
    """For people: time, the logger's name in brackets, the level where it is not INFO, event's uid, message."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s [%(name)s] %(message)s", datefmt="%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the line without its traceback."""
        event = origin.current()
        record.message = escaped(record.message) if event is None else f"[{event.shown}] {escaped(record.message)}"
        line = super().formatMessage(record)
        if record.levelno == logging.INFO:
            return line
        return line.replace(f"[{record.name}]", f"[{record.name}] {record.levelname}:", 1)

    def formatException(self, ei: Any) -> str:
        """Return the traceback, indented: the text of an exception can't pass for a line of its own."""
        return "\n".join(f"  {escaped(line)}" for line in super().formatException(ei).splitlines())


class JsonFormatter(logging.Formatter):
    """For machines: an object with time (UTC, ISO 8601), level, logger and message; where there are, the uid of the
    event that it is done for, and the traceback of an error.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        line = {
            "time": datetime.fromtimestamp(record.created, tz=UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        event = origin.current()
        if event is not None:
            line["event"] = event.shown
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        text = json.dumps(line, ensure_ascii=False)
        return HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _is_trouble(error: object) -> bool:
    if not isinstance(error, BaseException):
        return False
    # Clients of Redis are imported by the larger set-up alone.
    names = (("redis.exceptions", "RedisError"), ("kombu.exceptions", "OperationalError"))
    away = tuple(getattr(sys.modules[module], name) for module, name in names if module in sys.modules)
    if isinstance(error, (*TROUBLES, *away)):
        return True
    # Celery's schedule raises an error of its own for the one that it got.
    schedule = sys.modules.get("celery.beat")
    return schedule is not None and isinstance(error, schedule.SchedulingError) and _is_trouble(error.__context__)


def _errors_of(record: logging.LogRecord) -> Iterator[object]:
    """Yield what the record tells of: the exception of its traceback, and those named in its message."""
    if record.exc_info:
        yield record.exc_info[1]
    if isinstance(record.args, tuple):
        yield from record.args


class RepeatFilter(logging.Filter):
    """Lets the same trouble of disk, database or Redis through once a minute, without its traceback, and counts it."""

    def __init__(self) -> None:
        super().__init__()
        self._since: dict[str, float] = {}
        self._held_back: dict[str, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return False for a repetition within REPEAT_AFTER seconds."""
        error = next((told for told in _errors_of(record) if _is_trouble(told)), None)
        if error is None:
            return True
        key = f"{record.name}:{record.msg}:{type(error).__name__}:{error}"
        now = time.monotonic()
        if now - self._since.get(key, -REPEAT_AFTER) < REPEAT_AFTER:
            self._held_back[key] = self._held_back.get(key, 0) + 1
            return False
        self._since[key] = now
        repeated = self._held_back.pop(key, 0)
        message = record.getMessage().partition("\n")[0]  # Celery's schedule tells its stack in the message
        if str(error) not in message:
            message = f"{message}: {type(error).__name__}: {error}"
        record.msg = f"{message} ({repeated} more like it since)" if repeated else message
        record.args = ()
        record.exc_info = record.exc_text = None
        return True


class BackgroundWriter:
    """Writes lines to a stream from a thread of its own. Any thread may put; none ever waits for the stream."""

    def __init__(self, stream_name: str) -> None:
        """Take the name of a stream of `sys`, which is looked up at each line: tests and services replace it."""
        self._stream_name = stream_name
        self._lines: queue.Queue[str] = queue.Queue(MAX_WAITING_LINES)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._pid = 0
        self.dropped = 0  # lines, since the start of the process

    def put(self, line: str) -> None:
        """Hand over a line. It is dropped, and counted, when MAX_WAITING_LINES wait already."""
        if self._thread is None or self._pid != os.getpid():  # a forked worker has none of its parent's threads
            self._start()
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self.dropped += 1

    def flush(self) -> None:
        """Wait until everything is written, FLUSH_WITHIN seconds at most: at exit, the stream may be blocked."""
        until = time.monotonic() + FLUSH_WITHIN
        with self._lines.all_tasks_done:
            while self._lines.unfinished_tasks and (left := until - time.monotonic()) > 0:
                self._lines.all_tasks_done.wait(left)

    def _start(self) -> None:
        with self._lock:
            if self._pid == os.getpid():
                return
            if self._pid:  # after a fork: the queue's locks may have been held by threads that are gone
                self._lines = queue.Queue(MAX_WAITING_LINES)
            self._pid = os.getpid()
            self._thread = start_service(f"log-{self._stream_name}", self._write)

    def _write(self) -> None:
        told = self.dropped
        while True:
            line = self._lines.get()
            if self.dropped != told:
                told, missing = self.dropped, self.dropped - told
                line = f"({missing} lines were dropped here: nobody read the output)\n{line}"
            stream = getattr(sys, self._stream_name)
            try:
                with contextlib.suppress(OSError, ValueError):  # a closed console is no reason to end
                    stream.write(line + "\n")
                    stream.flush()
            finally:
                self._lines.task_done()


STDERR = BackgroundWriter("stderr")
STDOUT = BackgroundWriter("stdout")


class BackgroundHandler(logging.Handler):
    """Hands formatted lines to the writer of stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        """Format the record and hand it over."""
        try:
            STDERR.put(self.format(record))
        except Exception:  # logging's own rule: a line that can't be formatted must not break what it tells of
            self.handleError(record)

    def flush(self) -> None:
        """Wait for the writer, as `logging.shutdown` asks for."""
        STDERR.flush()


def config(*, level: str, style: str) -> dict[str, Any]:
    """Return Django's LOGGING: everything to stderr from `level` on, in `style` (plain or json)."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"repeats": {"()": "pixelbot_site.kit.logs.RepeatFilter"}},
        "formatters": {
            "plain": {"()": "pixelbot_site.kit.logs.PlainFormatter"},
            "json": {"()": "pixelbot_site.kit.logs.JsonFormatter"},
        },
        "handlers": {
            "stderr": {
                "class": "pixelbot_site.kit.logs.BackgroundHandler",
                "formatter": style,
                "filters": ["repeats"],
            }
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Below these levels they tell secrets (a token in a URL, OBS's password) or every frame on the wire.
            "websockets": {"level": "WARNING"},
            "obsws_python": {"level": "CRITICAL"},
            "botocore": {"level": "WARNING"},
            "boto3": {"level": "WARNING"},
            "s3transfer": {"level": "WARNING"},
            "urllib3": {"level": "WARNING"},
            "daphne": {"level": "WARNING"},
            "autobahn": {"level": "WARNING"},
            "django.channels.server": {"level": "WARNING"},
            "django": {"level": "WARNING"},
            "django.request": {"level": "ERROR"},  # its “Not Found” would name an overlay's address
            "asyncio": {"level": "WARNING"},
            "celery": {"level": "WARNING"},
            "kombu": {"level": "WARNING"},
            "amqp": {"level": "WARNING"},
            "httpx2": {"level": "WARNING"},
            "httpcore2": {"level": "WARNING"},
            "authlib": {"level": "WARNING"},
            "comtypes": {"level": "WARNING"},
        },
    }

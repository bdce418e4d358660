"""How a log line looks: `12:00:01 [points] granted 1 to alice (chat)`, or one JSON object a line."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime


class PlainFormatter(logging.Formatter):
    """For people: time, the logger's name in brackets, the level where it is not INFO, the message."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s [%(name)s] %(message)s", datefmt="%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line without its traceback."""
        line = super().formatMessage(record)
        if record.levelno == logging.INFO:
            return line
        return line.replace(f"[{record.name}]", f"[{record.name}] {record.levelname}:", 1)


class JsonFormatter(logging.Formatter):
    """For machines: an object with time (UTC, ISO 8601), level, logger, message and, after an error, traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        line = {
            "time": datetime.fromtimestamp(record.created, tz=UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)

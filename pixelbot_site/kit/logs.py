"""How a log line looks: `12:00:01 [points] granted 1 to alice (chat)`, or one JSON object a line."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any


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


def config(*, level: str, style: str) -> dict[str, Any]:
    """Django's LOGGING: everything to stderr from `level` on, in `style` (plain or json)."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "plain": {"()": "pixelbot_site.kit.logs.PlainFormatter"},
            "json": {"()": "pixelbot_site.kit.logs.JsonFormatter"},
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": style}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Below these levels they tell secrets (a token in a URL, OBS's password) or every frame on the wire.
            "websockets": {"level": "WARNING"},
            "obsws_python": {"level": "CRITICAL"},
            "daphne": {"level": "WARNING"},
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

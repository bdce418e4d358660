"""Readers for settings.py: each takes a value from the environment and refuses nonsense with a sentence."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")

_LINE = re.compile(r"\s*(#.*)?$|(export )?[A-Za-z_0-9]+=")
"""What django-environ takes: nothing, a comment, or NAME=value. It only logs any other line, and goes on without it."""


class Reader:
    """Reads settings by name from the process's environment and, below it, a `.env` file.

    Every mistake is remembered; `finish` raises them together, so that they can be mended in one go.
    A name that ends in `SECRET`, `PASSWORD`, `TOKEN`, `KEY` or `URL` never has its value repeated in a message.
    """

    def __init__(self, env_file: Path | None) -> None:
        self.names: set[str] = set()
        self.problems: list[str] = []
        self.unknown: list[str] = []
        self._from_file: set[str] = set()
        if env_file is not None and env_file.is_file():
            before = set(os.environ)
            lines = env_file.read_text(encoding="utf-8").splitlines()
            self.problems += [
                f"  Line {number} of {env_file.name} can't be read. Write NAME=value, from the line's beginning."
                for number, line in enumerate(lines, start=1)
                if not _LINE.match(line)
            ]
            environ.Env.read_env(str(env_file))
            self._from_file = set(os.environ) - before

    def text(self, name: str, default: str = "", *, choices: Collection[str] = (), may_be_empty: bool = False) -> str:
        """A string; one of `choices`, where there are any. `may_be_empty`: `NAME=` means none, not the default."""
        if may_be_empty and name in os.environ and not os.environ[name].strip():
            default = ""

        def read(raw: str) -> str:
            if choices and raw not in choices:
                raise ValueError(f"one of {', '.join(choices)}")
            return raw

        return self._read(name, default, read)

    def whole(self, name: str, default: int, *, least: int = 0, most: int = 10**9) -> int:
        """A whole number from `least` to `most`."""

        def read(raw: str) -> int:
            allowed = f"a whole number from {least} to {most}"
            try:
                value = int(raw)
            except ValueError:
                raise ValueError(allowed) from None
            if not least <= value <= most:
                raise ValueError(allowed)
            return value

        return self._read(name, default, read)

    def number(self, name: str, default: float, *, least: float = 0.0, most: float = 1e9) -> float:
        """A number from `least` to `most`."""

        def read(raw: str) -> float:
            allowed = f"a number from {least:g} to {most:g}"
            try:
                value = float(raw)
            except ValueError:
                raise ValueError(allowed) from None
            if not (math.isfinite(value) and least <= value <= most):
                raise ValueError(allowed)
            return value

        return self._read(name, default, read)

    def yes(self, name: str, default: bool) -> bool:
        """true or false (also yes/no, on/off, 1/0)."""

        def read(raw: str) -> bool:
            word = raw.lower()
            if word in {"true", "yes", "on", "1"}:
                return True
            if word in {"false", "no", "off", "0"}:
                return False
            raise ValueError("true or false")

        return self._read(name, default, read)

    def words(self, name: str, default: list[str]) -> list[str]:
        """A list, divided by commas."""
        return self._read(name, default, lambda raw: [word.strip() for word in raw.split(",") if word.strip()])

    def amounts(self, name: str, default: dict[str, int]) -> dict[str, int]:
        """Whole numbers by name: `chat=500,dropin=50`."""

        def read(raw: str) -> dict[str, int]:
            found = {}
            for part in raw.split(","):
                key, _, value = part.partition("=")
                if not key.strip() or not value.strip().isdecimal():
                    raise ValueError("names with whole numbers, like chat=500,dropin=50")
                found[key.strip()] = int(value)
            return found

        return self._read(name, default, read)

    def address(self, name: str, default: str) -> str:
        """An http(s) address, without a slash at its end."""

        def read(raw: str) -> str:
            parts = urlsplit(raw)
            if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
                raise ValueError(f"an address like {default}")
            return raw.rstrip("/")

        return self._read(name, default, read)

    def finish(self) -> None:
        """Raise ImproperlyConfigured with every mistake met so far, a sentence each."""
        self.unknown = sorted(self._from_file - self.names)
        if self.problems:
            raise ImproperlyConfigured("\n".join(["Please mend these settings (.env or environment):", *self.problems]))

    def _read(self, name: str, default: T, read: Callable[[str], T]) -> T:
        self.names.add(name)
        raw = os.environ.get(name, "").strip()
        if raw == "":
            return default
        try:
            return read(raw)
        except ValueError as allowed:
            self.problem(name, raw, str(allowed))
            return default

    def problem(self, name: str, raw: str, allowed: str) -> None:
        """Remember that `name` has the value `raw` where only `allowed` will do."""
        secret = name.endswith(("SECRET", "PASSWORD", "TOKEN", "KEY", "URL"))
        self.problems.append(f"  {name}={'…' if secret else raw}: must be {allowed}.")

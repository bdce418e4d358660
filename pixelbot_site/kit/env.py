"""Reads declared settings from the environment and a `.env` file, with a sentence for each wrong value."""

from __future__ import annotations

import codecs
import io
import os
import re
from pathlib import Path
from typing import Any, TypeVar

import environ
from django.core.exceptions import ImproperlyConfigured

from pixelbot_site.kit.settings_table import Section, Setting, declared

S = TypeVar("S", bound=Section)

# Lines that django-environ reads: blank, a comment, or NAME=value. It logs any other line and skips it.
_LINE = re.compile(r"\s*(#.*)?$|(export )?[A-Za-z_0-9]+=")


class Reader:
    """Reads sections from the process's environment and, below it, a `.env` file.

    Mistakes are collected, and `finish` raises them together, so that they can be corrected in one go. Messages don't
    repeat the values of secrets, nor of addresses, which may contain a password.
    """

    def __init__(self, env_file: Path | None) -> None:
        self.values: dict[str, Any] = {}
        self.problems: list[str] = []
        self.unknown: list[str] = []
        self._from_file: set[str] = set()
        if env_file is not None:
            self._load(env_file)

    def _load(self, env_file: Path) -> None:
        before = set(os.environ)
        lines = self._lines(env_file)
        self.problems += [
            f"  Line {number} of {env_file.name} can't be read. Write NAME=value, from the line's beginning."
            for number, line in enumerate(lines, start=1)
            if not _LINE.match(line)
        ]
        # Without the other lines, of which django-environ would complain a second time.
        environ.Env.read_env(io.StringIO("\n".join(line for line in lines if _LINE.match(line))))
        self._from_file = set(os.environ) - before

    def _lines(self, env_file: Path) -> list[str]:
        """Return the file's lines, in the encodings that editors on Windows write, too; none where there is no file."""
        try:
            raw = env_file.read_bytes()
            encoding = "utf-16" if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
            text = raw.decode(encoding)
            if "\0" not in text:
                return text.splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            self.problems.append(f"  {env_file} can't be read: {error.strerror}.")
            return []
        except UnicodeDecodeError:
            pass
        self.problems.append(f"  {env_file} is no text in UTF-8. Save it as UTF-8 in your editor.")
        return []

    def read(self, section: type[S]) -> S:
        """Return the section's settings, with the default in place of each value that is refused."""
        settings = declared(section)
        self.values |= {name: self._value(name, setting) for name, setting in settings.items()}
        snapshot = section.of(self.values)
        for mistake in snapshot.mistakes():
            self._refuse(mistake.name, settings.get(mistake.name), mistake.value, mistake.allowed)
        return snapshot

    def finish(self) -> None:
        """Raise ImproperlyConfigured with a sentence for each mistake so far. Set `unknown`, too."""
        self.unknown = sorted(self._from_file - set(self.values))
        if self.problems:
            raise ImproperlyConfigured(
                "\n".join(["Please correct these settings (.env or environment):", *self.problems])
            )

    def _value(self, name: str, setting: Setting) -> Any:
        raw = os.environ.get(name, "").strip()
        if raw == "":
            return "" if setting.may_be_empty and name in os.environ else setting.default
        try:
            return setting.parse(raw)
        except ValueError as error:
            self._refuse(name, setting, raw, str(error))
            return setting.default

    def _refuse(self, name: str, setting: Setting | None, raw: str, allowed: str) -> None:
        hidden = name.endswith("_URL") or (setting is not None and setting.is_secret)
        self.problems.append(f"  {name}={'…' if hidden else raw}: must be {allowed}.")

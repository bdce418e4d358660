"""The files of the original's folder, found by their names and read within limits."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pixelbot_site.bringing.difference import LeftOut

ENV = (".env", "env", ".env.txt", "env.txt")
DATABASES = ("bot.db", "pixel.db")
PRIZES, REWARDS, OSC_MAP = "prizes.json", "level_rewards.json", "signal_osc_map.json"
SPIN_LINES, PRIZE_LINES = "spin_lines.txt", "prize_lines.txt"
SOUND_SUFFIXES = (".wav", ".mp3", ".ogg")
DATABASE_SUFFIXES = (".db", ".sqlite", ".sqlite3")
# How each of SQLite's files begins.
SQLITE = b"SQLite format 3\0"
MAX_TEXT = 2 * 2**20
MAX_SOUNDS = 500
# Prizes, rewards, lines, signals, redeems and kinds of items in one file.
MAX_ENTRIES = 1000


@dataclass(frozen=True, slots=True)
class Files:
    """The folder of the original bot, or one of its files."""

    place: Path

    def find(self, *names: str, named: str = "") -> Path | None:
        """Return the file that `.env` names, else one of these names in the folder or its `data`."""
        if self.place.is_file():
            return self.place if self.place.name in names else None
        wanted = [self.place / named] if named else []
        wanted += [folder / name for name in names for folder in (self.place, self.place / "data")]
        return next((path for path in wanted if self._is_usable(path)), None)

    def database(self) -> Path | None:
        """Return the SQLite file: by its usual name, else the only one there."""
        if self.place.is_file():
            return self.place if self.place.suffix in DATABASE_SUFFIXES or _is_sqlite(self.place) else None
        found = self.find(*DATABASES)
        if found is not None:
            return found
        folders = (self.place, self.place / "data")
        others = [path for folder in folders for path in self._in(folder) if path.suffix in DATABASE_SUFFIXES]
        return others[0] if len(others) == 1 else None

    def sounds(self, named: str = "") -> list[Path]:
        """Return the sounds, by their names: of the folder `sounds` or the one that `.env` names, or side by side."""
        if self.place.is_file():
            return [self.place] if self.place.suffix.lower() in SOUND_SUFFIXES else []
        folders = [self.place / named] if named else []
        folders += [self.place / "sounds", self.place]
        files = [path for folder in dict.fromkeys(folders) for path in self._in(folder)]
        return [path for path in dict.fromkeys(files) if path.suffix.lower() in SOUND_SUFFIXES]

    def _in(self, folder: Path) -> Iterator[Path]:
        if self._is_inside(folder) and folder.is_dir():
            yield from (path for path in sorted(folder.iterdir()) if self._is_usable(path))

    def _is_usable(self, path: Path) -> bool:
        # No links: what `.env` names, or a link, could lead to any file of this PC.
        return path.is_file() and not path.is_symlink() and self._is_inside(path)

    def _is_inside(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self.place.resolve())


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(SQLITE)) == SQLITE


def text_of(path: Path) -> str:
    """Return the text of a file. Raise LeftOut for one that is too large, or no text."""
    try:
        if path.stat().st_size > MAX_TEXT:
            raise LeftOut(f"{path.name} has more than {MAX_TEXT // 2**20} MB.")
        raw = path.read_bytes()
    except OSError as error:
        raise LeftOut(f"{path.name} can't be read: {error.strerror}.") from None
    encoding = "utf-16" if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise LeftOut(f"{path.name} is no text in UTF-8. Save it as UTF-8 in your editor.")
    return text


def json_of(path: Path) -> Any:
    """Return what a JSON file holds. Raise LeftOut where it is none."""
    try:
        return _storable(json.loads(text_of(path)))
    except (ValueError, RecursionError):
        raise LeftOut(f"{path.name} is no JSON that can be read.") from None


T = TypeVar("T", bound=Sized)


def few(entries: T) -> T:
    """Return the entries of a file. Raise LeftOut for more than any channel has."""
    if len(entries) > MAX_ENTRIES:
        raise LeftOut(f"It has {len(entries)} entries; at most {MAX_ENTRIES} are brought over.")
    return entries


def _storable(value: Any) -> Any:
    """Return the value without characters that databases don't store: NUL, and halves of pairs."""
    if isinstance(value, str):
        return value.encode(errors="replace").decode().replace("\0", "")
    if isinstance(value, list):
        return [_storable(one) for one in value]
    if isinstance(value, dict):
        return {_storable(key): _storable(one) for key, one in value.items()}
    return value


def whole(value: Any, name: str, *, least: int = 0, most: int = 10**12) -> int:
    """Return a whole number; 0 for nothing. Raise LeftOut for anything else."""
    try:
        number = int(value or 0)
    except (TypeError, ValueError, OverflowError):
        raise LeftOut(f"{name} is no whole number.") from None
    if not least <= number <= most:
        raise LeftOut(f"{name} must be from {least} to {most}.")
    return number

"""What there is in the original's folder, in the order in which it is brought over."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from effects.models import WheelLine
from pixelbot_site.bringing.difference import Difference, LeftOut, Wanted, left_out
from pixelbot_site.bringing.pixel import env, files, original, prizes, redeems, rewards, sounds
from pixelbot_site.bringing.pixel.files import Files
from pixelbot_site.bringing.pixel.original import Original
from pixelbot_site.bringing.pixel.redeems import LEVEL_UP, Steps

FILES = "Files"


@dataclass(slots=True)
class Plan:
    """The rows in their order, with what is left out among them, and the viewers' database."""

    rows: list[Wanted | Difference] = field(default_factory=list)
    original: Original | None = None

    @property
    def is_empty(self) -> bool:
        """Return whether nothing of the original's was found."""
        return not self.rows and self.original is None


def plan(place: Path) -> Plan:
    """Read the folder, or the one file. What can't be read is left out with the reason."""
    return _Reading(Files(place)).plan()


class _Reading:
    def __init__(self, folder: Files) -> None:
        self._folder = folder
        self._refused: list[Difference] = []
        self._env: dict[str, str] = {}

    def plan(self) -> Plan:
        """Return what there is."""
        folder = self._folder
        self._env = self._read(folder.find(*files.ENV), lambda path: env.read(files.text_of(path)), {})
        database: Original | None = self._read(folder.database(), original.read, None)
        wheel = self._read(self._named(files.PRIZES, "PRIZES_FILE"), self._json(prizes.entries), [])
        levels = self._read(
            self._named(files.REWARDS, "XP_LEVEL_REWARDS_FILE", "LEVEL_REWARDS_FILE"), self._json(rewards.entries), []
        )
        signals: dict[str, list[Any]] = self._read(folder.find(files.OSC_MAP), self._json(redeems.signals_of), {})
        steps = self._steps(signals)
        at_each_level = steps.pop(LEVEL_UP, [])
        names: dict[str, str] = {}
        noises = list(sounds.planned(folder.sounds(self._env.get("SOUNDS_DIR", "")), names))
        described = database.items if database else {}
        items = {*described, *prizes.items_of(wheel), *rewards.items_of(levels)}
        needs_osc = bool(steps or at_each_level) or prizes.sends_osc(wheel)
        rows: list[Iterable[Wanted | Difference]] = [
            rewards.items(items, described),
            env.planned(self._env, needs_osc=needs_osc),
            noises,
            redeems.planned(database.redeems if database else {}, steps),
            prizes.planned(wheel, names),
            self._lines(files.SPIN_LINES, "SPIN_LINES_FILE", WheelLine.When.SPIN),
            self._lines(files.PRIZE_LINES, "PRIZE_LINES_FILE", WheelLine.When.PRIZE),
            rewards.planned(levels, at_each_level),
        ]
        found = [row for some in rows for row in some]
        return Plan([*self._refused, *found], database)

    def _named(self, usual: str, *names: str) -> Path | None:
        """Return the file that `.env` names, else the one with the usual name."""
        named = next((self._env[name] for name in names if name in self._env), "")
        return self._folder.find(usual, named=named)

    def _lines(self, usual: str, name: str, when: WheelLine.When) -> list[Wanted]:
        found: list[Wanted] = self._read(
            self._named(usual, name), lambda path: prizes.lines(files.text_of(path), when), []
        )
        return found

    def _steps(self, signals: dict[str, list[Any]]) -> dict[str, Steps]:
        steps: dict[str, Steps] = {}
        for found in redeems.steps_of(signals):
            if isinstance(found, Difference):
                self._refused.append(found)
            else:
                steps[found[0]] = found[1]
        return steps

    def _json(self, entries: Callable[[Any], Any]) -> Callable[[Path], Any]:
        return lambda path: entries(files.json_of(path))

    def _read(self, path: Path | None, reader: Callable[[Path], Any], otherwise: Any) -> Any:
        if path is None:
            return otherwise
        try:
            return reader(path)
        except LeftOut as why:
            self._refused.append(left_out(FILES, path.name, str(why)))
            return otherwise

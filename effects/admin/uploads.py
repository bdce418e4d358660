"""Files that staff upload, several at once: each is taken in as what it is, or refused with a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from django.core.files.base import File
from django.utils.text import capfirst

from effects.media import library, sounds
from effects.media.facts import Facts
from effects.models import Media, MediaKind, Sound
from effects.settings_table import MediaSettings
from pixelbot_site.kit.errors import Failed

# How the files of sounds begin: wav, mp3 with and without a description before it, ogg and opus, flac.
SOUND_STARTS = (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xfa", b"OggS", b"fLaC")


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one file. `row` is what it was taken in as; None: it was refused for the reason in `sentence`."""

    file_name: str
    row: Media | Sound | None = None
    sentence: str = ""

    @property
    def is_sound(self) -> bool:
        """Return whether it was taken in as a sound."""
        return isinstance(self.row, Sound)


def take_all(files: Sequence[File[bytes]], reports: str, by: Any) -> list[Taken]:
    """Take in the files; `reports` is what the page's script found out about each, "" without a script."""
    told = _reports(reports, len(files))
    return [_take(file, report, by) for file, report in zip(files, told, strict=True)]


def _take(file: File[bytes], report: Facts | None, by: Any) -> Taken:
    name = str(file.name)
    try:
        # Nothing is held while this waits: each file is a row of its own.
        return Taken(name, _take_as_what_it_is(file, name, report, by))
    except Failed as error:
        return Taken(name, sentence=f"{capfirst(str(error).rstrip('.'))}.")


def _take_as_what_it_is(file: File[bytes], name: str, report: Facts | None, by: Any) -> Media | Sound:
    most = MediaSettings.current().media_max_mb
    if (file.size or 0) > most * 2**20:
        raise Failed(f"it has {(file.size or 0) / 2**20:.1f} MB; at most {most} are allowed")
    data: bytes = file.read()
    stem = PurePath(name).stem
    if data.startswith(SOUND_STARTS) or (data[:4], data[8:12]) == (b"RIFF", b"WAVE"):
        if not by.has_perm("effects.add_sound"):
            raise Failed("your login may not add sounds")
        return _take_sound(file, free_name(stem, sounds.named))
    return library.take(library.inspect(data, report), free_name(stem, library.named), by)


def _take_sound(file: File[bytes], name: str) -> Sound:
    sound = Sound(name=name)
    sound.file = sounds.store(sound, file)
    there = Sound.objects.filter(file__contains=PurePath(str(sound.file.name)).stem).first()
    if there is not None:
        raise Failed(f"it is here already, as “{there.name}”")
    sounds.keep(sound)
    sound.save()
    return sound


def free_name(wanted: str, named: Callable[[str], object]) -> str:
    """Return a word made of the letters of `wanted` that names nothing yet: with a number where it is taken."""
    letters = "".join(letter if letter.isalnum() or letter in "_-" else "-" for letter in wanted)
    word = letters.strip("-_")[: library.MAX_NAME - 5] or "file"
    number, name = 1, word
    while named(name) is not None:
        number += 1
        name = f"{word}-{number}"
    return name


def _reports(text: str, count: int) -> list[Facts | None]:
    try:
        told = json.loads(text)
    except ValueError:
        told = None
    if not isinstance(told, list) or len(told) != count:
        return [None] * count
    return [_report(one) for one in told]


def _report(told: Any) -> Facts | None:
    """Return what the script found out about a video by decoding it; None where it says nothing, or nonsense."""
    if not isinstance(told, dict):
        return None
    width, height, seconds = (_number(told.get(key)) for key in ("width", "height", "seconds"))
    return Facts(MediaKind.WEBM, b"", int(width), int(height), seconds) if width and height and seconds else None


def _number(value: Any) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 < value < 10**6 else 0.0

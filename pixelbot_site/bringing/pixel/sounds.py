"""The original's folder of sounds, by the door of our own: each is inspected before it is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from django.utils.text import capfirst

from effects.admin.uploads import free_name
from effects.media import sounds
from effects.models import Sound
from pixelbot_site.bringing.difference import Difference, LeftOut, Wanted, left_out
from pixelbot_site.bringing.pixel.files import MAX_SOUNDS
from pixelbot_site.kit.errors import Failed

SECTION = "Sounds"
# What the original plays by itself. Viewers play the others.
OWN = ("announcement", "wheel_")


def planned(paths: Sequence[Path], names: dict[str, str]) -> Iterator[Wanted | Difference]:
    """Yield the sounds, and fill `names` with what each file's sound is called here."""
    taken: set[str] = set()
    for path in paths[:MAX_SOUNDS]:
        try:
            digest = _digest(path)
        except LeftOut as why:
            yield left_out(SECTION, path.name, str(why))
            continue
        present = Sound.objects.filter(file__contains=digest).first()
        if present is None:
            name = free_name(path.stem, lambda name: name in taken or sounds.named(name))
        else:
            name = present.name
        taken.add(name)
        names[path.name.casefold()] = names.setdefault(path.stem.casefold(), name)
        yield _sound(path, name, digest)
    if len(paths) > MAX_SOUNDS:
        yield left_out(SECTION, f"{len(paths) - MAX_SOUNDS} more", f"At most {MAX_SOUNDS} are brought over at once.")


def _digest(path: Path) -> str:
    try:
        if path.stat().st_size > sounds.MAX_FILE_BYTES:
            raise LeftOut(f"A sound has at most {sounds.MAX_FILE_BYTES // 2**20} MB.")
        # As `effects.media.sounds` names a file.
        return hashlib.sha256(path.read_bytes()).hexdigest()[:24]
    except OSError as error:
        raise LeftOut(f"It can't be read: {error.strerror}.") from None


def _sound(path: Path, name: str, digest: str) -> Wanted:
    def values(row: Sound | None) -> dict[str, Any]:
        if row is not None:
            return {}
        sound = Sound(name=name)
        try:
            file = sounds.store(sound, ContentFile(path.read_bytes(), path.name))
        except Failed as error:
            raise LeftOut(f"{capfirst(str(error).rstrip('.'))}.") from None
        except OSError as error:
            raise LeftOut(f"It can't be read: {error.strerror}.") from None
        return {
            "name": name,
            "content_type": sound.content_type,
            "seconds": sound.seconds,
            "loudness": sound.loudness,
            "enabled": not path.stem.casefold().startswith(OWN),
            "file": file,
        }

    return Wanted(
        SECTION,
        path.name,
        Sound,
        {"file__contains": digest},
        values,
        "effects.add_sound",
        quiet={"content_type", "loudness", "file"},
    )

"""The outline of a picture's file, from its first byte to its last: its kind, its frames, and where it ends.

Nothing is decoded here. What a file holds behind its picture (a script, an archive, another file) is found.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass

from effects.media.facts import CUT_OFF, MAX_PARTS, TOO_MANY
from effects.models import MediaKind
from pixelbot_site.kit.errors import Failed

# In the data of a JPEG, a marker is 0xFF and what is neither a stuffed zero, a restart, nor a filling 0xFF.
JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
JPEG_START = b"\xff\xd8\xff"


@dataclass(frozen=True, slots=True)
class Outline:
    """The kind, the number of frames, and the number of bytes that belong to the picture."""

    kind: MediaKind
    frames: int
    end: int


def outline(data: bytes) -> Outline | None:
    """Return the outline of a picture, None for what is none. Raise Failed where its parts do not fit together."""
    for start, read in READERS.items():
        if data.startswith(start):
            try:
                found = read(data)
            except (IndexError, struct.error):
                raise Failed(CUT_OFF) from None
            if found is not None:
                _require_nothing_behind(data, found)
            return found
    return None


def _require_nothing_behind(data: bytes, found: Outline) -> None:
    rest = data[found.end :].strip(b"\0\r\n ")
    # Telephones put a second picture behind a JPEG's first; it is left out.
    if rest and not (found.kind == MediaKind.JPG and rest.startswith(JPEG_START)):
        raise Failed("the file goes on behind the picture: save it anew with a picture program")


def _png(data: bytes) -> Outline:
    position, frames, is_animated = 8, 0, False
    for _ in range(MAX_PARTS):
        length, name = struct.unpack_from(">I4s", data, position)
        position += 12 + length
        if position > len(data):
            raise Failed(CUT_OFF)
        is_animated = is_animated or name == b"acTL"
        frames += name == b"fcTL"
        if name == b"IEND":
            return Outline(MediaKind.APNG if is_animated else MediaKind.PNG, max(1, frames), position)
    raise Failed(TOO_MANY)


def _gif(data: bytes) -> Outline:
    position, frames, parts = 13 + _palette(data[10]), 0, 0
    while parts < MAX_PARTS:
        block = data[position]
        if block == 0x3B:
            return Outline(MediaKind.GIF, max(1, frames), position + 1)
        if block == 0x21:
            position += 2
        elif block == 0x2C:
            frames += 1
            position += 11 + _palette(data[position + 9])  # with the byte that begins the data
        else:
            raise Failed(CUT_OFF)
        while data[position] and parts < MAX_PARTS:
            position += 1 + data[position]
            parts += 1
        position += 1
        parts += 1
    raise Failed(TOO_MANY)


def _palette(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _jpeg(data: bytes) -> Outline:
    position = 2
    for _ in range(MAX_PARTS):
        marker = JPEG_MARKER.search(data, position)
        if marker is None:
            raise Failed(CUT_OFF)
        code = data[marker.start() + 1]
        position = marker.end()
        if code == 0xD9:
            return Outline(MediaKind.JPG, 1, position)
        if code != 0x01:
            position += int(struct.unpack_from(">H", data, position)[0])
    raise Failed(TOO_MANY)


def _webp(data: bytes) -> Outline | None:
    length, name = struct.unpack_from("<I4s", data, 4)
    if name != b"WEBP":
        return None
    end, position, frames = 8 + length + length % 2, 12, 0
    for _ in range(MAX_PARTS):
        if position >= 8 + length:
            break
        chunk, size = struct.unpack_from("<4sI", data, position)
        frames += chunk == b"ANMF"
        position += 8 + size + size % 2
    if position > len(data) or position != end:
        raise Failed(CUT_OFF)
    return Outline(MediaKind.WEBP, max(1, frames), end)


READERS: dict[bytes, Callable[[bytes], Outline | None]] = {
    b"\x89PNG\r\n\x1a\n": _png,
    b"GIF87a": _gif,
    b"GIF89a": _gif,
    JPEG_START: _jpeg,
    b"RIFF": _webp,
}

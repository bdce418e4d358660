"""MP4 by its boxes: whether they fit together, what they hold, and without what they need not say (places, titles)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from effects.media.facts import CUT_OFF, TOO_MANY, Facts
from effects.models import MediaKind
from pixelbot_site.kit.errors import Failed

BRANDS = frozenset(b"isom iso2 iso3 iso4 iso5 iso6 iso7 iso8 iso9 mp41 mp42 avc1 dash cmfc".split()) | {b"M4V "}
AT_THE_TOP = frozenset(b"ftyp moov mdat free skip wide uuid meta udta moof mfra sidx styp ssix pdin".split())
# What is kept of the descriptions: all else in them is blanked, such as the place where a telephone recorded.
KEPT = {
    b"moov": frozenset(b"mvhd trak mvex iods".split()),
    b"trak": frozenset(b"tkhd mdia edts tref".split()),
    b"moof": frozenset(b"mfhd traf".split()),
}
CODECS = {b"vide": frozenset(b"avc1 avc3 vp08 vp09 av01".split()), b"soun": frozenset(b"mp4a Opus fLaC .mp3".split())}
# The most boxes in a row. Two for each second, in a video of fragments, are usual.
MAX_BOXES = 20_000
TIMECODE = b"tmcd"  # of cameras and editing programs


@dataclass(frozen=True, slots=True)
class Box:
    """A box: its type, where it begins, and where its content begins and ends."""

    name: bytes
    start: int
    body: int
    end: int


def is_mp4(data: bytes) -> bool:
    """Return whether the data begin as those of MP4 and its relatives."""
    return data[4:8] == b"ftyp"


def inspect(data: bytes) -> Facts:
    """Return the facts of an MP4, with its bytes cleaned. Raise Failed, with the reason, where it can't be kept."""
    try:
        return _inspect(bytearray(data))
    except (IndexError, struct.error):
        raise Failed(CUT_OFF) from None


def _inspect(data: bytearray) -> Facts:
    top = list(_boxes(data, 0, len(data)))
    _require_known(data, top)
    movies = [box for box in top if box.name == b"moov"]
    if len(movies) != 1 or not any(box.name == b"mdat" and box.end > box.body for box in top):
        raise Failed(CUT_OFF)
    sizes = [size for box in _boxes(data, movies[0].body, movies[0].end) if box.name == b"trak"
             for size in _track(data, box)]  # fmt: skip
    if not sizes:
        raise Failed("it holds no picture")
    seconds = _seconds(data, movies[0])
    for box in top:
        if box.name in (b"uuid", b"meta", b"udta"):
            _blank(data, box)
        _keep_only_known(data, box)
    width, height = max(sizes)
    return Facts(MediaKind.MP4, bytes(data), width, height, seconds)


def _boxes(data: bytearray, position: int, end: int) -> Iterator[Box]:
    for _ in range(MAX_BOXES):
        if position >= end:
            return
        size, name = struct.unpack_from(">I4s", data, position)
        body = position + 8
        if size == 1:
            size, body = struct.unpack_from(">Q", data, body)[0], body + 8
        elif size == 0:
            size = end - position
        if size < body - position or position + size > end:
            raise Failed(CUT_OFF)
        yield Box(name, position, body, position + size)
        position += size
    raise Failed(TOO_MANY)


def _require_known(data: bytearray, top: list[Box]) -> None:
    first = top[0]
    brands = {bytes(data[place : place + 4]) for place in range(first.body, first.end, 4)}
    if not brands & BRANDS:
        raise Failed("it is a relative of MP4 that the overlay can't show (such as MOV or HEIC): save it as MP4")
    strange = next((box.name for box in top if box.name not in AT_THE_TOP), None)
    if strange is not None:
        raise Failed(f"it has a part that no video needs (“{strange.decode('ascii', 'replace')}”): save it anew")


def _find(data: bytearray, box: Box, *names: bytes) -> Box:
    for name in names:
        found = next((inner for inner in _boxes(data, box.body, box.end) if inner.name == name), None)
        if found is None:
            raise Failed(CUT_OFF)
        box = found
    return box


def _track(data: bytearray, track: Box) -> Iterator[tuple[int, int]]:
    """Yield (width, height) of a track of pictures; nothing of one of sound. Raise Failed for any other."""
    handler = bytes(data[(place := _find(data, track, b"mdia", b"hdlr").body + 8) : place + 4])
    if handler == TIMECODE:
        return
    if handler not in CODECS:
        raise Failed("it has a track that is neither picture nor sound: save it with these two alone")
    description = _find(data, track, b"mdia", b"minf", b"stbl", b"stsd")
    codecs = [box.name for box in _boxes(data, description.body + 8, description.end)]
    strange = next((codec for codec in codecs if codec not in CODECS[handler]), None)
    if strange is not None or not codecs:
        called = (strange or b"").decode("ascii", "replace")
        raise Failed(f"it is encoded as “{called}”, which the overlay can't play: save it as H.264 with AAC")
    if handler == b"vide":
        header = _find(data, track, b"tkhd")
        turned = struct.unpack_from(">i", data, header.end - 44)[0] == 0  # a telephone that was held upright
        width, height = struct.unpack_from(">HxxH", data, header.end - 8)
        yield (height, width) if turned else (width, height)


def _seconds(data: bytearray, movie: Box) -> float | None:
    header = _find(data, movie, b"mvhd")
    if data[header.body] == 1:
        scale, duration = struct.unpack_from(">IQ", data, header.body + 20)
    else:
        scale, duration = struct.unpack_from(">II", data, header.body + 12)
    if not duration:  # in fragments
        duration = _duration_of_fragments(data, movie)
    return duration / scale if scale and duration else None


def _duration_of_fragments(data: bytearray, movie: Box) -> int:
    for extends in (box for box in _boxes(data, movie.body, movie.end) if box.name == b"mvex"):
        for box in _boxes(data, extends.body, extends.end):
            if box.name == b"mehd":
                return int(struct.unpack_from(">Q" if data[box.body] == 1 else ">I", data, box.body + 4)[0])
    return 0


def _keep_only_known(data: bytearray, box: Box) -> None:
    if box.name not in KEPT:
        return
    for inner in _boxes(data, box.body, box.end):
        if inner.name in KEPT[box.name]:
            _keep_only_known(data, inner)
        else:
            _blank(data, inner)


def _blank(data: bytearray, box: Box) -> None:
    # In place: a video names the places of its samples by their distance from the file's beginning.
    data[box.start + 4 : box.start + 8] = b"free"
    data[box.body : box.end] = bytes(box.end - box.body)

"""WebM by its EBML elements: whether they fit together, what they hold, and without what they need not say."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from effects.media.facts import CUT_OFF, MAX_PARTS, TOO_MANY, Facts
from effects.models import MediaKind
from pixelbot_site.kit.errors import Failed

START = b"\x1a\x45\xdf\xa3"
EBML, SEGMENT, CLUSTER, INFO, TRACKS = 0x1A45DFA3, 0x18538067, 0x1F43B675, 0x1549A966, 0x1654AE6B
BLOCK_GROUP, SIMPLE_BLOCK, BLOCK, CLUSTER_TIME = 0xA0, 0xA3, 0xA1, 0xE7
DOC_TYPE, SCALE, DURATION, TRACK = 0x4282, 0x2AD7B1, 0x4489, 0xAE
TRACK_TYPE, CODEC, VIDEO, WIDTH, HEIGHT = 0x83, 0x86, 0xE0, 0xB0, 0xBA
SEEK_HEAD, CUES, VOID, CRC, PREVIOUS_SIZE, POSITION = 0x114D9B74, 0x1C53BB6B, 0xEC, 0xBF, 0xAB, 0xA7
TAGS, CHAPTERS, ATTACHMENTS, TITLE, DATE = 0x1254C367, 0x1043A770, 0x1941A469, 0x7BA9, 0x4461
# Elements whose content is read as elements. Of the first two, the length need not be known.
ENTERED = {SEGMENT, CLUSTER, BLOCK_GROUP}
OF_GROUPS = {BLOCK, 0x9B, 0xFB, 0x75A1, 0x75A2}  # lengths, references, what is added (alpha)
BLANKED = {TAGS, CHAPTERS, ATTACHMENTS}
KNOWN = ENTERED | OF_GROUPS | BLANKED | {
    EBML, INFO, TRACKS, SIMPLE_BLOCK, CLUSTER_TIME, SEEK_HEAD, CUES, VOID, CRC, PREVIOUS_SIZE, POSITION,
}  # fmt: skip
CODECS = {b"V_VP8", b"V_VP9", b"V_AV1", b"A_VORBIS", b"A_OPUS"}
PICTURE, SOUND = 1, 2


@dataclass(frozen=True, slots=True)
class Element:
    """An element: its id, where it begins, and where its content begins and ends (None: that is not said)."""

    name: int
    start: int
    body: int
    end: int | None


@dataclass
class _Reading:
    """What was read so far."""

    scale: int = 1_000_000  # nanoseconds a tick
    duration: float = 0.0  # ticks
    last: int = 0  # the last block's time, in ticks
    cluster: int = 0
    blocks: int = 0
    sizes: list[tuple[int, int]] = field(default_factory=list)


def is_ebml(data: bytes) -> bool:
    """Return whether the data begin as those of WebM and its relatives."""
    return data.startswith(START)


def inspect(data: bytes) -> Facts:
    """Return the facts of a WebM, with its bytes cleaned. Raise Failed, with the reason, where it can't be kept."""
    clean = bytearray(data)
    reading = _Reading()
    try:
        for element in _elements(data, 0, len(data)):
            if element.name not in KNOWN:
                raise Failed(f"it has a part that no video needs ({element.name:X}): save it anew")
            for told in _told(data, element):
                _blank(clean, told)
            _read(data, element, reading)
    except (IndexError, struct.error):
        raise Failed(CUT_OFF) from None
    if not reading.sizes or not reading.blocks:
        raise Failed("it holds no picture")
    width, height = max(reading.sizes)
    seconds = (reading.duration or reading.last) * reading.scale / 1e9
    return Facts(MediaKind.WEBM, bytes(clean), width, height, seconds or None)


def _elements(data: bytes, position: int, end: int) -> Iterator[Element]:
    for _ in range(MAX_PARTS):
        if position >= end:
            return
        name, body = _number(data, position, is_id=True)
        size, body = _number(data, body)
        if size is None and name not in (SEGMENT, CLUSTER):
            raise Failed(CUT_OFF)
        stop = None if size is None else body + size
        if stop is not None and stop > end:
            raise Failed(CUT_OFF)
        yield Element(name or 0, position, body, stop)
        position = body if name in ENTERED or stop is None else stop
    raise Failed(TOO_MANY)


def _number(data: bytes, position: int, *, is_id: bool = False) -> tuple[int | None, int]:
    """Return a number of variable length, None for a length that is not known, and where it ends."""
    first = data[position]
    length = 9 - first.bit_length()
    if length > (4 if is_id else 8) or position + length > len(data):
        raise Failed(CUT_OFF)
    value = int.from_bytes(data[position : position + length], "big")
    if is_id:
        return value, position + length
    value &= (1 << 7 * length) - 1
    return (None if value == (1 << 7 * length) - 1 else value), position + length


def _read(data: bytes, element: Element, reading: _Reading) -> None:
    if element.name == EBML:
        if _texts(data, element).get(DOC_TYPE) != b"webm":
            raise Failed("it is a relative of WebM that the overlay can't show (such as MKV): save it as WebM or MP4")
    elif element.name == INFO:
        inner = _texts(data, element)
        reading.scale = int.from_bytes(inner.get(SCALE, b""), "big") or reading.scale
        reading.duration = _float(inner.get(DURATION, b""))
    elif element.name == TRACKS:
        reading.sizes += _tracks(data, element)
    elif element.name == CLUSTER_TIME:
        reading.cluster = int.from_bytes(data[element.body : element.end], "big")
    elif element.name in (SIMPLE_BLOCK, BLOCK):
        _, place = _number(data, element.body)
        reading.last = max(reading.last, reading.cluster + struct.unpack_from(">h", data, place)[0])
        reading.blocks += 1


def _texts(data: bytes, element: Element) -> dict[int, bytes]:
    inner = _elements(data, element.body, element.end or len(data))
    found = {one.name: data[one.body : one.end] for one in inner}
    return {name: raw.rstrip(b"\0") if name in (DOC_TYPE, CODEC) else raw for name, raw in found.items()}


def _float(raw: bytes) -> float:
    value = struct.unpack(">d" if len(raw) == 8 else ">f", raw)[0] if len(raw) in (4, 8) else 0.0
    return float(value) if 0 <= value < 1e12 else 0.0  # also where it is no number


def _tracks(data: bytes, tracks: Element) -> Iterator[tuple[int, int]]:
    """Yield (width, height) of each track of pictures. Raise Failed for a track that can't be played."""
    for track in _elements(data, tracks.body, tracks.end or len(data)):
        if track.name != TRACK:
            continue
        entries = _texts(data, track)
        sort, codec = int.from_bytes(entries.get(TRACK_TYPE, b""), "big"), entries.get(CODEC, b"")
        if sort not in (PICTURE, SOUND):
            raise Failed("it has a track that is neither picture nor sound: save it with these two alone")
        if codec not in CODECS:
            raise Failed(f"it is encoded as “{codec[:20].decode('ascii', 'replace')}”, which the overlay can't play")
        if sort == PICTURE:
            inner = _elements(data, track.body, track.end or len(data))
            video = next((one for one in inner if one.name == VIDEO), None)
            sizes = _texts(data, video) if video else {}
            yield int.from_bytes(sizes.get(WIDTH, b""), "big"), int.from_bytes(sizes.get(HEIGHT, b""), "big")


def _told(data: bytes, element: Element) -> Iterator[Element]:
    """Yield what tells of the video and is not needed to show it: titles, dates, tags, attached files."""
    if element.name in BLANKED:
        yield element
    elif element.name == INFO:
        inner = _elements(data, element.body, element.end or len(data))
        yield from (one for one in inner if one.name in (TITLE, DATE))


def _blank(data: bytearray, element: Element) -> None:
    # In place, as an element that says nothing: others are found by their distance from the beginning.
    length = (element.end or len(data)) - element.start
    header = b"\xec" + (bytes([0x80 | length - 2]) if length < 128 else b"\x01" + (length - 9).to_bytes(7, "big"))
    data[element.start : element.end] = header + bytes(length - len(header))

"""Videos by their headers: what they are, how long and large, and without what they tell of a place or a person."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from effects.media import library, mp4, webm
from effects.media.facts import Facts
from effects.models import MediaKind
from pixelbot_site.kit.errors import Failed
from tests.media.files import box, clip, element

TOLD = (b"secret title", b"+52.5")


def report(**more: Any) -> Facts:
    return Facts(MediaKind.WEBM, b"", **{"width": 640, "height": 360, "seconds": 3.0, **more})


@pytest.mark.parametrize("kind", ["mp4", "webm"])
def test_a_video_is_read_by_its_header(kind: str) -> None:
    before = clip(kind)
    assert TOLD[0] in before
    facts = library.inspect(before)
    assert (facts.kind, facts.width, facts.height) == (kind, 64, 48)
    assert facts.seconds == pytest.approx(1.2, abs=0.05)
    assert len(facts.data) == len(before) and not any(told in facts.data for told in TOLD)
    assert not facts.is_decoded
    assert library.inspect(facts.data).data == facts.data


def test_a_browser_that_decoded_it_adds_what_the_header_lacks_and_changes_nothing_else() -> None:
    facts = library.inspect(clip("mp4"), report())
    assert (facts.width, facts.height, facts.is_decoded) == (64, 48, True)
    assert facts.seconds == pytest.approx(1.2)
    lengthless = without_length(clip("mp4"))
    assert library.inspect(lengthless, report()).seconds == 3
    with pytest.raises(Failed, match="its length is not in its header: upload it with a browser that runs scripts"):
        library.inspect(lengthless)
    with pytest.raises(Failed, match=r"it lasts 61\.0 s; at most 60 s are allowed"):
        library.inspect(lengthless, report(seconds=61.0))


def without_length(data: bytes) -> bytes:
    place = data.index(b"mvhd") + 20
    return data[:place] + bytes(4) + data[place + 4 :]


def test_a_length_in_fragments_is_read() -> None:
    data = without_length(clip("mp4"))
    (scale,) = struct.unpack_from(">I", data, data.index(b"mvhd") + 16)
    length = box(b"mvex", box(b"mehd", bytes(4) + struct.pack(">I", scale * 2)))
    start = data.index(b"moov") - 4
    (size,) = struct.unpack_from(">I", data, start)
    movie = struct.pack(">I4s", size + len(length), b"moov") + data[start + 8 : start + size] + length
    assert mp4.inspect(data[:start] + movie + data[start + size :]).seconds == 2


def test_a_telephone_that_was_held_upright_made_a_high_video() -> None:
    data = bytearray(clip("mp4"))
    matrix = data.index(b"\0\x01\0\0" + bytes(12) + b"\0\x01\0\0", data.index(b"tkhd"))
    data[matrix : matrix + 4] = bytes(4)
    facts = mp4.inspect(bytes(data))
    assert (facts.width, facts.height) == (48, 64)


def test_a_webm_of_a_recorder_says_its_length_by_its_last_block() -> None:
    info = element(0x1549A966, element(0x2AD7B1, (1_000_000).to_bytes(3, "big")))
    video = element(0xE0, element(0xB0, b"\0\x40") + element(0xBA, b"\0\x30"))
    track = element(0xAE, element(0x83, b"\1") + element(0x86, b"V_VP8") + video)
    clusters = b"".join(
        b"\x1f\x43\xb6\x75\x01\xff\xff\xff\xff\xff\xff\xff" + element(0xE7, start.to_bytes(2, "big"))
        + element(0xA3, b"\x81\0\x64\x80data")
        for start in (0, 1000, 2000)
    )  # fmt: skip
    head = element(0x1A45DFA3, element(0x4282, b"webm"))
    data = head + b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff" + info + element(0x1654AE6B, track) + clusters
    facts = webm.inspect(data)
    assert (facts.width, facts.height, facts.seconds) == (64, 48, 2.1)


def test_no_bytes_make_the_readers_raise_what_is_no_sentence() -> None:
    """Each byte of the headers is changed in turn."""
    for kind, reader in (("mp4", mp4), ("webm", webm)):
        data = clip(kind)
        for place in range(min(len(data), 1000)):
            for value in (0, 0x7F, 0xFF):
                changed = data[:place] + bytes([value]) + data[place + 1 :]
                try:
                    reader.inspect(changed)
                except Failed:
                    continue

"""Makes files that must not be kept, each with the name under which it comes and words of the sentence that refuses it."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from tests.media.files import animation, box, clip, element, png, png_chunk, still

SCRIPT = b"<script>alert(1)</script>"
NOT_OURS = "it is no png, jpg, webp, gif, apng, webm or mp4"
BEHIND = "goes on behind the picture"
BROKEN = "cut off or broken"
MANY = "it has more parts than"


class Wrong(NamedTuple):
    """A wrong file."""

    name: str
    data: bytes
    sentence: str


def wrong_files() -> list[Wrong]:
    """Return all of them."""
    return [*_no_pictures(), *_polyglots(), *_bombs(), *_damaged(), *_videos(), *_with_odd_names()]


def _no_pictures() -> Iterator[Wrong]:
    yield Wrong("empty.png", b"", "it is empty")
    yield Wrong("page.png", b"<!doctype html><html>" + SCRIPT, NOT_OURS)
    yield Wrong("page.webm", b"<html><body onload=alert(1)>", NOT_OURS)
    yield Wrong("drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg">' + SCRIPT + b"</svg>", "it is an SVG")
    yield Wrong("drawing.png", b'<?xml version="1.0"?><svg onload="alert(1)"/>', "it is an SVG")
    yield Wrong("script.gif", b"alert(document.cookie)//", NOT_OURS)
    yield Wrong("program.jpg", b"MZ\x90\0" + bytes(500) + b"PE\0\0", NOT_OURS)
    yield Wrong("program.mp4", b"\x7fELF\x02\x01\x01" + bytes(500), NOT_OURS)
    yield Wrong("archive.webp", _zip(), NOT_OURS)
    yield Wrong("paper.png", b"%PDF-1.7\n%\xe2\xe3\n1 0 obj<</JS(app.alert(1))>>", NOT_OURS)
    yield Wrong(
        "sheet.bmp",
        b"BM" + struct.pack("<IHHIIiiHHIIiiII", 58, 0, 0, 54, 40, 1, 1, 1, 24, 0, 4, 0, 0, 0, 0) + bytes(4),
        NOT_OURS,
    )
    yield Wrong("scan.tif", still("TIFF"), NOT_OURS)
    yield Wrong("icon.ico", still("ICO", size=(16, 16)), NOT_OURS)
    yield Wrong("list.m3u8", b"#EXTM3U\nhttp://127.0.0.1/secret", NOT_OURS)
    yield Wrong("noise.bin", bytes(range(256)) * 40, NOT_OURS)


def _polyglots() -> Iterator[Wrong]:
    # A script whose first word is GIF89a: the size of the picture is the beginning of a comment.
    yield Wrong("poly.gif", b"GIF89a/*" + still("GIF")[8:-1] + b"\x21\xfe\x0f*/=1;alert(1)//\0;", "pixels; at most")
    yield Wrong("behind.gif", still("GIF") + SCRIPT, BEHIND)
    yield Wrong("behind.png", still() + SCRIPT, BEHIND)
    yield Wrong("archive.png", still() + _zip(), BEHIND)
    yield Wrong("behind.jpg", still("JPEG") + b"<?php system($_GET[0]); ?>", BEHIND)
    yield Wrong("archive.jpg", still("JPEG") + _zip(), BEHIND)
    yield Wrong("behind.webp", still("WEBP") + SCRIPT, BEHIND)
    yield Wrong("double.jpg", still("JPEG") + clip("mp4"), BEHIND)


def _bombs() -> Iterator[Wrong]:
    yield Wrong("wide.png", png(100_000, 1, png_chunk(b"IDAT", zlib.compress(bytes(300_001)))), "100000 × 1 pixels")
    yield Wrong("huge.png", png(2**31 - 1, 2**31 - 1, png_chunk(b"IDAT", zlib.compress(b""))), "pixels")
    yield Wrong("bomb.png", png(20_000, 20_000, png_chunk(b"IDAT", zlib.compress(bytes(20_000_000), 9))), "pixels")
    yield Wrong("text.png", _png_with_a_text_that_unpacks(), BROKEN)
    yield Wrong("frames.gif", _gif_of(501), "501 frames; at most 500")
    yield Wrong("frames.png", animation("PNG", frames=501, size=(2, 2)), "501 frames; at most 500")
    yield Wrong("frames.webp", animation("WEBP", frames=501, size=(2, 2)), "501 frames; at most 500")
    yield Wrong("film.gif", _gif_of(400, size=(4000, 4000)), "frames of 4000 × 4000 pixels")
    yield Wrong("parts.gif", still("GIF")[:-1] + b"\x21\xfe" + b"\1x" * 200_001 + b"\0;", MANY)
    yield Wrong("parts.png", png(1, 1, png_chunk(b"tEXt", b"") * 200_001), MANY)
    yield Wrong("parts.jpg", b"\xff\xd8" + b"\xff\x01" * 200_001 + b"\xff\xd9", MANY)
    yield Wrong("parts.mp4", clip("mp4") + box(b"free") * 20_001, MANY)
    yield Wrong("parts.webm", clip("webm") + b"\xec\x80" * 200_001, MANY)
    yield Wrong("large.gif", still("GIF") + bytes(51 * 2**20), "51.0 MB; at most 50")


def _damaged() -> Iterator[Wrong]:
    yield Wrong("half.png", still()[:60], BROKEN)
    yield Wrong("half.jpg", still("JPEG")[:400], BROKEN)
    yield Wrong("half.gif", still("GIF")[:-8], BROKEN)
    yield Wrong("half.webp", still("WEBP")[:-8], BROKEN)
    yield Wrong("nothing.png", png(60, 40), BROKEN)
    yield Wrong("garbled.png", png(60, 40, png_chunk(b"IDAT", b"no deflate")), BROKEN)
    yield Wrong("header.jpg", b"\xff\xd8\xff\xd9", BROKEN)


def _videos() -> Iterator[Wrong]:
    mp4, webm = clip("mp4"), clip("webm")
    yield Wrong("script.mp4", mp4 + box(b"html", SCRIPT), "a part that no video needs (“html”)")
    yield Wrong("behind.mp4", mp4 + SCRIPT * 3, BROKEN)
    yield Wrong("half.mp4", mp4[: len(mp4) // 2], BROKEN)
    yield Wrong("head.mp4", box(b"ftyp", b"isom\0\0\2\0isommp41"), BROKEN)
    yield Wrong(
        "film.mov", mp4.replace(b"isom\0\0\2\0isomiso2avc1mp41", b"qt  \0\0\2\0qt  qt  qt  qt  "), "a relative of MP4"
    )
    yield Wrong("photo.heic", box(b"ftyp", b"heic\0\0\0\0mif1heic") + box(b"meta", bytes(8)), "a relative of MP4")
    yield Wrong("new.mp4", mp4.replace(b"avc1\0\0\0\0", b"hvc1\0\0\0\0"), "encoded as “hvc1”")
    yield Wrong("words.mp4", mp4.replace(b"soun", b"text"), "neither picture nor sound")
    yield Wrong("broad.mp4", mp4.replace(b"\0\x40\0\0\0\x30\0\0", b"\x40\0\0\0\0\x30\0\0"), "16384 × 48 pixels")
    yield Wrong("long.mp4", _lasting_long(mp4), "at most 60 s are allowed")
    yield Wrong("script.webm", webm + element(0xC3, SCRIPT), "a part that no video needs (C3)")
    yield Wrong("half.webm", webm[: len(webm) // 2], BROKEN)
    yield Wrong("film.mkv", webm.replace(b"webm", b"mkv\0", 1), "a relative of WebM")
    yield Wrong("head.webm", webm[:40], BROKEN)


def _with_odd_names() -> Iterator[Wrong]:
    yield Wrong("../../../etc/passwd", b"root:x:0:0", NOT_OURS)
    yield Wrong("C:\\Windows\\evil.png", b"MZ", NOT_OURS)
    yield Wrong("cat\u202egnp.exe", b"MZ", NOT_OURS)
    yield Wrong("new\r\nline\x00.png", SCRIPT, NOT_OURS)
    yield Wrong('"><img src=x onerror=alert(1)>.png', SCRIPT, NOT_OURS)


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as zipped:
        zipped.writestr("evil.html", SCRIPT)
    return out.getvalue()


def _png_with_a_text_that_unpacks() -> bytes:
    packed = zlib.compress(bytes(70_000_000), 9)
    return png(1, 1, png_chunk(b"zTXt", b"Comment\0\0" + packed), png_chunk(b"IDAT", zlib.compress(bytes(4))))


def _gif_of(frames: int, *, size: tuple[int, int] = (2, 2)) -> bytes:
    start = b"GIF89a" + struct.pack("<HHBBB", *size, 0x80, 0, 0) + bytes(6)
    one = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return start + one * frames + b";"


def _lasting_long(mp4: bytes) -> bytes:
    place = mp4.index(b"mvhd") + 4 + 16
    return mp4[:place] + struct.pack(">I", 3_600_000) + mp4[place + 4 :]

"""Makes files to upload: right ones by Pillow, and the parts that wrong ones are made of."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image

from tests.processes import ROOT

DATA = ROOT / "tests" / "data"


def clip(kind: str) -> bytes:
    """Return a video of 1.2 seconds, 64 × 48 pixels, with a tone; its title and its place are said in it."""
    return (DATA / f"clip.{kind}").read_bytes()


def still(format: str = "PNG", *, size: tuple[int, int] = (60, 40), mode: str = "RGB", **options: Any) -> bytes:
    """Return a picture: red on the left, blue on the right."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (size[0] // 2, 0, *size))
    out = io.BytesIO()
    image.convert(mode).save(out, format, **options)
    return out.getvalue()


def animation(format: str, *, frames: int = 5, size: tuple[int, int] = (60, 40), mode: str = "RGB") -> bytes:
    """Return an animated picture whose frames differ, each shown for a tenth of a second."""
    made = [
        Image.new("RGBA", size, (place * 7 % 256, 255 - place * 5 % 256, place % 256, 255)).convert(mode)
        for place in range(frames)
    ]
    out = io.BytesIO()
    made[0].save(out, format, save_all=True, append_images=made[1:], duration=100, loop=0)
    return out.getvalue()


def png_chunk(name: bytes, data: bytes) -> bytes:
    """Return a chunk of a PNG, with its checksum."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, *chunks: bytes) -> bytes:
    """Return a PNG that says this size, made of these chunks."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + png_chunk(b"IEND", b"")


def box(name: bytes, data: bytes = b"") -> bytes:
    """Return a box of an MP4."""
    return struct.pack(">I4s", 8 + len(data), name) + data


def element(name: int, data: bytes) -> bytes:
    """Return an element of a WebM."""
    raw = name.to_bytes((name.bit_length() + 7) // 8, "big")
    return raw + b"\x01" + len(data).to_bytes(7, "big") + data

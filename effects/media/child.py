"""A child process that decodes one picture and writes it anew: `python -m effects.media.child SOURCE TARGET LIMITS`.

Out: one line of JSON, `{"width": …, "height": …, "seconds": …}` or `{"error": "…"}`. What is not the picture itself
(where it was taken, comments, profiles) is not in what it writes.
"""

from __future__ import annotations

import contextlib
import json
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from PIL import GifImagePlugin, Image, ImageOps

# Bytes: a picture that takes more memory than this to decode ends the process, not the bot.
MAX_MEMORY = 2 * 2**30
FORMATS = {"png": "PNG", "apng": "PNG", "jpg": "JPEG", "webp": "WEBP", "gif": "GIF"}
# What each format can hold, so that it needs no conversion.
MODES = {
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA"),
    "JPEG": ("L", "RGB"),
    "WEBP": ("RGB", "RGBA"),
    "GIF": ("L", "P", "RGB", "RGBA"),
}
OPTIONS: dict[str, dict[str, Any]] = {"jpg": {"quality": 92, "optimize": True}, "webp": {"quality": 92}}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a picture may be at most: pixels of a side, frames, pixels of all frames."""

    side: int
    frames: int
    pixels: int


class Unfit(Exception):
    """The picture is not kept; the text is the reason."""


def main() -> None:
    """Do it, and print the answer."""
    source, target, raw = sys.argv[1:]
    asked = json.loads(raw)
    _limit_memory()
    warnings.simplefilter("ignore")
    try:
        answer = clean(source, target, asked["kind"], Limits(asked["side"], asked["frames"], asked["pixels"]))
    except Unfit as reason:
        answer = {"error": str(reason)}
    except MemoryError:
        answer = {"error": "it takes too much memory to decode"}
    except Image.DecompressionBombError:
        answer = {"error": f"it has too many pixels; at most {asked['side']} a side are allowed"}
    except Exception:  # the process's edge: a decoder raises what it likes, and its words mean nothing to a streamer
        answer = {"error": "it is cut off or broken: it can't be decoded"}
    print(json.dumps(answer))  # noqa: T201 (the answer)


def _limit_memory() -> None:
    if sys.platform != "win32":
        import resource

        with contextlib.suppress(ValueError, OSError):  # macOS has no such limit
            resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))


def clean(source: str, target: str, kind: str, limits: Limits) -> dict[str, Any]:
    """Decode the picture `source` and write it anew to `target`; return its width, height and seconds.

    `kind` is one of FORMATS. Raise Unfit for a picture beyond the limits, and whatever Pillow raises for a broken one.
    """
    # Frames of one palette keep it, so that they are written as they were.
    GifImagePlugin.LOADING_STRATEGY = GifImagePlugin.LoadingStrategy.RGB_AFTER_DIFFERENT_PALETTE_ONLY
    with Image.open(source, formats=[FORMATS[kind]]) as image:
        frames = 1 if kind == "jpg" else int(getattr(image, "n_frames", 1))
        _require_within(image.size, frames, limits)
        options = dict(OPTIONS.get(kind, {}))
        if kind == "webp":
            options["lossless"] = _is_lossless(source)
        if frames > 1:
            return _write_animation(image, target, kind, options)
        # Turned as a camera says that it was held: what says so is left out.
        upright = _cleaned(ImageOps.exif_transpose(image), kind)
        upright.save(target, FORMATS[kind], **options)
        return {"width": upright.width, "height": upright.height, "seconds": None}


def _require_within(size: tuple[int, int], frames: int, limits: Limits) -> None:
    width, height = size
    if max(size) > limits.side:
        raise Unfit(f"it is {width} × {height} pixels; at most {limits.side} a side are allowed")
    if frames > limits.frames:
        raise Unfit(f"it has {frames} frames; at most {limits.frames} are allowed")
    if frames > 1 and width * height * frames > limits.pixels:
        most = limits.pixels // (width * height)
        raise Unfit(f"it has {frames} frames of {width} × {height} pixels; {most} of that size are allowed")


def _is_lossless(source: str) -> bool:
    with open(source, "rb") as file:  # noqa: PTH123
        return b"VP8L" in file.read()


def _write_animation(image: Image.Image, target: str, kind: str, options: dict[str, Any]) -> dict[str, Any]:
    frames, durations = [], []
    for frame in _frames(image):
        frames.append(_cleaned(frame, kind))
        durations.append(int(frame.info.get("duration", 0)))
    if "loop" in image.info:
        options["loop"] = image.info["loop"]
    if kind == "gif" and any(frame.has_transparency_data for frame in frames):
        options["disposal"] = 2  # or what one frame covers would show through the holes of the next
    frames[0].save(target, FORMATS[kind], save_all=True, append_images=frames[1:], duration=durations, **options)
    return {"width": image.width, "height": image.height, "seconds": sum(durations) / 1000}


def _frames(image: Image.Image) -> Iterator[Image.Image]:
    # An animated PNG may begin with a picture for programs that show no animation.
    first = 1 if getattr(image, "default_image", False) else 0
    for place in range(first, image.n_frames):  # type: ignore[attr-defined]
        image.seek(place)
        image.load()
        yield image


def _cleaned(image: Image.Image, kind: str) -> Image.Image:
    image.load()
    if image.mode.startswith("I"):  # 16 bits of grey
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    if image.mode in MODES[FORMATS[kind]]:
        copy = image.copy()
    else:
        copy = image.convert("RGBA" if image.has_transparency_data and kind != "jpg" else "RGB")
    copy.info = {key: value for key, value in copy.info.items() if key == "transparency" and copy.mode == image.mode}
    return copy


if __name__ == "__main__":
    main()

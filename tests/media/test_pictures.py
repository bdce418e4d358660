"""Pictures are written anew: the same to the eye, animated where they were, upright, and without what they told."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from effects.media import library
from effects.models import MediaKind
from pixelbot_site.kit.errors import Failed
from tests.media.files import animation, png, still

SECRET = b"52.5 north"


def opened(data: bytes) -> Any:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize(("format", "kind"), [("PNG", "png"), ("JPEG", "jpg"), ("WEBP", "webp"), ("GIF", "gif")])
def test_a_picture_stays_what_it_was(format: str, kind: str) -> None:
    facts = library.inspect(still(format))
    assert (facts.kind, facts.width, facts.height, facts.seconds) == (kind, 60, 40, None)
    red, blue = (opened(facts.data).convert("RGB").getpixel(place) for place in ((5, 5), (55, 5)))
    assert red[0] > 240 and red[2] < 15 and blue[2] > 240 and blue[0] < 15


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize(("format", "kind"), [("PNG", "apng"), ("WEBP", "webp"), ("GIF", "gif")])
def test_an_animation_stays_one(format: str, kind: str, mode: str) -> None:
    before = animation(format, mode=mode)
    facts = library.inspect(before)
    assert (facts.kind, facts.width, facts.height, facts.seconds) == (kind, 60, 40, 0.5)
    for place in range(5):
        pictures = [Image.open(io.BytesIO(data)) for data in (before, facts.data)]
        colours = []
        for picture in pictures:
            assert getattr(picture, "n_frames", 1) == 5
            picture.seek(place)
            colours.append(picture.convert("RGB").getpixel((30, 20)))
            assert picture.info["duration"] == 100
        assert all(abs(one - other) < 12 for one, other in zip(*colours, strict=True)), place


def test_a_see_through_picture_stays_so() -> None:
    image = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    image.paste((0, 255, 0, 255), (10, 0, 20, 20))
    for format in ("PNG", "WEBP", "GIF"):
        out = io.BytesIO()
        image.save(out, format)
        alpha = opened(library.inspect(out.getvalue()).data).convert("RGBA").getchannel("A")
        assert (alpha.getpixel((2, 2)), alpha.getpixel((15, 2))) == (0, 255), format


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "I;16", "CMYK"])
def test_pictures_of_any_kind_of_colour_are_kept(mode: str) -> None:
    format = "JPEG" if mode == "CMYK" else "PNG"
    image = (
        Image.new("I;16", (8, 8), 0x8000)
        if mode == "I;16"
        else Image.new("RGB", (8, 8), "grey").convert(mode, dither=Image.Dither.NONE)
    )
    out = io.BytesIO()
    image.save(out, format)
    value = opened(library.inspect(out.getvalue()).data).convert("L").getpixel((4, 4))
    assert value in (0, 255) if mode == "1" else abs(value - 128) < 30


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_what_a_camera_wrote_is_gone_and_the_picture_stands_upright(format: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # it was held a quarter turn to the left
    exif[0x010E] = SECRET.decode()
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    before = still(format, exif=exif)
    assert SECRET in before
    facts = library.inspect(before)
    assert SECRET not in facts.data and not opened(facts.data).getexif()
    assert (facts.width, facts.height) == (40, 60)
    top, bottom = (opened(facts.data).convert("RGB").getpixel(place) for place in ((20, 5), (20, 55)))
    assert top[0] > 200 and bottom[2] > 200


def test_comments_and_profiles_are_gone() -> None:
    text = PngInfo()
    text.add_text("Comment", SECRET.decode())
    for before in (
        still("PNG", pnginfo=text),
        still("PNG", icc_profile=SECRET),
        still("GIF", comment=SECRET),
        still("JPEG", comment=SECRET),
        still("JPEG", icc_profile=SECRET),
        still("WEBP", xmp=SECRET),
    ):
        assert SECRET in before or b"zTXt" in before or b"iCCP" in before
        after = library.inspect(before).data
        assert SECRET not in after and b"iCCP" not in after


def test_a_second_picture_behind_a_jpeg_is_left_out() -> None:
    facts = library.inspect(still("JPEG") + still("JPEG", comment=SECRET))
    assert facts.kind == MediaKind.JPG and SECRET not in facts.data


def test_the_settings_limit_what_is_kept(settings: Any) -> None:
    settings.MEDIA_MAX_SIDE = 64
    library.inspect(still(size=(64, 64)))
    with pytest.raises(Failed, match="65 × 64 pixels; at most 64 a side are allowed"):
        library.inspect(still(size=(65, 64)))
    settings.MEDIA_MAX_FRAMES = 4
    with pytest.raises(Failed, match="5 frames; at most 4 are allowed"):
        library.inspect(animation("GIF"))
    settings.MEDIA_MAX_MB = 1
    with pytest.raises(Failed, match=r"1\.1 MB; at most 1 are allowed"):
        library.inspect(png(2, 2) + bytes(1_200_000))


def test_a_decoder_that_hangs_or_crashes_costs_the_file_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "MAX_SECONDS", 0.01)
    with pytest.raises(Failed, match="it takes too long to decode"):
        library.inspect(still())
    monkeypatch.setattr(library, "MAX_SECONDS", 60)
    monkeypatch.setattr(library, "CHILD", "effects.media.nowhere")
    with pytest.raises(Failed, match="cut off or broken"):
        library.inspect(still())


def test_the_child_is_given_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[dict[str, str]] = []
    real = library.subprocess.run  # type: ignore[attr-defined]

    def run(*arguments: Any, env: dict[str, str], **more: Any) -> Any:
        given.append(env)
        return real(*arguments, env=env, **more)

    monkeypatch.setenv("SECRET_KEY", "a secret")
    monkeypatch.setattr(library.subprocess, "run", run)  # type: ignore[attr-defined]
    library.inspect(still())
    assert given and "SECRET_KEY" not in given[0]

"""The overlays' themes: each has every variable, and what stands on each other can be read."""

from __future__ import annotations

import colorsys
import re
from itertools import combinations

import pytest

from effects.models import Theme
from tests.processes import ROOT

STYLE = (ROOT / "effects/static/effects/overlay/themes.css").read_text(encoding="utf-8")
BLOCKS = {
    name: dict(re.findall(r"(--[\w-]+):\s*([^;]+);", body))
    for name, body in re.findall(r'^\[data-theme="(\w+)"\] \{(.*?)^\}', STYLE, re.M | re.S)
}
# What stands on what.
PAIRS = [("text", "panel"), ("muted", "panel"), ("text", "panel-2"), ("muted", "panel-2"), ("on-accent", "accent"),
         ("accent", "panel"), ("text", "ground"), ("accent", "ground")]  # fmt: skip
SCENES = ((0, 0, 0), (255, 255, 255))
# WCAG's AA for text of any size.
LEAST = 4.5

Colour = tuple[float, float, float]


def colour(value: str, behind: Colour) -> Colour:
    """Return a colour of the style sheet, or as browsers compute it, as it is seen over another."""
    if value.startswith("#"):
        return int(value[1:3], 16), int(value[3:5], 16), int(value[5:7], 16)
    red, green, blue, *rest = (float(number) for number in re.findall(r"[\d.]+", value))
    alpha = rest[0] / (100 if "%" in value else 1) if rest else 1
    over = [one * alpha + other * (1 - alpha) for one, other in zip((red, green, blue), behind, strict=True)]
    return over[0], over[1], over[2]


def luminance(seen: Colour) -> float:
    parts = [one / 255 for one in seen]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def test_contrast_is_counted_as_defined() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast(colour("#767676", SCENES[0]), (255, 255, 255)) == pytest.approx(4.54, abs=0.01)
    assert colour("rgb(100 50 0 / 50%)", (200, 150, 100)) == (150, 100, 50)


def test_there_are_six_and_each_has_the_same_variables() -> None:
    assert list(BLOCKS) == Theme.values and len(BLOCKS) == 6
    for name, block in BLOCKS.items():
        assert set(block) == set(BLOCKS["calm"]), name


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_what_stands_on_each_other_can_be_read_over_any_scene(name: str, text: str, ground: str) -> None:
    for scene in SCENES:
        behind = colour(BLOCKS[name][f"--{ground}"], scene)
        found = contrast(colour(BLOCKS[name][f"--{text}"], behind), behind)
        assert found >= LEAST, f"{name}: {text} on {ground} over {scene}: {found:.2f}"


@pytest.mark.parametrize("name", BLOCKS)
def test_the_name_of_everybody_in_chat_can_be_read_over_any_scene(name: str) -> None:
    depth, light = (float(BLOCKS[name][f"--name-{of}"].removesuffix("%")) / 100 for of in ("depth", "light"))
    for scene in SCENES:
        behind = colour(BLOCKS[name]["--panel"], scene)
        for hue in range(0, 360, 15):  # as chat.js gives them
            red, green, blue = colorsys.hls_to_rgb(hue / 360, light, depth)
            found = contrast((red * 255, green * 255, blue * 255), behind)
            assert found >= LEAST, f"{name}: a name of hue {hue} over {scene}: {found:.2f}"


def test_they_are_told_apart_at_a_glance() -> None:
    for one, other in combinations(BLOCKS, 2):
        same = {
            key
            for key in ("--font", "--panel", "--accent", "--radius", "--shadow", "--entrance")
            if BLOCKS[one][key] == BLOCKS[other][key]
        }
        assert len(same) <= 1, (one, other, same)


def test_each_font_is_there_with_its_licence() -> None:
    fonts = ROOT / "effects/static/effects/overlay/fonts"
    named = re.findall(r'url\("fonts/([^"]+)"\)', STYLE)
    assert sorted(named) == sorted(path.name for path in fonts.glob("*.ttf"))
    licence = (fonts / "OFL.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence and all(f"{name}: Copyright" in licence for name in named)

"""The overlay's scripts and styles: whole for each widget, nothing that OBS's browser lacks, no markup from texts."""

from __future__ import annotations

import re

import pytest

from effects.overlays.registry import widgets
from tests.processes import ROOT

FOLDER = ROOT / "effects/static/effects/overlay"
FILES = sorted([*FOLDER.rglob("*.js"), *FOLDER.rglob("*.css")])
DOCS = (ROOT / "docs/overlay-protocol.md").read_text(encoding="utf-8")
TESTS = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
# What came after Chromium 103, with the version that has it.
NEWER_STYLE = {
    r"(?<![\w-])(?:translate|rotate|scale)\s*:": 104, r":has\(": 105, r"@container": 105, r"\d(?:cqw|cqh|cqi|cqb)\b": 105,
    r"\d(?:dvh|svh|lvh|dvw)\b": 108, r"\d(?:lh|rlh)\b": 109, r"color-mix\(": 111, r"\boklch\(|\boklab\(": 111,
    r"text-wrap:": 114, r"@starting-style": 117, r"(?<!-)\bmask(?:-image)?:": 120, r"light-dark\(": 123,
    r"linear\(\s*0": 113, r"&\s*[.:\[]": 112, r"field-sizing": 123, r"@scope": 118, r"animation-composition": 112,
}  # fmt: skip
NEWER_SCRIPT = {
    r"\.toSorted\(|\.toReversed\(|\.with\(": 110, r"Object\.groupBy|Map\.groupBy": 117, r"Promise\.withResolvers": 119,
}  # fmt: skip
MARKUP = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|DOMParser|createContextualFragment"


@pytest.mark.parametrize("name", list(widgets))
def test_every_widget_has_its_files_a_test_and_a_line_in_the_docs(name: str) -> None:
    made = widgets.get(name)
    assert made is not None
    for path in (made.script, made.style):
        assert (ROOT / "effects/static" / path).is_file()
    assert (ROOT / f"effects/overlays/widgets/{name}.py").is_file()
    assert f"| `{name}` |" in DOCS
    assert re.search(rf'["#.]{name}\b', TESTS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_is_newer_than_the_oldest_browser_of_obs(path: object) -> None:
    text = re.sub(r"/\*.*?\*/", "", (FOLDER / str(path)).read_text(encoding="utf-8"), flags=re.S)
    newer = NEWER_STYLE if str(path).endswith(".css") else NEWER_SCRIPT
    assert [f"{pattern}: Chromium {version}" for pattern, version in newer.items() if re.search(pattern, text)] == []


def test_what_is_newer_is_found() -> None:
    found = {pattern for text in ("a { translate: 0 1em }", "a:has(b)", "width: 3cqw", "a { .b { } &:hover {} }", "mask: url(x)")
             for pattern in NEWER_STYLE if re.search(pattern, text)}  # fmt: skip
    assert len(found) == 5
    for text in (
        "transform: translate(1em)",
        "-webkit-mask: url(x)",
        "transition: transform 1s",
        "text-transform: none",
    ):
        assert not [pattern for pattern in NEWER_STYLE if re.search(pattern, text)], text


@pytest.mark.parametrize("path", [path for path in FILES if path.suffix == ".js"], ids=lambda path: path.name)
def test_no_script_makes_elements_of_texts(path: object) -> None:
    assert re.findall(MARKUP, (FOLDER / str(path)).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_is_fetched_from_another_host(path: object) -> None:
    text = (FOLDER / str(path)).read_text(encoding="utf-8")
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)[^\s\"')]+", text) == []


def test_less_motion_ends_every_animation_at_once() -> None:
    style = (FOLDER / "overlay.css").read_text(encoding="utf-8")
    rule = style.partition("@media (prefers-reduced-motion: reduce)")[2]
    assert "animation-duration: 1ms !important" in rule and "transition-duration: 1ms !important" in rule

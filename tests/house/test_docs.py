"""The documentation names files that exist, and the newcomer's table is complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.processes import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PATH = re.compile(r"`([\w.-]+(?:/[\w.-]+)*/(?:[\w.-]+\.[a-z]+)?)`")
TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")
TABLE = "## To change X, open Y"
MIN_ENTRIES = 20


def paths_in(text: str) -> list[str]:
    """Return the files and folders in backticks: what has a slash, and ends in one or in a suffix."""
    return PATH.findall(text)


def rows_of_the_table() -> list[str]:
    """Return the entries of the newcomer's table."""
    section = (ROOT / "docs/architecture.md").read_text(encoding="utf-8").partition(TABLE)[2].partition("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("| ") and not line.startswith("| to change |")]


@pytest.mark.parametrize("document", PAGES, ids=lambda document: document.name)
def test_every_path_in_the_docs_exists(document: Path) -> None:
    assert [path for path in paths_in(document.read_text(encoding="utf-8")) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("document", PAGES, ids=lambda document: document.name)
def test_every_test_named_in_the_docs_exists(document: Path) -> None:
    named = TEST.findall(document.read_text(encoding="utf-8"))
    assert [f"{path}::{test}" for path, test in named if f"def {test}(" not in source(path)] == []
    assert len(named) > 30 or document.name != "security.md"


def source(path: str) -> str:
    """Return the text of a file of ours; "" where there is none."""
    return (ROOT / path).read_text(encoding="utf-8") if (ROOT / path).is_file() else ""


def test_paths_are_found_and_other_words_in_backticks_are_not() -> None:
    text = (
        "`effects/obs/client.py`, `redeems/catalog/`, `.ci/run`, `!points`, `/health`, `runbot --bind HOST:PORT`, `1/2`"
    )
    assert paths_in(text) == ["effects/obs/client.py", "redeems/catalog/"]


def test_the_newcomers_table_has_enough_entries_that_differ() -> None:
    rows = rows_of_the_table()
    assert len(rows) >= MIN_ENTRIES
    assert len({row.split(" | ")[0] for row in rows}) == len(rows)


@pytest.mark.parametrize("row", rows_of_the_table(), ids=lambda row: row.split(" | ")[0].removeprefix("| "))
def test_each_entry_opens_a_file_that_exists(row: str) -> None:
    names = re.findall(r"`([^`]+)`", row.split(" | ")[1])
    files = [name for name in names if (ROOT / name).is_file()]
    assert files
    assert [name for name in names if "/" in name and not (ROOT / name).exists()] == []

"""Reads `docs/roles.md`."""

from __future__ import annotations

from tests.processes import ROOT

DOC = ROOT / "docs" / "roles.md"


def documented(role: str) -> dict[str, set[str]]:
    """Return what `docs/roles.md` says of a role: page → what is done there."""
    rows = [line.strip("| ").split(" | ") for line in DOC.read_text(encoding="utf-8").splitlines() if line[:2] == "| "]
    column = rows[0].index(role)
    return {row[0]: set(row[column].split("; ")) - {"–"} for row in rows[1:]}

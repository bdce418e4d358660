"""Texts of several lines, of which one is said."""

from __future__ import annotations

import random
from collections.abc import Sequence


def lines_of(text: str) -> tuple[str, ...]:
    """Return the lines of a text that have something in them."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def picked(lines: Sequence[str], *, in_turn: bool, turn: int, dice: random.Random | None = None) -> str:
    """Return one of the lines, "" where there is none: in turn, that of `turn` (from 0), else one at random."""
    if len(lines) < 2:
        return lines[0] if lines else ""
    return lines[turn % len(lines)] if in_turn else (dice or random).choice(lines)

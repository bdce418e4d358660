"""Numbers with their nouns, and several as one."""

from __future__ import annotations

import re
from collections.abc import Iterable


def counted(amount: int, noun: str) -> str:
    """Return an amount with its noun, in the plural where needed: `1 point`, `2 points`."""
    return f"{amount} {noun}" if abs(amount) == 1 else f"{amount} {noun}s"


def span(numbers: Iterable[int | str]) -> int | str:
    """Return what stands for whole numbers and for spans: the number, or from the smallest to the largest, `2–5`."""
    found = [int(digits) for number in numbers for digits in re.findall(r"\d+", str(number))]
    return found[0] if min(found) == max(found) else f"{min(found)}–{max(found)}"

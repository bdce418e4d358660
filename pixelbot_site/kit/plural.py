"""Numbers with their nouns."""

from __future__ import annotations


def counted(amount: int, noun: str) -> str:
    """Return an amount with its noun, in the plural where needed: `1 point`, `2 points`."""
    return f"{amount} {noun}" if abs(amount) == 1 else f"{amount} {noun}s"

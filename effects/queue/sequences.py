"""Saved sequences: looked up by their names, and what is wrong with one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from effects.models import SavedSequence
from pixelbot_site.kit import naming, steps
from pixelbot_site.kit.steps import MAX_SAVED, MAX_SEQUENCE, SAVED, Step, every_step


def named(name: str) -> SavedSequence | None:
    """Return the sequence of that name, in any case; None where there is none."""
    return naming.named(SavedSequence.objects.all(), name)


@steps.saved_steps.register
def _steps_of(name: str) -> Sequence[Step] | None:
    found = named(name)
    return None if found is None else found.effects


def why_not(name: str) -> str:
    """Return why the sequence of that name can't happen."""
    found = named(name)
    if found is None:
        return f"there is no saved sequence called “{name}”"
    return next(iter(mistakes(found.name, found.effects)), "a saved sequence is missing, or it is too long")


def mistakes(name: str, effects: list[dict[str, Any]], *, before: str = "") -> list[str]:
    """Return a sentence for each thing that is wrong with a sequence. `before`: the name that it had until now."""
    others = {
        row.name.casefold(): (row.name, row.effects)
        for row in SavedSequence.objects.all()
        if row.name.casefold() not in {name.casefold(), before.casefold()}
    }
    found = []
    if len(effects) > MAX_SEQUENCE:
        found.append(f"There are more than {MAX_SEQUENCE} effects in it.")
    way = _way_back(name.casefold(), effects, others, ())
    if way is not None:
        names = " in ".join(f"“{one}”" for one in (name, *reversed(way)))
        found.append(f"It would contain itself: {names}." if way else "It would contain itself.")
    elif _size(effects, others) > MAX_SAVED:
        found.append(f"With the sequences in it, there are more than {MAX_SAVED} effects in it.")
    return found


Others = dict[str, tuple[str, list[dict[str, Any]]]]


def _names(effects: list[dict[str, Any]]) -> list[str]:
    return [str(step.get("name", "")).strip().casefold() for step in every_step(effects) if step.get("kind") == SAVED]


def _way_back(
    wanted: str, effects: list[dict[str, Any]], others: Others, way: tuple[str, ...], seen: set[str] | None = None
) -> tuple[str, ...] | None:
    """Return the names by way of which `effects` lead to the sequence called `wanted`; None where they do not."""
    seen = set() if seen is None else seen
    for name in _names(effects):
        if name == wanted:
            return way
        if name in others and name not in seen:
            seen.add(name)
            title, inner = others[name]
            found = _way_back(wanted, inner, others, (*way, title), seen)
            if found is not None:
                return found
    return None


def _size(effects: list[dict[str, Any]], others: Others, known: dict[str, int] | None = None) -> int:
    known = {} if known is None else known
    total = len(effects)
    for name in _names(effects):
        if name in others and name not in known:
            known[name] = MAX_SAVED  # where it contains itself, too many
            known[name] = _size(others[name][1], others, known)
        total += known.get(name, 0)
    return total

"""The original's level rewards: a list of them, or an object of them by level; and the items that somebody gets.

Its code reads `{"level", "points", "items", "tts": LINE}`; its documents write `{"points", "message": LINE}`, with
`"tts": true` where the line is spoken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from economy.models import Item, LevelReward
from pixelbot_site.bringing.difference import Difference, LeftOut, Wanted, left_out
from pixelbot_site.bringing.pixel.files import few, whole
from pixelbot_site.bringing.pixel.original import item_key
from pixelbot_site.bringing.pixel.redeems import Steps, added

SECTION = "Level rewards"


def entries(data: Any) -> list[dict[str, Any]]:
    """Return either shape as a list. Raise LeftOut for anything else."""
    if isinstance(data, dict):
        data = [{"level": level, **entry} if isinstance(entry, dict) else entry for level, entry in data.items()]
    if not isinstance(data, list) or not all(isinstance(entry, dict) for entry in data):
        raise LeftOut("The file must hold a list of rewards, or an object of rewards by level.")
    return few(data)


def items_of(data: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the keys of the items that the rewards give."""
    keys: set[str] = set()
    for entry in data:
        with suppress(LeftOut):  # said where the reward itself is refused
            keys |= {_item_step(key, quantity)["item"] for key, quantity in _items(entry)}
    return keys


def planned(data: Iterable[Mapping[str, Any]], at_each_level: Steps) -> Iterator[Wanted | Difference]:
    """Yield the rewards, of several of one level the last, as the original; `at_each_level`: what it sends by OSC."""
    found: dict[tuple[int, bool], Mapping[str, Any]] = {}
    for place, entry in enumerate(data, start=1):
        try:
            every = whole(entry.get("every"), "every", most=9999)
            level = every or whole(entry.get("level"), "Its level", least=1, most=9999)
        except LeftOut as why:
            yield left_out(SECTION, f"Reward {place}", str(why))
        else:
            found[level, bool(every)] = entry
    if at_each_level:
        found.setdefault((1, True), {})
    for (level, repeats), entry in sorted(found.items()):
        yield _reward(level, repeats, entry, at_each_level if (level, repeats) == (1, True) else [])


def _reward(level: int, repeats: bool, entry: Mapping[str, Any], more: Steps) -> Wanted:
    def values(row: LevelReward | None) -> dict[str, Any]:
        steps = added([_item_step(key, quantity) for key, quantity in _items(entry)], more)
        found: dict[str, Any] = {"effects": steps if row is None else added(row.effects, steps)}
        if entry:
            line, is_spoken = _line(entry)
            points = whole(entry.get("points"), "Its points", most=10**9)
            found |= {"points": points, "line": line, "spoken": is_spoken}
        if row is None:
            found = {"level": level, "repeats": repeats, "line": "", "spoken": False, **found}
        return found

    name = f"every {level} levels" if repeats and level > 1 else "every level" if repeats else f"level {level}"
    key = {"level": level, "repeats": repeats}
    return Wanted(SECTION, name, LevelReward, key, values, "economy.change_levelreward")


def _line(entry: Mapping[str, Any]) -> tuple[str, bool]:
    """Return what is said, and whether the voice says it, too."""
    tts, message = entry.get("tts"), entry.get("message")
    if isinstance(tts, str) and tts:
        return tts, True
    return str(message or ""), bool(tts and message)


def _items(entry: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    held = entry.get("items")
    return held.items() if isinstance(held, dict) else ()


def _item_step(key: str, quantity: Any) -> dict[str, Any]:
    name = item_key(key)
    if not name:
        raise LeftOut("An item of it has no key.")
    return {"kind": "grant_item", "item": name, "quantity": whole(quantity, "An item's quantity", least=1, most=10**6)}


def items(keys: Iterable[str], described: Mapping[str, tuple[str, str]]) -> Iterator[Wanted]:
    """Yield the items of these keys; `described` are the name and the description of those in the database."""
    for key in sorted(keys):
        yield _item(key, *described.get(key, (key, "")))


def _item(key: str, name: str, description: str) -> Wanted:
    def values(row: Item | None) -> dict[str, Any]:
        return {} if row is not None else {"key": key, "name": name[:100], "description": description}

    return Wanted("Items", name[:100], Item, {"key": key}, values, "economy.change_item")

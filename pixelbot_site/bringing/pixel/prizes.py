"""The original's prizes with their weights and effects, in both shapes, and the lines that its wheel says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from effects.models import Prize, WheelLine
from pixelbot_site.bringing.difference import Difference, LeftOut, Wanted, left_out
from pixelbot_site.bringing.pixel.files import few, whole
from pixelbot_site.bringing.pixel.original import item_key
from pixelbot_site.bringing.pixel.redeems import Steps, osc_step
from pixelbot_site.kit.steps import mistakes

SECTION = "Prizes"
LINES = "Lines of the wheel"
COLOURS = ("#5c6bc0", "#26a69a", "#ffa726", "#ec407a", "#ab47bc", "#8d6e63")
SWITCHED_OFF = "It arrives switched off, since not all of what it does can be done here: {}"


def entries(data: Any) -> list[Any]:
    """Return the list of prizes. Raise LeftOut for what is none."""
    if not isinstance(data, list):
        raise LeftOut("The file must hold a list of prizes.")
    return few(data)


def items_of(data: list[Any]) -> set[str]:
    """Return the keys of the items that the prizes give."""
    steps = [step for entry in data if isinstance(entry, dict) for step in _effects(entry, {})[0]]
    return {step["item"] for step in steps if step["kind"] == "grant_item"}


def sends_osc(data: list[Any]) -> bool:
    """Return whether a prize sends something by OSC."""
    return any(step["kind"] == "osc" for entry in data if isinstance(entry, dict) for step in _effects(entry, {})[0])


def planned(data: list[Any], sounds: Mapping[str, str]) -> Iterator[Wanted | Difference]:
    """Yield the prizes. `sounds`: the names here of the original's files."""
    seen: set[str] = set()
    for place, entry in enumerate(data, start=1):
        name = str(entry.get("name") or "").strip() if isinstance(entry, dict) else ""
        if not name:
            yield left_out(SECTION, f"Prize {place}", "It has no name.")
        elif name in seen:
            yield left_out(SECTION, name[:60], "A prize before it has the same name.")
        else:
            seen.add(name)
            yield _prize(name, entry, COLOURS[place % len(COLOURS)], sounds)


def _prize(name: str, entry: Mapping[str, Any], colour: str, sounds: Mapping[str, str]) -> Wanted:
    steps, missing = _effects(entry, sounds)

    def values(row: Prize | None) -> dict[str, Any]:
        weight = max(1, whole(entry.get("weight", 1), "Its weight", least=-(10**6)))  # as the original reads it
        own = {"name": name, "colour": colour, "enabled": not missing} if row is None else {}
        return {"weight": weight, "effects": steps, **own}

    note = SWITCHED_OFF.format(missing[0]) if missing else ""
    return Wanted(
        SECTION, name[:60], Prize, {"name": name}, values, "effects.change_prize", note=note, quiet={"colour"}
    )


def _effects(entry: Mapping[str, Any], sounds: Mapping[str, str]) -> tuple[Steps, list[str]]:
    """Return the effects, and a sentence for each that can't be had here."""
    found: Steps = []
    missing: list[str] = []
    for effect in _listed(entry):
        step = _step(effect, sounds)
        wrong = [f"there is no “{effect.get('type')}”."] if step is None else mistakes([step])
        if step is None or wrong:
            missing.append(wrong[0][:200])
        else:
            found.append(step)
    return found, missing


def _listed(entry: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the effects of a prize: its list, or what older files say with keys of their own."""
    effects = entry.get("effects")
    if isinstance(effects, list):
        yield from (effect for effect in effects if isinstance(effect, dict))
        return
    if entry.get("grant_points") is not None:
        yield {"type": "points.grant", "amount": entry["grant_points"]}
    if entry.get("grant_xp") is not None:
        yield {"type": "xp.grant", "amount": entry["grant_xp"]}
    if entry.get("item_key"):
        yield {"type": "inventory.grant", "key": entry["item_key"], "qty": entry.get("item_qty", 1)}
    osc = entry.get("osc")
    for one in osc if isinstance(osc, list) else [osc]:
        if isinstance(one, dict):
            parameter = one.get("param")
            address = f"/avatar/parameters/{parameter}" if parameter else one.get("address")
            yield {"type": "osc.send", "address": address, "value_type": one.get("type"), "value": one.get("value", 1)}
    if entry.get("effect") or entry.get("action"):
        yield {"type": str(entry.get("effect") or entry.get("action"))}


def _step(effect: Mapping[str, Any], sounds: Mapping[str, str]) -> dict[str, Any] | None:
    match effect.get("type"):
        case "points.grant":
            return {"kind": "grant_points", "points": _number(effect.get("amount"))}
        case "xp.grant":
            return {"kind": "grant_xp", "xp": _number(effect.get("amount"))}
        case "inventory.grant":
            key = item_key(str(effect.get("key") or "").strip().lower())
            return {"kind": "grant_item", "item": key, "quantity": _number(effect.get("qty", 1))}
        case "osc.send":
            return osc_step(effect.get("address"), effect.get("value_type"), effect.get("value"))
        case "sfx.play":
            name = str(effect.get("sound") or "")
            return {"kind": "play_sound", "sound": sounds.get(name.casefold(), name.rpartition(".")[0] or name)}
        case "confetti":
            return {"kind": "confetti"}
    return None


def _number(value: Any) -> Any:
    """Return a whole number that is written as a text as a number; anything else as it is, to be refused."""
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 15 else value


def lines(text: str, when: WheelLine.When) -> list[Wanted]:
    """Return the lines of a file. Raise LeftOut for too many."""
    found = dict.fromkeys(stripped for line in text.splitlines() if (stripped := line.strip()))
    return [_line(line, when) for line in few(found)]


def _line(text: str, when: WheelLine.When) -> Wanted:
    def values(row: WheelLine | None) -> dict[str, Any]:
        return {} if row is not None else {"when": when, "text": text, "spoken": True}

    key = {"when": when, "text": text}
    return Wanted(LINES, text[:80], WheelLine, key, values, "effects.change_wheelline", quiet={"spoken"})

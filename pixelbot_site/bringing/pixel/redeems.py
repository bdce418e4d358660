"""The original's redeems, and what its map of signals sends by OSC for them.

The map (`data/signal_osc_map.json`) is an object of lists by the signal's name, such as `redeem.KEY`:
`[{"address", "type", "value" or "duration"}, …]`. The type is bool, int, float, or pulse: true, and false after
`duration` seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pixelbot_site.bringing.difference import Difference, LeftOut, Wanted, left_out
from pixelbot_site.bringing.pixel.env import OSC_TARGET
from pixelbot_site.bringing.pixel.files import few
from pixelbot_site.kit.steps import mistakes
from redeems import purchase
from redeems.models import Redeem
from redeems.registry import catalog

SECTION = "Redeems"
LEVEL_UP = "event.level_up"
OF_REDEEM = "redeem."
# What the original takes for a pulse without one, in seconds.
DEFAULT_PULSE = 0.25
Steps = list[dict[str, Any]]


def signals_of(data: Any) -> dict[str, list[Any]]:
    """Return the map. Raise LeftOut for what is none."""
    if not isinstance(data, dict) or not all(isinstance(actions, list) for actions in data.values()):
        raise LeftOut("This is no map of signals: it must be an object of lists.")
    return few(data)


def osc_step(address: Any, kind: Any, value: Any) -> dict[str, Any]:
    """Return the effect that sends a value. Its mistakes are found with those of all effects."""
    names = {"i": "int", "int32": "int", "f": "float", "float32": "float", "b": "bool", "boolean": "bool"}
    text = str(kind or "int").strip().lower()
    our_kind = "text" if text in ("string", "s", "str") else names.get(text, text)
    if our_kind == "bool":
        value = str(bool(value)).lower()
    return {"kind": "osc", "target": OSC_TARGET, "address": str(address or ""), "type": our_kind, "value": str(value)}


def _step(action: Mapping[str, Any]) -> dict[str, Any]:
    if action.get("type") != "pulse":
        return osc_step(action.get("address"), action.get("type"), action.get("value", ""))
    try:
        milliseconds = round(float(action.get("duration", DEFAULT_PULSE)) * 1000)
    except (TypeError, ValueError, OverflowError):
        milliseconds = -1  # refused with the effect's other mistakes
    return {**osc_step(action.get("address"), "bool", True), "pulse_ms": milliseconds}


def steps_of(signals: Mapping[str, list[Any]]) -> Iterator[tuple[str, Steps] | Difference]:
    """Yield the effects of redeems and of a level-up, by the signal; and what is left out."""
    for name, actions in signals.items():
        steps = [_step(action) for action in actions if isinstance(action, dict)]
        wrong = mistakes(steps)
        if wrong or not steps:
            yield left_out("OSC", name, wrong[0] if wrong else "It has no actions.")
        elif name == LEVEL_UP or name.startswith(OF_REDEEM):
            yield name, steps
        else:
            yield left_out("OSC", name, "Add an effect “Send by OSC” to a reaction instead.")


def added(present: Any, steps: Steps) -> Steps:
    """Return the effects that are there, and those of `steps` that are not among them."""
    return [*present, *(step for step in steps if step not in present)]


def planned(rows: Mapping[str, Mapping[str, Any]], of_signals: Mapping[str, Steps]) -> Iterator[Wanted | Difference]:
    """Yield the redeems: `rows` of the database by their keys, with the effects of the map's signals."""
    steps = {name.removeprefix(OF_REDEEM).casefold(): found for name, found in of_signals.items()}
    for key in dict.fromkeys([*(key.casefold() for key in rows), *steps]):
        if key in steps and key in catalog and not Redeem.objects.filter(key=key).exclude(effects=[]).exists():
            reason = f"!{key} does something by itself, to which nothing can be added."
            yield left_out("OSC", f"{OF_REDEEM}{key}", reason)
            steps.pop(key)
        fields = next((row for name, row in rows.items() if name.casefold() == key), None)
        if fields is not None or key in steps:
            yield _redeem(key, fields, steps.get(key, []))


def _redeem(key: str, fields: Mapping[str, Any] | None, steps: Steps) -> Wanted:
    def values(row: Redeem | None) -> dict[str, Any]:
        found = dict(fields or {})
        if key not in catalog:
            # One that the original's code gave its effect does nothing here, until somebody gives it one.
            found.pop("enabled", None)
        if row is not None:
            return {**found, "effects": added(row.effects, steps)} if steps else found
        if not re.fullmatch(r"\w{1,40}", key):
            raise LeftOut("Its key is not one word of at most 40 letters.")
        if key in purchase.taken_words():
            raise LeftOut(f"!{key} is the word of a command here.")
        title = key.replace("_", " ").capitalize()
        return {"key": key, "title": title, "enabled": False, "cost": 0, **found, "effects": steps}

    note = "" if key in catalog else "A new one arrives switched off: give it effects and a price, and switch it on."
    return Wanted(SECTION, f"!{key}", Redeem, {"key": key}, values, "redeems.change_redeem", note=note)

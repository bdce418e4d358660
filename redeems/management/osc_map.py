"""The original's map of signals to OSC (`data/signal_osc_map.json`), as effects of redeems and of level-ups.

It is an object of lists by the signal's name: `{"redeem.KEY": [{"address", "type", "value" or "duration"}], …}`. The
type is bool, int, float, or pulse: true, and false after `duration` seconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from economy.models import LevelReward
from effects.models import OSCTarget
from pixelbot_site.kit.steps import mistakes
from redeems.models import Redeem
from redeems.registry import catalog

LEVEL_UP = "event.level_up"
REDEEM = "redeem."
# What the original takes for a pulse without one, in seconds.
DEFAULT_PULSE = 0.25


def take_over(path: Path) -> Iterator[str]:
    """Store what the map at `path` says, and yield a sentence for each signal. What is there already stays as it is.

    Raise CommandError for a file that is no such map.
    """
    signals = _read(path)
    target, _ = OSCTarget.objects.get_or_create(name="VRChat")
    for name, actions in signals.items():
        steps = [_step(action, target.name) for action in actions if isinstance(action, dict)]
        wrong = mistakes(steps)
        if wrong or not steps:
            yield f"{name} is left out: {wrong[0] if wrong else 'it has no actions.'}"
        elif name == LEVEL_UP:
            yield _at_each_level(steps)
        elif name.startswith(REDEEM):
            yield _at_redeem(name.removeprefix(REDEEM).casefold(), steps)
        else:
            yield f"{name} is left out: add an effect “Send by OSC” to a reaction instead."


def _read(path: Path) -> dict[str, list[Any]]:
    try:
        signals = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CommandError(f"{path} can't be read as a map of signals: {error}") from None
    if not isinstance(signals, dict) or not all(isinstance(actions, list) for actions in signals.values()):
        raise CommandError(f"{path} is no map of signals: it must be an object of lists.")
    return signals


def _step(action: dict[str, Any], target: str) -> dict[str, Any]:
    step = {"kind": "osc", "target": target, "address": str(action.get("address", ""))}
    kind, value = str(action.get("type", "")), action.get("value", "")
    if kind == "pulse":
        try:
            seconds = float(action.get("duration", DEFAULT_PULSE))
        except (TypeError, ValueError):
            seconds = -1.0  # refused with the effect's other mistakes
        return {**step, "type": "bool", "value": "true", "pulse_ms": round(seconds * 1000)}
    return {**step, "type": kind, "value": str(value).lower() if isinstance(value, bool) else str(value)}


def _at_each_level(steps: list[dict[str, Any]]) -> str:
    reward, _ = LevelReward.objects.get_or_create(level=1, repeats=True, defaults={"line": "", "spoken": False})
    reward.effects = [*reward.effects, *(step for step in steps if step not in reward.effects)]
    reward.save(update_fields=["effects"])
    return f"{LEVEL_UP}: happens at every level (Level rewards)."


def _at_redeem(key: str, steps: list[dict[str, Any]]) -> str:
    if key in catalog and not Redeem.objects.filter(key=key).exclude(effects=[]).exists():
        return f"{REDEEM}{key} is left out: !{key} does something by itself, to which nothing can be added."
    row, is_new = Redeem.objects.get_or_create(
        key=key, defaults={"title": key.replace("_", " ").capitalize(), "enabled": False, "effects": steps}
    )
    if is_new:
        return f"{REDEEM}{key}: a new redeem, switched off: give it a price, and switch it on."
    row.effects = [*row.effects, *(step for step in steps if step not in row.effects)]
    row.save(update_fields=["effects"])
    return f"{REDEEM}{key}: added to the effects of !{key}."

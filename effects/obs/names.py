"""Which scenes and sources OBS has: to choose from in the dashboard, and to warn when a configured one vanished."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.core.cache import cache

from effects.obs.address import options
from effects.obs.client import obs
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.hooks import Hook
from pixelbot_site.kit.steps import leaves, payloads
from pixelbot_site.kit.steps_field import EffectsField

log = logging.getLogger("obs")

KEPT = 120
"""Seconds that what was found out is believed."""


def names() -> dict[str, list[str]]:
    """`obs_scene`, `obs_source`, `obs_input` → the names that OBS reports. Raises Failed where OBS is away."""
    scenes = [scene["sceneName"] for scene in reversed(obs().ask("GetSceneList")["scenes"])]
    inputs = sorted(row["inputName"] for row in obs().ask("GetInputList")["inputs"])
    sources = set(scenes) | set(inputs)
    for scene in scenes:
        rows = obs().ask("GetSceneItemList", {"sceneName": scene})["sceneItems"]
        sources |= {row["sourceName"] for row in rows}
    return {"obs_scene": scenes, "obs_source": sorted(sources), "obs_input": inputs}


def check() -> None:
    """Compare what effects name with what OBS has, and keep a sentence for each that is missing. Runs on a schedule."""
    obs().heed_changes()
    if not options().enabled or not any(True for _ in _configured()):
        return
    try:
        there = names()
    except Failed:
        return  # OBS is away: nothing is known, and what was, stays
    sentences = [
        f"{where}: OBS has no {kind.removeprefix('obs_')} called “{name}”."
        for where, kind, name in _configured()
        if name not in there.get(kind, []) and "{" not in name
    ]
    before = missing()
    for sentence in sentences:
        if sentence not in before:
            log.warning("%s", sentence)
    cache.set("obs.missing", sentences, KEPT)


def missing() -> list[str]:
    """What the last check found."""
    sentences: list[str] = cache.get("obs.missing", [])
    return sentences


configured_steps = Hook[[], Iterable[tuple[str, Any]]](
    "configured_steps", __name__, "Yield (row's name, steps) for what names scenes or sources outside an EffectsField."
)


def _configured() -> Iterator[tuple[str, str, str]]:
    """(where, kind of name, name) for every name of OBS's that an effect of any row holds."""
    for where, steps in _effects():
        for kind, name in _named(steps):
            yield where, kind, name


def _effects() -> Iterator[tuple[str, Any]]:
    for configured in configured_steps.call():
        yield from configured
    for model in apps.get_models():
        columns = [field.name for field in model._meta.fields if isinstance(field, EffectsField)]
        for row in model._default_manager.all() if columns else ():
            for column in columns:
                yield f"{model._meta.verbose_name} “{row}”", getattr(row, column)


def _named(steps: Any) -> Iterator[tuple[str, str]]:
    for step in leaves(steps):
        payload = payloads.get(str(step.get("kind")))
        for key, field in payload.model_fields.items() if payload else ():
            extra = field.json_schema_extra
            kind = str(extra.get("from", "")) if isinstance(extra, dict) else ""
            if kind.startswith("obs_") and step.get(key):
                yield kind, str(step[key])

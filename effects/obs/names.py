"""The names of OBS's scenes and sources: choices for the dashboard, and a check of what effects name."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.contrib.auth.models import AnonymousUser, User
from django.core.cache import cache
from django.db.models import Model

from effects.obs import health
from effects.obs.address import options
from effects.obs.client import obs
from pixelbot_site.kit import naming
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.hooks import Hook
from pixelbot_site.kit.steps import every_step, payloads
from pixelbot_site.kit.steps_field import EffectsField

log = logging.getLogger("obs")

# Seconds that the result of a check is kept. Checks run every half minute.
KEEP_SECONDS = 120


def names() -> dict[str, list[str]]:
    """Return OBS's names under `obs_scene`, `obs_source` and `obs_input`. Raise Failed if OBS is away."""
    scenes = [scene["sceneName"] for scene in reversed(obs().ask("GetSceneList")["scenes"])]
    inputs = sorted(row["inputName"] for row in obs().ask("GetInputList")["inputs"])
    sources = set(scenes) | set(inputs)
    for scene in scenes:
        rows = obs().ask("GetSceneItemList", {"sceneName": scene})["sceneItems"]
        sources |= {row["sourceName"] for row in rows}
    return {"obs_scene": scenes, "obs_source": sorted(sources), "obs_input": inputs}


def check() -> None:
    """Ask whether OBS is there, and store a sentence for each name in effects that it lacks."""
    obs().drop_if_reconfigured()
    if not options().enabled or not health.check():
        return  # with OBS away, the last result stays
    configured = list(_configured_names())
    if not configured:
        return
    try:
        existing = names()
    except Failed:
        return  # it went away just now
    sentences = [
        f"{where}: OBS has no {kind.removeprefix('obs_')} called “{name}”."
        for where, kind, name in configured
        # A name with a placeholder is known only when the effect happens.
        if name not in existing.get(kind, []) and "{" not in name
    ]
    known = missing()
    for sentence in sentences:
        if sentence not in known:  # log it once, not every half minute
            log.warning("%s", sentence)
    cache.set("obs.missing", sentences, KEEP_SECONDS)


def missing() -> list[str]:
    """Return a sentence for each missing name that the last check found."""
    sentences: list[str] = cache.get("obs.missing", [])
    return sentences


configured_steps = Hook[[], Iterable[tuple[str, Any]]](
    "configured_steps", __name__, "Yield (row's name, steps) for what names scenes or sources outside an EffectsField."
)


def _configured_names() -> Iterator[tuple[str, str, str]]:
    """Yield (row, kind of name, name) for every OBS name in an effect of any row."""
    for where, steps in _configured_effects():
        for kind, name in _names_in(steps):
            if kind.startswith("obs_"):
                yield where, kind, name


@naming.rows_naming.register
def rows_naming(kind: str, name: str) -> list[str]:
    """Return the rows, in words, with an effect that names this, in any case: of the kind `media`, for one."""
    wanted = (kind, name.casefold())
    return [
        where
        for where, steps in _configured_effects()
        if any((found, named.casefold()) == wanted for found, named in _names_in(steps))
    ]


def _configured_effects() -> Iterator[tuple[str, Any]]:
    for rows in configured_steps.call():
        yield from rows
    for model, columns in _models_with_effects():
        for row in model._default_manager.all():
            for column in columns:
                yield f"{model._meta.verbose_name} “{row}”", getattr(row, column)


def _models_with_effects() -> Iterator[tuple[type[Model], list[str]]]:
    for model in apps.get_models():
        columns = [field.name for field in model._meta.fields if isinstance(field, EffectsField)]
        if columns:
            yield model, columns


def may_be_asked_by(user: User | AnonymousUser) -> bool:
    """Return whether `user` may add or change rows that name effects, whose forms offer these names."""
    return any(
        user.has_perm(f"{model._meta.app_label}.{action}_{model._meta.model_name}")
        for model, _ in _models_with_effects()
        for action in ("add", "change")
    )


def _names_in(steps: Any) -> Iterator[tuple[str, str]]:
    for step in every_step(steps):
        payload = payloads.get(str(step.get("kind")))
        if payload is None:
            continue
        for key, field in payload.model_fields.items():
            extra = field.json_schema_extra
            kind = str(extra.get("from", "")) if isinstance(extra, dict) else ""
            if kind and step.get(key):
                yield kind, str(step[key])

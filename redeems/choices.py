"""What the streamer offers for viewers to choose from: nothing else in OBS can be reached."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from effects.obs import names as obs_names
from effects.registry import Effect
from effects.values import obs_scene, obs_source
from pixelbot_site.kit.errors import Refused
from redeems.models import Redeem
from redeems.registry import Order


def scene(line: str, seconds: int) -> Effect:
    """What a line of the choices of `!scene` does."""
    return obs_scene(line, seconds)


def source(line: str, seconds: int) -> Effect:
    """What a line of the choices of `!source` does. Refused where it names no scene."""
    scene_name, slash, source_name = line.partition("/")
    if not slash:
        raise Refused("the streamer has not said in which scene this is")
    return obs_source(scene_name.strip(), source_name.strip(), seconds=seconds)


OFFERED = {"scene": scene, "source": source}


def chosen(order: Order) -> str:
    """The line of the row's choices that the viewer named: the whole of it, or what stands after its slash."""
    lines = _lines(order.row)
    if not lines:
        raise Refused(f"there is nothing to choose for !{order.row.key} yet")
    short = {line: line.partition("/")[2].strip() or line for line in lines}
    # Of two scenes' sources with one name, each is told by the whole line.
    names = {line: name if [*short.values()].count(name) == 1 else line for line, name in short.items()}
    wanted = order.words.strip().casefold()
    for line, name in names.items():
        if wanted and wanted in (name.casefold(), line.casefold()):
            return line
    raise Refused(f"choose one: {', '.join(names.values())}")


def _lines(row: Redeem) -> list[str]:
    return [line.strip() for line in row.choices.splitlines() if line.strip()]


@obs_names.configured_steps.register
def offered() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """What the choices of each redeem would do, so that a scene that vanished from OBS is told."""
    for row in Redeem.objects.filter(key__in=OFFERED):
        for line in _lines(row):
            with suppress(Refused):
                effect = OFFERED[row.key](line, row.seconds)
                yield f"redeem “{row}”", [effect.step]

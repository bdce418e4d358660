"""The lines of `Redeem.choices`: the scenes and sources of OBS that viewers may choose by `!scene` and `!source`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from effects.obs import names as obs_names
from effects.registry import Effect
from effects.registry.values import obs_scene, obs_source
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Refused
from redeems.models import Redeem
from redeems.registry import Order

NO_SCENE = phrases.refusal("choices.no_scene", "the streamer has not said in which scene this is")
NOTHING = phrases.refusal("choices.nothing", "there is nothing to choose for !{name} yet")
CHOOSE = phrases.refusal("choices.choose", "choose one: {names}")


def scene(line: str, seconds: int) -> Effect:
    """Return the effect of a line of `!scene`'s choices: the name of a scene."""
    return obs_scene(line, seconds)


def source(line: str, seconds: int) -> Effect:
    """Return the effect of a line of `!source`'s choices: `Scene/Source`. Raise Refused where it names no scene."""
    scene_name, slash, source_name = line.partition("/")
    if not slash:
        raise Refused(NO_SCENE())
    return obs_source(scene_name.strip(), source_name.strip(), seconds=seconds)


OFFERED = {"scene": scene, "source": source}


def chosen(order: Order) -> str:
    """Return the line of the row's choices that the viewer named. Raise Refused, listing the names, for any other.

    A line is named by itself or, where that is unambiguous, by the part after its slash.
    """
    names = _names(_lines(order.row))
    if not names:
        raise Refused(NOTHING(name=order.row.key))
    answer = order.words.strip().casefold()
    for line, name in names.items():
        if answer in (name.casefold(), line.casefold()):
            return line
    raise Refused(CHOOSE(names=", ".join(names.values())))


def _names(lines: list[str]) -> dict[str, str]:
    """Return the name of each line: the part after its slash, or the whole line where two lines share that part."""
    short = {line: line.partition("/")[2].strip() or line for line in lines}
    uses = Counter(short.values())
    return {line: name if uses[name] == 1 else line for line, name in short.items()}


def _lines(row: Redeem) -> list[str]:
    return [line.strip() for line in row.choices.splitlines() if line.strip()]


@obs_names.configured_steps.register
def offered() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield each redeem with what its choices do, so that the dashboard reports scenes and sources missing in OBS."""
    for row in Redeem.objects.filter(key__in=OFFERED):
        for line in _lines(row):
            with suppress(Refused):
                effect = OFFERED[row.key](line, row.seconds)
                yield f"redeem “{row}”", [effect.step]

"""Effects as values, and the column that names them: tips, raids, levels, prizes and redeems all have the same one.

The floors that only name effects need no more than this. What a kind does is in `effects/library/`, which fills
`payloads`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from pydantic import BaseModel, ConfigDict
from pydantic import ValidationError as PayloadError

MAX_TITLE = 200

Step = Mapping[str, Any]
"""An effect as a column keeps it: `kind`, and beside it the keys of its payload."""


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that happens on the stream. `payload` holds what the kind's performer needs, as JSON values."""

    kind: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""


class Payload(BaseModel):
    """What a kind of effect is told. Its fields make the dashboard's form."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


payloads: dict[str, type[BaseModel]] = {}
"""The payload of every kind that a streamer may name."""


def planned(steps: Sequence[Step], words: Mapping[str, str | int]) -> Iterator[Effect]:
    """The effects that `steps` name, with {user} and the like filled in from `words`."""
    for step in steps:
        payload = {key: filled(value, words) for key, value in step.items() if key != "kind"}
        yield Effect(str(step.get("kind", "")), payload, _title(step, payload))


def filled(value: Any, words: Mapping[str, str | int]) -> Any:
    """`value` with {word} filled in wherever there is text in it; other braces stay as they are."""
    if isinstance(value, str):
        for word, text in words.items():
            value = value.replace(f"{{{word}}}", str(text))
        return value
    if isinstance(value, Mapping):
        return {key: filled(inner, words) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, words) for inner in value]
    return value


def wanted_words(value: Any) -> set[str]:
    """The words in braces, wherever there is text in `value`."""
    return set(re.findall(r"\{(\w+)\}", json.dumps(value)))


def _title(step: Step, payload: Mapping[str, Any]) -> str:
    texts = [value for value in payload.values() if isinstance(value, str) and value]
    return str(texts[0] if texts else step.get("kind", ""))[:MAX_TITLE]


def mistakes(steps: Any) -> list[str]:
    """A sentence for each thing that is wrong with `steps`."""
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        return ["This must be a list of effects."]
    said = []
    for number, step in enumerate(steps, 1):
        kind = str(step.get("kind", ""))
        if kind not in payloads:
            said.append(f"Effect {number}: there is none called “{kind}”. There are {', '.join(sorted(payloads))}.")
            continue
        said += [f"Effect {number}, {kind}: {mistake}" for mistake in _of_payload(kind, step)]
    return said


def _of_payload(kind: str, step: Step) -> list[str]:
    try:
        payloads[kind].model_validate({key: value for key, value in step.items() if key != "kind"})
    except PayloadError as error:
        return [f"{'.'.join(map(str, one['loc'])) or 'it'}: {one['msg']}" for one in error.errors()]
    return []


def check(steps: Any) -> None:
    """Raise Django's ValidationError with every mistake."""
    said = mistakes(steps)
    if said:
        raise ValidationError(said)

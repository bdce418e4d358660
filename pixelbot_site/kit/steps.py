"""Effects as values: tips, raids, levels, prizes and redeems all name the effects that they have in the same way.

What a kind of effect does is in `effects/library/`, which fills `payloads`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from pydantic import BaseModel, ConfigDict
from pydantic import ValidationError as PayloadError

from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.registry import Registry

MAX_TITLE = 200
# Characters of a spoken text; what is spoken of it (TTS_MAX_CHARS) can't be set to be longer.
MAX_TEXT = 1000
# What is counted in templates; with 1 they lose their s.
_NOUNS = "token|viewer|month|subscription|point"
# The kind whose payload holds a list of steps, in `effects`, and how many steps it may hold.
SEQUENCE = "run_effects"
MAX_SEQUENCE = 20

# An effect as it is stored in a column: `kind`, and beside it the keys of its payload.
Step = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that happens on the stream. `payload` holds what the kind's performer needs, as JSON values."""

    kind: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""

    @property
    def step(self) -> dict[str, Any]:
        """Return the effect as it is stored in a column, without its title."""
        return {"kind": self.kind, **self.payload}


class Payload(BaseModel):
    """The arguments of a kind of effect. The dashboard's form is made from its fields."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


# The payload model of every kind, by the kind's name.
payloads: Registry[type[Payload]] = Registry("payload")
P = TypeVar("P", bound=Payload)


def parse(model: type[P], payload: Mapping[str, Any]) -> P:
    """Return `payload` as an instance of `model`. Raise Failed, naming each field that does not fit."""
    try:
        return model.model_validate(payload)
    except PayloadError as error:
        raise Failed(f"the effect's fields do not fit: {'; '.join(_reasons(error))}") from error


def leaves(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield the steps in the order in which they happen, with the steps of a sequence in place of the sequence."""
    for step in steps:
        if step.get("kind") == SEQUENCE:
            yield from leaves(step.get("effects", []))
        else:
            yield step


def planned(steps: Sequence[Step], words: Mapping[str, str | int]) -> Iterator[Effect]:
    """Yield the effects that `steps` name, with placeholders like {user} replaced from `words`."""
    for step in steps:
        payload = {key: filled(value, words) for key, value in _fields(step).items()}
        yield Effect(str(step.get("kind", "")), payload, _title(step, payload))


def filled(value: Any, words: Mapping[str, str | int]) -> Any:
    """Return `value` with the placeholders in all its texts replaced; unknown ones stay as they are."""
    if isinstance(value, str):
        for word, text in words.items():
            if text == 1:  # "{tokens} tokens" is "1 token" then
                value = re.sub(rf"\{{{word}\}} ({_NOUNS})s\b", r"1 \1", value)
            value = value.replace(f"{{{word}}}", str(text))
        return value
    if isinstance(value, Mapping):
        return {key: filled(inner, words) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, words) for inner in value]
    return value


def wanted_words(value: Any) -> set[str]:
    """Return the names of the placeholders in all texts of `value`."""
    return set(re.findall(r"\{(\w+)\}", json.dumps(value)))


def _title(step: Step, payload: Mapping[str, Any]) -> str:
    texts = [value for value in payload.values() if isinstance(value, str) and value]
    return str(texts[0] if texts else step.get("kind", ""))[:MAX_TITLE]


def mistakes(steps: Any) -> list[str]:
    """Return a sentence for each thing that is wrong with `steps`, and with the steps of sequences in them."""
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        return ["This must be a list of effects."]
    sentences = []
    for number, step in enumerate(steps, 1):
        kind = str(step.get("kind", ""))
        payload = payloads.get(kind)
        if payload is None:
            sentences.append(f"Effect {number}: there is none called “{kind}”. There are {', '.join(payloads)}.")
            continue
        sentences += [f"Effect {number}, {kind}: {mistake}" for mistake in _of_step(kind, payload, step)]
    return sentences


def _of_step(kind: str, payload: type[Payload], step: Step) -> list[str]:
    try:
        payload.model_validate(_fields(step))
    except PayloadError as error:
        return _reasons(error)
    if kind != SEQUENCE:
        return []
    if len(step["effects"]) > MAX_SEQUENCE:
        return [f"there are more than {MAX_SEQUENCE} effects in it"]
    return mistakes(step["effects"])


def _fields(step: Step) -> dict[str, Any]:
    return {key: value for key, value in step.items() if key != "kind"}


def _reasons(error: PayloadError) -> list[str]:
    return [f"{'.'.join(map(str, detail['loc'])) or 'it'}: {detail['msg']}" for detail in error.errors()]


def check(steps: Any) -> None:
    """Raise Django's ValidationError with every mistake in `steps`."""
    sentences = mistakes(steps)
    if sentences:
        raise ValidationError(sentences)

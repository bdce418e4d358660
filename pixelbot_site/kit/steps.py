"""Effects as values: tips, raids, levels, prizes and redeems all name the effects that they have in the same way.

What a kind of effect does is in `effects/library/`, which fills `payloads` and `cards`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any, TypeVar

from django.core.exceptions import ValidationError
from pydantic import BaseModel, ConfigDict, WithJsonSchema
from pydantic import ValidationError as PayloadError

from pixelbot_site.kit.clean import clean_text
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.hooks import Hook
from pixelbot_site.kit.payload_fields import EFFECT_FORMAT, Path, PayloadField, fields_of, lists_in
from pixelbot_site.kit.registry import Registry
from pixelbot_site.kit.words import Values, fill_all

MAX_TITLE = 200
# Characters of a spoken text; what is spoken of it (TTS_MAX_CHARS) can't be set to be longer.
MAX_TEXT = 1000
# The kind whose steps happen one after another, in its payload's `effects`; and the pause between two of them.
SEQUENCE = "run_effects"
WAIT = "wait"
# The kind in whose place the steps of a saved sequence happen, by its payload's `name`.
SAVED = "saved"
# How many effects the saved sequences that a list names may hold, with those that they name themselves.
MAX_SAVED = 200
# How many steps a list inside an effect may hold, and how deep lists may lie in each other. The column's is the first.
MAX_SEQUENCE = 20
MAX_DEPTH = 5
NO_TEXT = "a null character, or half of a character, which can't be stored."

# An effect as it is stored in a column: `kind`, and beside it the keys of its payload.
Step = Mapping[str, Any]
# The same as an item of a payload's field: `list[StepItem]` is a list of effects inside an effect.
StepItem = Annotated[dict[str, Any], WithJsonSchema({"type": "object", "format": EFFECT_FORMAT})]


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
    """The arguments of a kind of effect. The dashboard's form is made from its fields (`payload_fields`).

    A field's `description` is the help below it. Of its `json_schema_extra`, `from` names what it offers, such as
    "sound", `unit` stands beside a number, and a field that is `hidden` is not the streamer's: the bot fills it in.
    """

    # Built when first used: forty models would take a thirtieth of a start.
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, defer_build=True)


class Group(Enum):
    """The groups of the menu of kinds, in their order. The value is the heading."""

    SCREEN = "Screen"
    SOUND = "Sound"
    VOICE = "Voice"
    CHAT = "Chat"
    REWARD = "Reward"
    OBS = "OBS"
    OUTSIDE = "Outside"
    SEVERAL = "Several effects"


@dataclass(frozen=True, slots=True)
class Card:
    """What the dashboard calls a kind: its title in words, and in a sentence what it does. `group` is its menu's."""

    group: Group
    title: str
    does: str


# The payload model and the card of every kind, by the kind's name.
payloads: Registry[type[Payload]] = Registry("payload")
cards: Registry[Card] = Registry("card")
P = TypeVar("P", bound=Payload)


def parse(model: type[P], payload: Mapping[str, Any]) -> P:
    """Return `payload` as an instance of `model`. Raise Failed, naming each field that does not fit."""
    try:
        return model.model_validate(payload)
    except PayloadError as error:
        reasons = (_reason(model, detail) for detail in error.errors())
        raise Failed(f"the effect's fields do not fit: {'; '.join(reasons)}") from error


saved_steps = Hook[[str], Sequence[Step] | None](
    "saved_steps",
    __name__,
    "Return the steps of the saved sequence of that name; None where there is none.",
)


def unfolded(steps: Sequence[Step]) -> list[Step]:
    """Return the steps with saved sequences in place of what names them.

    What names one that does not exist, contains itself, or holds more than MAX_SAVED effects stays as it is.
    """
    return _unfolded(steps, frozenset(), [MAX_SAVED])


def _unfolded(steps: Iterable[Step], inside: frozenset[str], room: list[int]) -> list[Step]:
    found = []
    for step in steps:
        if step.get("kind") == SAVED:
            found.append(_of_saved(step, inside, room))
        elif branches(step):
            whole = copy.deepcopy(dict(step))
            for branch in branches(whole):
                branch[:] = _unfolded(branch, inside, room)
            found.append(whole)
        else:
            found.append(step)
    return found


def _of_saved(step: Step, inside: frozenset[str], room: list[int]) -> Step:
    name = str(step.get("name", "")).strip().casefold()
    saved = None if name in inside else next(filter(None, saved_steps.call(name)), None)
    if saved is None or len(saved) > room[0]:
        return step
    room[0] -= len(saved)
    steps = _unfolded(saved, inside | {name}, room)
    # One that contains itself, or what there is not, does not happen in part.
    return step if any(inner.get("kind") == SAVED for inner in every_step(steps)) else _sequence(steps)


def _sequence(steps: Sequence[Step]) -> Step:
    return {"kind": SEQUENCE, "effects": list(steps)}


def flat(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield the steps, and in place of each sequence its own, so that what follows waits for every inner step."""
    for step in steps:
        if step.get("kind") == SEQUENCE:
            yield from flat(step.get("effects", []))
        else:
            yield step


def leaves(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield the steps that may happen, in their order: in place of a step that holds lists of steps, those of each."""
    for step in unfolded(list(steps)):
        yield from _leaves(step)


def _leaves(step: Step) -> Iterator[Step]:
    inner = branches(step)
    if not inner:
        yield step
    for branch in inner:
        for one in branch:
            yield from _leaves(one)


def every_step(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield the steps, and after each that holds lists of steps the steps in these, at every depth.

    Those of saved sequences are not among them.
    """
    for step in steps:
        yield step
        for branch in branches(step):
            yield from every_step(branch)


def branches(step: Step) -> list[list[Step]]:
    """Return the lists of steps inside a step, blank ones too; none for an effect that happens itself.

    All of a sequence's happen. Of any other kind's lists, one does.
    """
    if step.get("kind") == SEQUENCE:
        return [step.get("effects", [])]
    payload = payloads.get(str(step.get("kind")))
    return [] if payload is None else list(_lists(fields_of(payload), step))


def _lists(fields: Iterable[PayloadField], values: Mapping[str, Any]) -> Iterator[list[Step]]:
    for spec in fields:
        value = values.get(spec.name)
        if spec.input == "effects":
            yield value or []
        elif spec.input == "object":
            yield from _lists(spec.fields, value or {})
        elif spec.input == "objects":
            for row in value or []:
                yield from _lists(spec.fields, row)


def pruned(steps: Iterable[Step], keep: Callable[[Step], bool]) -> list[Step]:
    """Return the steps without those effects that are not to be kept, at every depth, and without emptied sequences."""
    left = []
    for step in steps:
        if not branches(step):
            if keep(step):
                left.append(step)
            continue
        less = copy.deepcopy(dict(step))
        for branch in branches(less):
            branch[:] = pruned(branch, keep)
        # Of several lists an emptied one stays: where it is the one, nothing happens.
        if any(branches(less)):
            left.append(less)
    return left


def planned(steps: Sequence[Step], values: Values | None) -> Iterator[Effect]:
    """Yield the effects that `steps` name, with the words in them filled in; None: they were already.

    Steps of which one is a pause are one effect, their sequence: each has to wait for the one before it.
    """
    effects = each_planned(steps, values)
    if any(effect.kind == WAIT for effect in effects) and len(effects) > 1:
        title = next((effect.title for effect in effects if effect.kind != WAIT), "")
        yield Effect(SEQUENCE, {"effects": [effect.step for effect in effects]}, title)
    else:
        yield from effects


def each_planned(steps: Sequence[Step], values: Values | None) -> list[Effect]:
    """Return an effect for each step, as `planned` does, but never one for all of them."""
    return [_planned(step, values, whole) for step, whole in zip(steps, unfolded(steps), strict=True)]


def _planned(step: Step, values: Values | None, whole: Step) -> Effect:
    fields = _fields(whole)
    payload = fields if values is None else fill_all(fields, values)
    # Of a saved sequence, its name.
    title = _title(step, _fields(step) if step.get("kind") == SAVED else payload)
    return Effect(str(whole.get("kind", "")), payload, title)


def _title(step: Step, payload: Mapping[str, Any]) -> str:
    card = cards.get(str(step.get("kind")))
    if card is not None and step.get("kind") != SEQUENCE and branches(step):
        return card.title  # its own texts say how one is chosen, and not what happens
    # An address can be a secret, and whoever may steer the queue reads titles.
    model = payloads.get(str(step.get("kind")))
    names = list(payload) if model is None else [name for name in model.model_fields if name in payload]
    texts = [value for key in names if isinstance(value := payload[key], str) and value and key != "url"]
    return str(texts[0] if texts else step.get("kind", ""))[:MAX_TITLE]


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong in a list of steps: the path to it, a sentence that names the place, and one that does not."""

    path: Path
    sentence: str
    message: str


def mistakes(steps: Any, *, is_unfolded: bool = False) -> list[str]:
    """Return a sentence for each thing that is wrong with `steps`, and with the lists of steps inside them.

    `is_unfolded`: saved sequences are among them, so that lists may lie deeper in each other than one can write them.
    """
    return [mistake.sentence for mistake in find_mistakes(steps, depth=1 - MAX_SAVED if is_unfolded else 1)]


def find_mistakes(steps: Any, path: Path = (), depth: int = 1) -> Iterator[Mistake]:
    """Yield each thing that is wrong with `steps`, and with the lists of steps inside them."""
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        yield _mistake(path, "This must be a list of effects.")
        return
    if depth > MAX_DEPTH:
        yield _mistake(path, f"Effects can lie in each other at most {MAX_DEPTH} deep.")
        return
    for number, step in enumerate(steps):
        kind, place = str(step.get("kind", "")), (*path, number)
        if depth == 1 and not can_be_stored(step):
            yield Mistake(place, f"Effect {number + 1}: in it is {NO_TEXT}", f"In it is {NO_TEXT}")
            continue
        payload = payloads.get(kind)
        if payload is None:
            there_is_none = f"there is none called “{kind}”. There are {', '.join(payloads)}."
            yield Mistake(place, f"Effect {number + 1}: {there_is_none}", f"There is no effect called “{kind}”.")
            continue
        for mistake in _of_step(payload, step, place, depth):
            yield Mistake(mistake.path, f"Effect {number + 1}, {kind}: {mistake.sentence}", mistake.message)


def can_be_stored(value: Any) -> bool:
    """Return whether each text in `value` has no null character, and no half of a character."""
    left = [value]
    while left:
        found = left.pop()
        if isinstance(found, str) and clean_text(found, len(found)) != found:
            return False
        if isinstance(found, dict):
            left += [*found.keys(), *found.values()]
        elif isinstance(found, list):
            left += found
    return True


def _of_step(payload: type[Payload], step: Step, place: Path, depth: int) -> Iterator[Mistake]:
    try:
        payload.model_validate(_fields(step))
    except PayloadError as error:
        for detail in error.errors():
            yield Mistake((*place, *detail["loc"]), _reason(payload, detail), f"{_message(payload, detail)}.")
        return
    for path, steps in lists_in(fields_of(payload), step):
        # A list that is a field of the effect itself needs no name; one in a list of objects does: "choices 2".
        where = f"{path[0]} {int(path[1]) + 1}: " if len(path) > 2 and isinstance(path[1], int) else ""
        if len(steps) > MAX_SEQUENCE:
            sentence = f"there are more than {MAX_SEQUENCE} effects in it"
            yield Mistake((*place, *path), f"{where}{sentence}", f"There are more than {MAX_SEQUENCE} effects in it.")
            continue
        for mistake in find_mistakes(steps, (*place, *path), depth + 1):
            yield Mistake(mistake.path, f"{where}{mistake.sentence}", mistake.message)


def _mistake(path: Path, sentence: str) -> Mistake:
    return Mistake(path, sentence, sentence)


def _fields(step: Step) -> dict[str, Any]:
    return {key: value for key, value in step.items() if key != "kind"}


def _reason(payload: type[Payload], detail: Mapping[str, Any]) -> str:
    return f"{'.'.join(map(str, detail['loc'])) or 'it'}: {_message(payload, detail)}"


def _message(payload: type[Payload], detail: Mapping[str, Any]) -> str:
    field = payload.model_fields.get(str(detail["loc"][0])) if len(detail["loc"]) == 1 else None
    if detail["type"] == "string_pattern_mismatch" and field is not None and field.description:
        return f"This is not written as it should be. {field.description}".rstrip(".")  # a pattern tells nobody how
    return str(detail["msg"])


def check(steps: Any) -> None:
    """Raise Django's ValidationError with every mistake in `steps`."""
    sentences = mistakes(steps)
    if sentences:
        raise ValidationError(sentences)

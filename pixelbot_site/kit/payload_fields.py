"""What the dashboard shows of a payload's fields: read from the JSON schema of its model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel

# The format by which a schema marks an effect: a field that is a list of these is edited as cards inside the card.
EFFECT_FORMAT = "effect"
# The format by which a schema marks a text that is a colour, which is picked.
COLOUR_FORMAT = "colour"
# Bounds beyond this are left out of the words beside a field.
LARGE = 1_000_000

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class PayloadField:
    """A field as the dashboard's form shows it.

    `input` names its control. `effects` is a list of effects; `objects` a list of objects with the same `fields`, and
    `object` one of them; one that is `hidden` has no control; what fits none of the others is typed as JSON. `source`:
    which known names it offers.
    """

    name: str
    label: str
    help: str
    input: Literal["text", "colour", "number", "yes_no", "choice", "effects", "object", "objects", "json", "hidden"]
    required: bool
    default: Any = None
    # What the words beside a number say of its unit and bounds.
    hint: str = ""
    source: str = ""
    whole: bool = False
    least: float | None = None
    most: float | None = None
    longest: int | None = None
    choices: tuple[Any, ...] = ()
    item: str = ""
    fields: tuple[PayloadField, ...] = ()


@cache
def fields_of(payload: type[BaseModel]) -> tuple[PayloadField, ...]:
    """Return the fields of a payload, in the order in which its model declares them."""
    schema = payload.model_json_schema()
    return _fields(schema, schema.get("$defs", {}), ())


def described(payload: type[BaseModel]) -> list[dict[str, Any]]:
    """Return the fields as the scripts that show them get them: JSON values, without those that say nothing."""
    return [asdict(field, dict_factory=_filled) for field in fields_of(payload)]


def _filled(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return {key: value for key, value in pairs if value not in (None, "", ())}


def lists_in(
    fields: tuple[PayloadField, ...], values: Mapping[str, Any], path: Path = ()
) -> Iterator[tuple[Path, Any]]:
    """Yield (path, list) for each list of effects among `values`, and in the objects among them; inside these, none."""
    for field in fields:
        value, place = values.get(field.name), (*path, field.name)
        if field.input == "effects" and isinstance(value, list):
            yield place, value
        elif field.input == "object" and isinstance(value, Mapping):
            yield from lists_in(field.fields, value, place)
        elif field.input == "objects" and isinstance(value, list):
            for number, row in enumerate(value):
                if isinstance(row, Mapping):
                    yield from lists_in(field.fields, row, (*place, number))


def _fields(schema: Mapping[str, Any], models: Mapping[str, Any], inside: tuple[str, ...]) -> tuple[PayloadField, ...]:
    required = schema.get("required", [])
    return tuple(
        _field(name, field, name in required, models, inside) for name, field in schema.get("properties", {}).items()
    )


def _field(
    name: str, declared: Mapping[str, Any], required: bool, models: Mapping[str, Any], inside: tuple[str, ...]
) -> PayloadField:
    schema, inside = _resolved(declared, models, inside)
    item, inside = _resolved(schema.get("items") or {}, models, inside)
    control: Any = "hidden" if declared.get("hidden") else _control({**schema, "format": declared.get("format")}, item)
    least, most = schema.get("minimum", schema.get("exclusiveMinimum")), schema.get("maximum")
    nested = {"object": schema, "objects": item}.get(control, {})
    return PayloadField(
        name=name,
        label=_label(name, declared),
        help=declared.get("description", ""),
        input=control,
        required=required,
        default=declared.get("default"),
        hint=_hint(least, most, declared.get("unit", "")),
        source=declared.get("from", ""),
        whole=schema.get("type") == "integer",
        least=least,
        most=schema.get("maxItems", most),
        longest=schema.get("maxLength"),
        choices=tuple(schema.get("enum", [])),
        item=item.get("title", ""),
        fields=_fields(nested, models, inside),
    )


def _resolved(
    schema: Mapping[str, Any], models: Mapping[str, Any], inside: tuple[str, ...]
) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """Return what a reference or a union with None stands for; of a model inside itself, a schema that says nothing."""
    options = [option for option in schema.get("anyOf", []) if option.get("type") != "null"]
    if len(options) == 1:
        schema = options[0]
    name = schema.get("$ref", "").removeprefix("#/$defs/")
    if not name:
        return schema, inside
    return ({}, inside) if name in inside else (models[name], (*inside, name))


def _control(schema: Mapping[str, Any], item: Mapping[str, Any]) -> Any:
    if "enum" in schema:
        return "choice"
    if schema.get("type") == "array":
        return "effects" if item.get("format") == EFFECT_FORMAT else "objects" if "properties" in item else "json"
    if "properties" in schema:
        return "object"
    if schema.get("format") == COLOUR_FORMAT:
        return "colour"
    plain = {"string": "text", "integer": "number", "number": "number", "boolean": "yes_no"}
    return plain.get(str(schema.get("type")), "json")


def _label(name: str, schema: Mapping[str, Any]) -> str:
    words = name.replace("_", " ").capitalize()
    title = str(schema.get("title", words))
    # Pydantic's own title is the name with each word in capitals.
    return words if title.casefold() == words.casefold() and title.istitle() else title


def _hint(least: float | None, most: float | None, unit: str) -> str:
    if most is not None and most >= LARGE:
        most = None
    bounds = ""
    if least is not None and most is not None:
        bounds = f"{least:g} to {most:g}"
    elif least is not None:
        bounds = f"at least {least:g}"
    elif most is not None:
        bounds = f"at most {most:g}"
    return f"{bounds} {unit}".strip()

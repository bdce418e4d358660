"""Steps: sequences taken apart, payloads read, and what is said where they do not fit."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import Field

from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.steps import MAX_SEQUENCE, Effect, Payload, leaves, mistakes, parse


class Lamp(Payload):
    colour: str = Field(min_length=1)
    seconds: float = Field(5, le=60)


def sequence(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "run_effects", "effects": list(steps)}


A, B, C, D = ({"kind": "chat_line", "text": letter} for letter in "abcd")


@pytest.mark.parametrize(
    ("steps", "flat"),
    [
        ([], []),
        ([A, B], [A, B]),
        ([A, sequence(B, C), D], [A, B, C, D]),
        ([sequence(sequence(A, B), C), D], [A, B, C, D]),
        ([sequence(), A], [A]),
        ([{"kind": "run_effects"}, A], [A]),
        ([{"kind": "nosuch", "effects": [A]}], [{"kind": "nosuch", "effects": [A]}]),
    ],
)
def test_leaves_are_the_steps_in_the_order_in_which_they_happen(
    steps: list[dict[str, Any]], flat: list[dict[str, Any]]
) -> None:
    assert list(leaves(steps)) == flat


def test_an_effect_as_a_step_and_its_leaves() -> None:
    effect = Effect("run_effects", {"effects": [A, sequence(B)]}, "several")
    assert effect.step == sequence(A, sequence(B))
    assert list(leaves([effect.step])) == [A, B]


def test_a_payload_is_read_with_its_defaults() -> None:
    assert parse(Lamp, {"colour": " red "}) == Lamp(colour="red", seconds=5)


def test_a_payload_that_does_not_fit_fails_with_every_field_named() -> None:
    with pytest.raises(Failed) as error:
        parse(Lamp, {"seconds": 61, "hue": 1})
    assert str(error.value) == (
        "the effect's fields do not fit: colour: Field required; seconds: Input should be less than or equal to 60; "
        "hue: Extra inputs are not permitted"
    )


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        ([A, sequence(B)], ""),
        ([sequence(A, sequence({"kind": "chat_line"}))], "Effect 1, run_effects: Effect 2, run_effects: Effect 1, chat_line: text: Field required"),
        ([A, sequence({"kind": "nosuch"})], "Effect 2, run_effects: Effect 1: there is none called “nosuch”."),
        ([sequence()], "Effect 1, run_effects: effects: List should have at least 1 item"),
        ([sequence(*[A] * MAX_SEQUENCE)], ""),
        ([sequence(*[A] * (MAX_SEQUENCE + 1))], "Effect 1, run_effects: there are more than 20 effects in it"),
        ("nonsense", "This must be a list of effects."),
    ],
)  # fmt: skip
def test_mistakes_inside_sequences_are_found_too(steps: Any, found: str) -> None:
    sentences = mistakes(steps)
    assert [sentence[: len(found)] for sentence in sentences] == ([found] if found else [])

"""What the dashboard shows of a payload's fields, and the mistakes in lists of effects inside them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import Field

from effects.registry import Payload, kinds
from pixelbot_site.kit import steps
from pixelbot_site.kit.payload_fields import PayloadField, fields_of
from pixelbot_site.kit.steps import MAX_DEPTH, MAX_SEQUENCE, find_mistakes
from tests.effects.editing import ALERT, PICK, posted, register_pick, sequence


@pytest.fixture
def pick(monkeypatch: pytest.MonkeyPatch) -> str:
    """A kind with a list of objects that hold effects."""
    return register_pick(monkeypatch)


def field(kind: str, *names: str) -> PayloadField:
    payload = steps.payloads.get(kind)
    assert payload is not None
    fields = fields_of(payload)
    for name in names:
        found = next(field for field in fields if field.name == name)
        fields = found.fields
    return found


@pytest.mark.parametrize("kind", list(kinds))
def test_every_field_has_a_control_and_a_sentence_of_help(kind: str) -> None:
    for found in fields_of(steps.payloads.get(kind) or Payload):
        assert found.help.endswith("."), found
        assert found.input != "json", found


def test_a_control_is_made_from_the_schema() -> None:
    seconds = field("alert", "seconds")
    assert (seconds.input, seconds.least, seconds.most, seconds.hint) == ("number", 1, 60, "1 to 60 seconds")
    assert (seconds.whole, seconds.default, seconds.required) == (False, 5, False)
    assert field("grant_points", "points").hint == "at least 1"
    rate = field("speak", "rate")
    assert (rate.input, rate.whole, rate.hint, rate.default) == ("number", True, "50 to 500 words a minute", None)
    text = field("alert", "text")
    assert (text.input, text.label, text.longest, text.required) == ("text", "Text", 500, True)
    assert field("grant_xp", "xp").label == "XP"
    assert field("play_sound", "sound").source == "sound"
    assert field("obs_mute", "muted").input == "yes_no"
    assert field("obs_record", "action").choices == ("start", "stop")
    assert field("run_effects", "effects").input == "effects"


def test_lists_of_objects_objects_and_what_fits_no_control(pick: str) -> None:
    choices = field("pick", "choices")
    assert (choices.input, choices.item, choices.most) == ("objects", "Choice", 10)
    assert [inner.input for inner in choices.fields] == ["number", "effects"]
    assert field("pick", "choices", "weight").hint == "1 to 100 parts"
    assert field("pick", "rule").input == "object"
    assert field("pick", "rule", "word").choices == ("follower", "subscriber")
    assert field("pick", "table").input == "json"


def test_a_model_inside_itself_ends_as_json() -> None:
    class Tree(Payload):
        leaf: str = ""
        branches: list[Tree] = Field(default_factory=list)

    class Wood(Payload):
        tree: Tree

    Tree.model_rebuild(_types_namespace={"Tree": Tree})
    (tree,) = fields_of(Wood)
    assert [inner.input for inner in tree.fields] == ["text", "json"]


def test_effects_lie_in_each_other_only_so_deep() -> None:
    step: dict[str, Any] = ALERT
    for _ in range(MAX_DEPTH - 1):
        step = sequence(step)
    assert posted([step]).is_valid()
    form = posted([sequence(step)])
    assert f"Effects can lie in each other at most {MAX_DEPTH} deep." in str(form.errors["effects"])


def test_lists_in_objects_are_counted_too(pick: str) -> None:
    many = [{**PICK, "choices": [{"effects": [ALERT] * (MAX_SEQUENCE + 1)}, {"effects": [ALERT]}]}]
    (mistake,) = find_mistakes(many)
    assert mistake.path == (0, "choices", 0, "effects")
    assert mistake.sentence == "Effect 1, pick: choices 1: there are more than 20 effects in it"

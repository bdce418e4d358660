"""A kind of effect with lists of effects in objects, and a form, for the tests of the editor."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest
from django import forms
from pydantic import Field

from effects.registry import INSTANT, Card, Group, Payload, StepItem, effect, kinds
from pixelbot_site.kit import steps
from pixelbot_site.kit.steps_field import EffectsFormField

HOSTILE = "</textarea></script><script>alert(1)</script><img src=x onerror=alert(1)> & “{user}”"
ALERT = {"kind": "alert", "text": "hi"}
# What each `pick` needs besides its choices.
PICK = {"kind": "pick", "start": {"loud": False}}


class Choice(Payload):
    """One of the effects of `Pick`, as kinds that choose will have them."""

    weight: int = Field(1, ge=1, le=100, description="How likely it is.", json_schema_extra={"unit": "parts"})
    effects: list[StepItem] = Field(min_length=1, description="What happens then.")


class Rule(Payload):
    """When a pick is made."""

    least: int = Field(0, ge=0)
    word: Literal["follower", "subscriber"] | None = None
    loud: bool


class Pick(Payload):
    """A list of objects that hold effects, an object, and something that no control fits."""

    choices: list[Choice] = Field(min_length=2, max_length=10, description="Of these, one.")
    start: Rule = Field(description="When it begins.")
    rule: Rule | None = Field(None, description="When.")
    table: dict[str, int] = Field(default_factory=dict)


class EffectsForm(forms.Form):
    """A form with nothing but effects."""

    effects = EffectsFormField(required=False)


def register_pick(monkeypatch: pytest.MonkeyPatch) -> str:
    """Register the kind `pick` for this test; return its name."""
    for registry in (kinds, steps.payloads, steps.cards):
        monkeypatch.setattr(registry, "_things", dict(registry._things))

    @effect("pick", lane=INSTANT, repeatable=False, payload=Pick, card=Card(Group.SEVERAL, "Pick", "Picks one."))
    def perform(item: Any, payload: Pick) -> None:
        raise AssertionError("it is only edited")

    return "pick"


def posted(value: Any) -> EffectsForm:
    """Return the form as it comes with this list, or with this text."""
    return EffectsForm({"effects": value if isinstance(value, str) else json.dumps(value)})


def sequence(*inner: dict[str, Any]) -> dict[str, Any]:
    """Return the step that runs these."""
    return {"kind": "run_effects", "effects": list(inner)}

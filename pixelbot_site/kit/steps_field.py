"""A model field that holds a list of steps, with its form field and widget.

The widget's script is among the site's static files, in `effects_editor/`; it fetches the names of OBS's scenes and
sources from the dashboard's page of the OBS connection.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.forms.fields import InvalidJSONInput
from django.forms.widgets import Media, Script
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString

from pixelbot_site.kit.payload_fields import described
from pixelbot_site.kit.steps import (
    MAX_DEPTH,
    MAX_SEQUENCE,
    Group,
    Step,
    can_be_stored,
    cards,
    check,
    every_step,
    find_mistakes,
    payloads,
)
from pixelbot_site.kit.voice_fields import VoiceSelect

# The hidden field of payloads that keep something between two times, such as whose turn it is: the name it is kept by.
COUNTER = "counter"
WITHOUT_SCRIPTS = (
    'This is a list, written as JSON, such as [{"kind": "alert", "text": "Hello!"}]. '
    "The kinds and their fields are listed in docs/reference.md. With scripts, it is edited as cards."
)


class EffectsWidget(forms.Textarea):
    """A text field with the list as JSON, which a script replaces by a card for each effect."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        """Return the text field, followed by what the script needs: the kinds, and what is wrong in the list."""
        found = {"id": f"id_{name}", **(attrs or {})}
        area = super().render(name, value, {**found, "data-effects": "1", "rows": 4}, renderer)
        return format_html(
            '<div class="effects-field">{}<p class="tip">{}</p>{}{}</div>',
            area,
            WITHOUT_SCRIPTS,
            json_script(editor(), f"{found['id']}-kinds"),
            json_script(_mistakes(value), f"{found['id']}-mistakes"),
        )

    @property
    def media(self) -> Media:
        """Return the script, which is a module, and its style sheet."""
        script = Script("pixelbot_site/effects_editor/main.js", type="module")
        # The stubs know of addresses alone.
        return VoiceSelect().media + Media(js=[script], css={"all": ["pixelbot_site/effects_editor/editor.css"]})  # type: ignore[list-item]


def in_words(steps: Iterable[Step]) -> str:
    """Return what the dashboard calls the effects of a column, for a list: their titles with commas between them."""
    named = [(str(step.get("kind")), cards.get(str(step.get("kind")))) for step in steps]
    return ", ".join(card.title if card else kind for kind, card in named) or "nothing"


def editor() -> dict[str, Any]:
    """Return what the editor's script is made from: the menu of kinds by their groups, each kind's card, and limits."""
    ordered = sorted(cards.items(), key=lambda item: item[1].title)
    groups = [
        {"label": group.value, "kinds": [name for name, card in ordered if card.group is group]} for group in Group
    ]
    return {
        "groups": [group for group in groups if group["kinds"]],
        "kinds": {name: {"title": card.title, "does": card.does, "fields": _fields(name)} for name, card in ordered},
        "limits": {"list": MAX_SEQUENCE, "depth": MAX_DEPTH},
    }


def _fields(kind: str) -> list[dict[str, Any]]:
    payload = payloads.get(kind)
    return [] if payload is None else described(payload)


def _mistakes(value: Any) -> list[dict[str, Any]]:
    try:
        steps = json.loads(value or "[]")
    except (TypeError, ValueError, RecursionError):
        return []  # the form says so
    return [{"path": mistake.path, "message": mistake.message} for mistake in find_mistakes(steps)]


class EffectsFormField(forms.JSONField):
    """A JSON field that validates each effect against its payload."""

    widget = EffectsWidget

    def to_python(self, value: Any) -> Any:
        """Return the list. Refuse brackets that lie in each other too deep to be read."""
        try:
            return super().to_python(value)
        except RecursionError:
            raise ValidationError("This must be a list of effects.") from None

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Return what was posted; what can't be read, as it was typed."""
        try:
            found = super().bound_data(data, initial)
        except RecursionError:
            return InvalidJSONInput(data)
        return found if can_be_stored(found) else InvalidJSONInput(data)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Return whether the list was changed; what can't be read was."""
        try:
            return super().has_changed(initial, data)
        except RecursionError:
            return True

    def validate(self, value: Any) -> None:
        """Validate the kinds and their payloads, besides what every field validates."""
        super().validate(value)
        check([] if value is None else value)

    def clean(self, value: Any) -> Any:
        """Return the list; an empty field gives an empty list."""
        return super().clean(value) or []


def _name_counters(steps: list[Any]) -> None:
    taken: set[str] = set()
    for step in every_step(steps):
        payload = payloads.get(str(step.get("kind")))
        if payload is not None and COUNTER in payload.model_fields:
            # A copy of a card has the counter of the card that it was copied from.
            if step.get(COUNTER) in {None, "", *taken}:
                step[COUNTER] = uuid4().hex  # type: ignore[index]
            taken.add(step[COUNTER])


class EffectsField(models.JSONField):
    """A list of effects that happen one after the other: `[{"kind": "speak", "text": "hello"}, …]`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"default": list, "blank": True, **kwargs})

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Return the list, with a counter for each step that has one, which no other of the list has."""
        value = super().pre_save(model_instance, add)
        if isinstance(value, list):
            value = copy.deepcopy(value)
            _name_counters(value)
            setattr(model_instance, self.attname, value)
        return value

    def formfield(self, **kwargs: Any) -> Any:
        """Return an EffectsFormField."""
        # The stock admin passes its plain text area for JSON fields, which would replace ours.
        kwargs.pop("widget", None)
        return super().formfield(**{"form_class": EffectsFormField, **kwargs})

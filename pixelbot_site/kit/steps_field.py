"""A model field that holds a list of steps, with its form field and widget.

The widget's script is among the site's static files; it fetches the names of OBS's scenes and sources from the
dashboard's page of the OBS connection.
"""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.db import models
from django.forms.widgets import Media
from django.utils.safestring import SafeString, mark_safe

from pixelbot_site.kit.steps import check, payloads
from pixelbot_site.kit.voice_fields import VoiceSelect


class EffectsWidget(forms.Textarea):
    """A text field with the list as JSON, which a script replaces by a form made from the kinds' payloads."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        """Return the text field, followed by the JSON schemas of all payloads for the script."""
        area = super().render(name, value, {**(attrs or {}), "data-effects": "1", "rows": 4}, renderer)
        schemas = json.dumps({kind: payload.model_json_schema() for kind, payload in payloads.items()})
        # "</script>" in a description would end the element.
        safe = schemas.replace("<", "\\u003c").replace("&", "\\u0026")
        return mark_safe(f'{area}<script type="application/json" data-kinds>{safe}</script>')

    @property
    def media(self) -> Media:
        """Return the script and its style sheet."""
        return VoiceSelect().media + Media(
            js=["pixelbot_site/effects_field.js"], css={"all": ["pixelbot_site/effects_field.css"]}
        )


class EffectsFormField(forms.JSONField):
    """A JSON field that validates each effect against its payload."""

    widget = EffectsWidget

    def validate(self, value: Any) -> None:
        """Validate the kinds and their payloads, besides what every field validates."""
        super().validate(value)
        check(value or [])

    def clean(self, value: Any) -> Any:
        """Return the list; an empty field gives an empty list."""
        return super().clean(value) or []


class EffectsField(models.JSONField):
    """A list of effects that happen one after the other: `[{"kind": "speak", "text": "hello"}, …]`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"default": list, "blank": True, **kwargs})

    def formfield(self, **kwargs: Any) -> Any:
        """Return an EffectsFormField."""
        # The stock admin passes its plain text area for JSON fields, which would replace ours.
        kwargs.pop("widget", None)
        return super().formfield(**{"form_class": EffectsFormField, **kwargs})

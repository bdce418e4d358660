"""The column that holds a list of steps, with its form field.

Python knows the kinds by `steps.payloads` alone. The form's script, which is the site's, asks the page of the
OBS connection in the dashboard for the names to choose from.
"""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.db import models
from django.forms.widgets import Media
from django.utils.safestring import SafeString, mark_safe

from pixelbot_site.kit.steps import check, payloads


class EffectsWidget(forms.Textarea):
    """The list as JSON in a text field, which a script replaces by a form made of the kinds' payloads."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        """The text field, and beside it what the kinds take."""
        area = super().render(name, value, {**(attrs or {}), "data-effects": "1", "rows": 4}, renderer)
        schemas = json.dumps({kind: payload.model_json_schema() for kind, payload in payloads.items()})
        safe = schemas.replace("<", "\\u003c").replace("&", "\\u0026")
        return mark_safe(f'{area}<script type="application/json" data-kinds>{safe}</script>')

    @property
    def media(self) -> Media:
        """The script and its style."""
        return Media(js=["pixelbot_site/effects_field.js"], css={"all": ["pixelbot_site/effects_field.css"]})


class EffectsFormField(forms.JSONField):
    """Says of each effect what is wrong with it."""

    widget = EffectsWidget

    def validate(self, value: Any) -> None:
        """Beside what any field looks at, the kinds and their payloads."""
        super().validate(value)
        check(value or [])

    def clean(self, value: Any) -> Any:
        """An empty field is an empty list."""
        return super().clean(value) or []


class EffectsField(models.JSONField):
    """A list of effects that shall happen, one after the other: `[{"kind": "speak", "text": "hello"}, …]`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"default": list, "blank": True, **kwargs})

    def formfield(self, **kwargs: Any) -> Any:
        """The form field above."""
        # The stock admin would put its plain text field here.
        kwargs.pop("widget", None)
        return super().formfield(**{"form_class": EffectsFormField, **kwargs})

"""The widgets of forms in which one or some of the installed voices are chosen, and heard."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.widgets import Media
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from pixelbot_site.kit.voices import installed


class _Chosen:
    """What both widgets have: the voices as they are when the page is made, and buttons that play them."""

    template: str
    media = Media(js=["pixelbot_site/voices.js"], css={"all": ["pixelbot_site/voices.css"]})

    def _drawn(self, chosen: list[str], context: dict[str, Any]) -> SafeString:
        voices = installed()
        context = {**context, "voices": voices, "options": list(voices.options(chosen)), "chosen": chosen}
        missing = [text for text in chosen if voices.lacks(text)]
        return render_to_string(f"admin/voices/{self.template}.html", {**context, "missing": missing})


class VoiceSelect(_Chosen, forms.Select):
    """A list of the installed voices. A stored voice that is not installed stays chosen, and is marked so."""

    template = "select"

    def __init__(
        self, attrs: dict[str, Any] | None = None, *, none: str = "As in the settings", plays: bool = True
    ) -> None:
        """`none`: what no voice means here; `plays`: whether a button beside it plays the voice."""
        super().__init__(attrs)
        self.none, self.plays = none, plays

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        """Return the list, with a link to where voices are heard; the script makes a button of it."""
        attrs = self.build_attrs(self.attrs, {**(attrs or {}), "name": name})
        attrs.pop("maxlength", None)  # of the text field that it stands for
        return self._drawn([str(value)] if value else [], {"attrs": attrs, "none": self.none, "plays": self.plays})


class VoiceChecks(_Chosen, forms.CheckboxSelectMultiple):
    """Boxes of the installed voices, for a value of several that are separated by commas."""

    template = "checks"

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        """Return the boxes: those that are ticked come first, in their order."""
        chosen = [text.strip() for text in str(value or "").split(",") if text.strip()]
        return self._drawn(chosen, {"name": name, "label": self.attrs.get("aria-label", "")})

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str:
        """Return what was ticked, separated by commas."""
        return ",".join(data.getlist(name))

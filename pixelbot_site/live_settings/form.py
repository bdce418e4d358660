"""The form of the settings, made of their declarations."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms

from pixelbot_site.kit.settings_table import Section, Setting, declared, label, raw
from pixelbot_site.kit.voice_fields import VoiceChecks, VoiceSelect
from pixelbot_site.live_settings import store
from pixelbot_site.settings_table import SECTIONS

_NAME = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
RESET = "reset"


class SettingField(forms.CharField):
    """A field that takes what `.env` takes, and refuses what `.env` refuses."""

    def __init__(self, setting: Setting, *, required: bool = False) -> None:
        self.setting = setting
        super().__init__(required=required, widget=_widget(setting))

    def clean(self, value: Any) -> Any:
        """Return the setting's value. Raise ValidationError saying what is allowed."""
        text = raw(value) if isinstance(value, bool) else str(value or "").strip()
        if self.required and not text:
            raise forms.ValidationError("This must not be empty.")
        try:
            return store.parse(self.setting, text)
        except ValueError as error:
            raise forms.ValidationError(f"This must be {error}.") from error

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Return whether what was typed differs from what the page showed."""
        shown, typed = (
            raw(value) if isinstance(value, bool) else str(value or "").strip() for value in (initial, data)
        )
        if isinstance(self.setting.default, bool):  # a box that is not ticked sends nothing
            return (shown or "false").lower() != (typed or "false").lower()
        return shown != typed


@dataclass(frozen=True, slots=True)
class Row:
    """A setting as the page shows it."""

    name: str
    label: str
    help: str
    unit: str
    default: str
    is_from_env: bool
    is_own: bool
    bound: forms.BoundField


class SettingsForm(forms.Form):
    """The settings that are named, of those that the dashboard may change.

    A value that somebody else changed while the page was open is kept, unless it was changed on this page as well.
    """

    def __init__(self, *args: Any, names: Collection[str], required: Collection[str] = (), **words: Any) -> None:
        """Make a field for each of `names`. Those that are `required` can't be left empty."""
        super().__init__(*args, **words)
        self._names = frozenset(names)
        for name in self._names:
            setting = store.DECLARED[name]
            field = self.fields[name] = SettingField(setting, required=name in required)
            field.label = label(name, setting)
            field.initial = "" if setting.is_secret else _shown(store.current(name))
            field.show_hidden_initial = True

    def clean(self) -> dict[str, Any]:
        """Return the values. Add the contradictions between them to the fields."""
        to_reset = self._to_reset()
        values = {name: store.default(name) if name in to_reset else self._value(name) for name in store.DECLARED}
        if not self.errors:
            for section in SECTIONS:
                self._refuse_contradictions(section, values)
        return values

    def changed_values(self) -> dict[str, Any]:
        """Return the values that differ from what the page showed, by name. Those to be reset are the defaults."""
        changed = {name: self.cleaned_data[name] for name in self.changed_data}
        return changed | {name: store.default(name) for name in self._to_reset()}

    def groups(self) -> Iterator[tuple[str, list[Row]]]:
        """Yield the title and the rows of each section that has any."""
        for section in SECTIONS:
            rows = [self._row(name, setting) for name, setting in store.live(section).items() if name in self._names]
            if rows:
                yield section.title, rows

    def _value(self, name: str) -> Any:
        # What was not changed here is as it is now: somebody may have changed it since.
        return self.cleaned_data.get(name) if name in self.changed_data else store.current(name)

    def _to_reset(self) -> set[str]:
        return set(self.data.getlist(RESET)) & self._names if self.is_bound else set()  # type: ignore[attr-defined]

    def _refuse_contradictions(self, section: type[Section], values: Mapping[str, Any]) -> None:
        names = declared(section)
        everything = {name: values[name] if name in values else store.default(name) for name in names}
        for mistake in section.of(everything).mistakes():
            for name in mistake.name.split(", "):
                if name in self.fields:
                    self.add_error(name, f"This must be {_with_labels(mistake.allowed)}.")

    def _row(self, name: str, setting: Setting) -> Row:
        default = store.default(name)
        return Row(
            name=name,
            label=label(name, setting),
            help=_with_labels(setting.sentence),
            unit=setting.unit,
            default=_default_text(default, setting),
            is_from_env=default != setting.default,
            is_own=store.current(name) != default,
            bound=self[name],
        )


def _default_text(value: Any, setting: Setting) -> str:
    if setting.is_secret:
        return "set" if value else "empty"
    if isinstance(value, bool):
        return "on" if value else "off"
    text = f"{value:g}" if isinstance(value, float) else ", ".join(raw(value).split(","))
    return text or "empty"


def _shown(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:g}"
    return value if isinstance(value, bool) else raw(value)


def _with_labels(sentence: str) -> str:
    """Return a sentence of `.env.example` with the labels of the settings that it names."""

    def named(match: re.Match[str]) -> str:
        setting = store.DECLARED.get(match[0])
        return f"“{label(match[0], setting)}”" if setting else match[0]

    return _NAME.sub(named, sentence)


def _widget(setting: Setting) -> forms.Widget:
    if isinstance(setting.default, bool):
        return forms.CheckboxInput()
    if setting.is_voice and isinstance(setting.default, tuple):
        return VoiceChecks(attrs={"aria-label": setting.label})
    if setting.is_voice:
        return VoiceSelect(none="The engine's default")
    if setting.choices:
        return forms.Select(choices=[(choice, choice) for choice in setting.choices])
    if isinstance(setting.default, int | float):
        # As text, so that what the browser would refuse to send is refused by us, with a sentence.
        mode = "numeric" if isinstance(setting.default, int) else "decimal"
        return forms.TextInput(attrs={"inputmode": mode, "class": "number"})
    if setting.is_secret:
        return forms.PasswordInput(attrs={"autocomplete": "new-password"})
    return forms.TextInput()

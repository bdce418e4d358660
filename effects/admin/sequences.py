"""The page of saved sequences."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin

from effects.models import SavedSequence
from effects.obs import names
from effects.queue import sequences
from pixelbot_site.kit.admin import ModelAdmin, NamedMixin
from pixelbot_site.kit.steps import SAVED, planned
from pixelbot_site.kit.trying import Trial, TryMixin


class SequenceForm(forms.ModelForm):  # type: ignore[type-arg]
    """The name, which stays while an effect names it, and effects that do not lead back to it."""

    class Meta:
        model = SavedSequence
        fields = ("name", "effects")

    def clean_name(self) -> str:
        """Refuse the name of another."""
        name = str(self.cleaned_data["name"])
        other = sequences.named(name)
        if other is not None and other.pk != self.instance.pk:
            raise forms.ValidationError(f"“{name}” is already the name of another.")
        return name

    def clean_effects(self) -> Any:
        """Refuse a sequence that contains itself, be it through others, or that is too long."""
        effects = self.cleaned_data["effects"]
        name, before = str(self.cleaned_data.get("name", "")), str(self.initial.get("name", ""))
        if found := sequences.mistakes(name or before, effects, before=before):
            raise forms.ValidationError(found)
        return effects


@admin.register(SavedSequence)
class SavedSequenceAdmin(TryMixin, NamedMixin, ModelAdmin):
    """Saved sequences."""

    named_as = SAVED
    form = SequenceForm
    list_display = ("name", "used_by")
    search_fields = ("name",)
    readonly_fields = ("used_by",)
    fields: ClassVar = ("name", "effects", "used_by")

    def trial(self, obj: SavedSequence, username: str, words: str) -> Trial:
        """Return its effects, as they are in the form."""
        return Trial(tuple(planned([{"kind": "run_effects", "effects": obj.effects}], {"user": username})))

    @admin.display(description="used by")
    def used_by(self, sequence: SavedSequence) -> str:
        """Return the rows whose effects name it."""
        return ", ".join(names.rows_naming(SAVED, sequence.name)) or "nothing yet"

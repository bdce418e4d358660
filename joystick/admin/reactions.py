"""The page of reactions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin

from joystick import reactions
from joystick.models import Reaction
from joystick.settings_table import TipSettings
from pixelbot_site.kit.admin import ModelAdmin


class ReactionForm(forms.ModelForm):  # type: ignore[type-arg]
    """A reaction's form, which refuses what could not work."""

    class Meta:
        model = Reaction
        fields = ("trigger", "subject", "line", "effects", "enabled")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sizes = TipSettings.current()
        self.fields["trigger"].help_text = (
            f"A tip is low up to {sizes.tip_low_max} tokens, medium up to {sizes.tip_medium_max}, high up to "
            f"{sizes.tip_high_max}, extreme up to {sizes.tip_extreme_max} (.env)."
        )

    def clean(self) -> dict[str, Any]:
        """Add an error for whatever could not work, so that it shows here and not during a stream."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors:
            self.instance = forms.models.construct_instance(self, self.instance)
            for field, mistake in reactions.mistakes(self.instance):
                self.add_error(field, mistake)
        return cleaned


@admin.register(Reaction)
class ReactionAdmin(ModelAdmin):
    """What the streamer wants to happen on an occasion."""

    form = ReactionForm
    list_display = ("trigger", "subject", "line", "what", "enabled")
    list_editable = ("enabled",)
    list_filter = ("trigger", "enabled")

    @admin.display(description="effects")
    def what(self, reaction: Reaction) -> str:
        """Return the effects' kinds."""
        return ", ".join(str(step.get("kind")) for step in reaction.effects)

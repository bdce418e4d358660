"""The page of reactions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin

from joystick import reactions
from joystick.models import Reaction, Trigger
from joystick.reactions import Occasion
from joystick.settings_table import TipSettings
from pixelbot_site.kit.admin import ModelAdmin
from pixelbot_site.kit.steps import planned
from pixelbot_site.kit.steps_field import in_words
from pixelbot_site.kit.trying import Trial, TryMixin


class ReactionForm(forms.ModelForm):  # type: ignore[type-arg]
    """A reaction's form, which refuses what could not work."""

    class Meta:
        model = Reaction
        fields = ("trigger", "subject", "line", "effects", "enabled")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "trigger" not in self.fields:  # a page for looking only
            return
        sizes = TipSettings.current()
        self.fields["trigger"].help_text = (
            f"A tip is low up to {sizes.tip_low_max} tokens, medium up to {sizes.tip_medium_max}, high up to "
            f"{sizes.tip_high_max}, extreme up to {sizes.tip_extreme_max} (Settings)."
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
class ReactionAdmin(TryMixin, ModelAdmin):
    """What the streamer wants to happen on an occasion."""

    form = ReactionForm
    list_display = ("trigger", "subject", "line", "what", "enabled")
    list_editable = ("enabled",)
    list_filter = ("trigger", "enabled")

    def trial(self, obj: Reaction, username: str, words: str) -> Trial:
        """Return what happens for a typical occasion, with the largest tip of its size."""
        occasion = _typical(obj, username)
        line = reactions.fill(obj.line, occasion)
        effects = tuple(planned(obj.effects, {"user": username, **occasion.words}))
        return Trial(effects, [f"say in chat “{line}”"] if line else [])

    @admin.display(description="effects")
    def what(self, reaction: Reaction) -> str:
        """Return the effects in words."""
        return in_words(reaction.effects)


def _typical(row: Reaction, username: str) -> Occasion:
    sizes = TipSettings.current()
    tips = {
        Trigger.TIP_LOW: sizes.tip_low_max,
        Trigger.TIP_MEDIUM: sizes.tip_medium_max,
        Trigger.TIP_HIGH: sizes.tip_high_max,
        Trigger.TIP_EXTREME: sizes.tip_extreme_max,
        Trigger.TIP_BEYOND: sizes.tip_extreme_max + 1,
    }
    trigger = Trigger(row.trigger)
    subject = row.subject or "something"
    numbers: dict[str, str | int] = {"tokens": tips.get(trigger, 50), "months": 3, "count": 5, "viewers": 25}
    return Occasion(trigger, username, row.subject, {**numbers, "item": subject, "prize": subject})

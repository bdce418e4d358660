"""The pages of commands of one's own, timers, counters and quotes."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from economy.models import viewer_key
from economy.viewers import people
from joystick.admin.free_words import FreeWordsForm
from joystick.chat import counters, custom, quotes, taken, timers
from joystick.models import COMMAND_WORDS, Count, Counter, CustomCommand, Quote, ShoutOut, Timer, TimerGroup
from joystick.reactions import rules
from pixelbot_site.kit.admin import ModelAdmin, MovingMixin, RereadMixin
from pixelbot_site.kit.lines import lines_of
from pixelbot_site.kit.plural import counted
from pixelbot_site.kit.steps import planned
from pixelbot_site.kit.trying import Trial, TryMixin, saying
from pixelbot_site.kit.words import fill

# The largest number of a counter that a moderator can write in chat.
MAX_COUNT = 10**9 - 1


class CustomCommandForm(FreeWordsForm):
    """The form of a command of one's own, which says or does something."""

    class Meta:
        model = CustomCommand
        fields = (
            "enabled", "word", "aliases", "answers", "in_turn", "effects", "role", "min_level", "cooldown_seconds",
            "global_cooldown_seconds", "cost", "live_only", "is_listed",
        )  # fmt: skip
        widgets = {"answers": forms.Textarea(attrs={"rows": 4, "cols": 100})}  # noqa: RUF012 (Django's own way)

    def clean(self) -> dict[str, Any]:
        """Refuse a command that neither says nor does anything."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not cleaned.get("answers") and not cleaned.get("effects") and not self.errors:
            self.add_error("answers", "Write an answer, or add an effect.")
        return cleaned


@admin.register(CustomCommand)
class CustomCommandAdmin(RereadMixin, TryMixin, ModelAdmin):
    """Commands of the streamer's own."""

    kept_in = (custom.stored, counters.stored)
    form = CustomCommandForm
    list_display = ("__str__", "says", "role", "cost", "uses", "enabled")
    list_editable = ("enabled",)
    search_fields = ("word", "aliases", "answers")
    words_label = "with the words"
    fieldsets: ClassVar = (
        (None, {"fields": ("enabled", "word", "aliases", "answers", "in_turn", "effects")}),
        ("Who, and how often", {"fields": (
            "role", "min_level", "cooldown_seconds", "global_cooldown_seconds", "cost", "live_only", "is_listed",
        )}),
    )  # fmt: skip

    @admin.display(description="what it says")
    def says(self, row: CustomCommand) -> str:
        """Return the first answer, and how many others there are."""
        return custom.in_words(row)

    def trial(self, obj: CustomCommand, username: str, words: str) -> Trial:
        """Return what the command does for somebody who writes `words` behind it."""
        line, effects = custom.shown(obj, dict(zip(COMMAND_WORDS, (username, words, obj.uses + 1), strict=True)))
        return Trial(effects, saying(line))


class CountInline(admin.TabularInline):  # type: ignore[type-arg]
    """Who changed the counter, newest first."""

    model = Count
    extra = 0
    can_delete = False
    fields = readonly_fields = ("at", "viewer", "change", "value")
    verbose_name_plural = "the last changes"

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return False: the bot writes these rows."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the newest changes, so that the page stays short."""
        rows = super().get_queryset(request).select_related("viewer")
        newest = rows.order_by("-pk").values_list("pk", flat=True)[:50]
        return rows.filter(pk__in=list(newest))


class CounterForm(forms.ModelForm):  # type: ignore[type-arg]
    """The form of a counter, whose name is a command."""

    class Meta:
        model = Counter
        fields = ("name", "value", "resets")

    def clean_name(self) -> str:
        """Return the name. Refuse a word that something else answers to."""
        name = str(self.cleaned_data["name"])
        owner = taken.owner_of(name.casefold(), but=self.instance)
        if owner:
            raise forms.ValidationError(f"!{name} is taken: {owner}.")
        return name

    def clean_value(self) -> int:
        """Return the number. Refuse one that nobody could type in chat, either."""
        value = int(self.cleaned_data["value"])
        if abs(value) > MAX_COUNT:
            raise forms.ValidationError(f"At most {MAX_COUNT:,}, and at least {-MAX_COUNT:,}.")
        return value


@admin.register(Counter)
class CounterAdmin(RereadMixin, MovingMixin, ModelAdmin):
    """Counters, with who changed them."""

    moving = "value"
    kept_in = (custom.stored, counters.stored)
    form = CounterForm
    list_display = ("name", "value", "resets")
    inlines = (CountInline,)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save the counter, and keep a number that was set by hand among its changes."""
        super().save_model(request, obj, form, change)
        if change and "value" in form.changed_data:
            Count.objects.create(counter=obj, change=obj.value - (form.initial["value"] or 0), value=obj.value)


class TimerForm(forms.ModelForm):  # type: ignore[type-arg]
    """The form of a timer, which says or does something."""

    class Meta:
        model = Timer
        fields = (
            "enabled", "name", "lines", "in_turn", "effects", "every_minutes", "min_lines", "live_only", "group",
        )  # fmt: skip
        widgets = {"lines": forms.Textarea(attrs={"rows": 4, "cols": 100})}  # noqa: RUF012 (Django's own way)

    def clean(self) -> dict[str, Any]:
        """Refuse a timer that neither says nor does anything."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not cleaned.get("lines") and not cleaned.get("effects") and not self.errors:
            self.add_error("lines", "Write a line, or add an effect.")
        return cleaned


@admin.register(Timer)
class TimerAdmin(TryMixin, ModelAdmin):
    """Timers, with how many lines an hour they say together."""

    form = TimerForm
    list_display = ("name", "every_minutes", "min_lines", "live_only", "group", "due_at", "runs", "enabled")
    list_editable = ("enabled",)
    list_select_related = ("group",)
    search_fields = ("name", "lines")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Return the list, headed by what all of them say in an hour."""
        changelist = super().get_changelist_instance(request)
        if not changelist.is_popup:
            changelist.title = f"Timers: at most {counted(round(timers.lines_an_hour()), 'line')} an hour"
        return changelist

    def save_model(self, request: HttpRequest, obj: Timer, form: Any, change: bool) -> None:
        """Save the timer; with other minutes it is planned anew, from now on."""
        if "every_minutes" in form.changed_data:
            obj.due_at = None
        super().save_model(request, obj, form, change)

    def trial(self, obj: Timer, username: str, words: str) -> Trial:
        """Return what the timer says and does."""
        lines = lines_of(obj.lines)
        line = fill(lines[0], {}) if lines else ""
        return Trial(tuple(planned(obj.effects, {})), saying(line))


@admin.register(TimerGroup)
class TimerGroupAdmin(ModelAdmin):
    """Groups of timers."""

    list_display = ("name", "pause_minutes", "ran_at")


class ShoutOutForm(forms.ModelForm):  # type: ignore[type-arg]
    """The form of a name on the list."""

    class Meta:
        model = ShoutOut
        fields = ("name",)

    def clean_name(self) -> str:
        """Return the name without an @. Refuse what can't be one, and one that is on the list."""
        name = str(self.cleaned_data["name"]).strip().removeprefix("@")
        if not people.is_username(name):
            raise forms.ValidationError("This can't be a name at Joystick.tv.")
        if ShoutOut.objects.filter(key=viewer_key(name)).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(f"{name} is on the list already.")
        return name


@admin.register(ShoutOut)
class ShoutOutAdmin(RereadMixin, ModelAdmin):
    """Who is always shouted out. How, the reactions of that occasion say."""

    kept_in = (rules.stored,)
    form = ShoutOutForm
    list_display = ("name",)
    search_fields = ("key",)


@admin.register(Quote)
class QuoteAdmin(ModelAdmin):
    """Quotes: told by `!quote` once they are approved."""

    list_display = ("number", "text", "viewer", "created_at", "approved")
    list_editable = ("approved",)
    list_filter = ("approved",)
    list_select_related = ("viewer",)
    search_fields = ("text", "viewer__key")
    raw_id_fields = ("viewer",)
    readonly_fields = ("number", "added_by")
    fields = ("number", "text", "viewer", "created_at", "approved", "added_by")

    def save_model(self, request: HttpRequest, obj: Quote, form: Any, change: bool) -> None:
        """Store the quote, a new one under the next number."""
        if change:
            super().save_model(request, obj, form, change)
            return
        with transaction.atomic():
            obj.number = quotes.next_number()
            super().save_model(request, obj, form, change)

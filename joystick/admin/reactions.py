"""The page of reactions."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import capfirst

from joystick.models import Reaction
from joystick.reactions import performing, places, rules, sentences
from joystick.reactions.kinds import OccasionKind, in_order, occasions
from pixelbot_site.kit.admin import ModelAdmin, log_deed
from pixelbot_site.kit.steps import planned
from pixelbot_site.kit.transactions import after_commit
from pixelbot_site.kit.trying import Trial, TryMixin, saying
from pixelbot_site.kit.words import fill

# The fields that only some occasions have.
SUBJECT = ("subject", "match")
AMOUNT = ("least", "most")
VIEWER = ("role", "min_level", "viewer_cooldown_seconds")
# Left empty, these are as in a new row.
WITH_DEFAULTS = {"match", "role", "min_level", "chance", "cooldown_seconds"}
COUNTERS = {"runs", "evening_runs", "evening", "order"}


def _choices() -> list[tuple[str, str]]:
    return [(kind.name, capfirst(kind.title)) for kind in in_order()]


def _fields_of(kind: OccasionKind) -> dict[str, Any]:
    """Return what the form's script shows for an occasion."""
    hidden = [
        *(() if kind.subject else SUBJECT),
        *(() if kind.amount else AMOUNT),
        *(() if kind.has_viewer else VIEWER),
    ]
    words = ", ".join(f"{{{word}}}" for word in (*(("user",) if kind.has_viewer else ()), *kind.words))
    told = f"Filled in here: {words}." if words else "No words are filled in here."
    once = f" Without a cooldown, it runs once {kind.once}." if kind.once else ""
    return {"hidden": hidden, "words": told + once}


class ReactionForm(forms.ModelForm):  # type: ignore[type-arg]
    """A reaction's form, which refuses what could not work, and leaves out what the occasion has not."""

    occasion = forms.ChoiceField(label="When", choices=_choices)

    class Meta:
        model = Reaction
        fields = (
            "occasion", *SUBJECT, *AMOUNT, "role", "min_level", "live_only", "chance", "cooldown_seconds",
            "viewer_cooldown_seconds", "lines", "in_turn", "effects", "goes_on", "enabled",
        )  # fmt: skip
        widgets: ClassVar[dict[str, forms.Widget]] = {"lines": forms.Textarea(attrs={"rows": 4, "cols": 70})}

    class Media:
        js = ("pixelbot_site/conditional_fields.js",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ignored: list[str] = []
        for name in WITH_DEFAULTS & self.fields.keys():
            self.fields[name].required = False
        if "occasion" not in self.fields:  # a page for looking only
            return
        own = self.instance.occasion
        if not own:
            self.initial["occasion"] = self.initial.get("occasion") or "tip"
        if own and own not in occasions:
            self.fields["occasion"].choices = [*_choices(), (own, f"{own} (there is none any more)")]  # type: ignore[attr-defined]
        about = {kind.name: _fields_of(kind) for kind in in_order()}
        self.fields["occasion"].widget.attrs["data-about"] = json.dumps(about)

    def clean(self) -> dict[str, Any]:
        """Add an error for whatever could not work, so that it shows here and not during a stream."""
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        cleaned["subject"] = cleaned["subject"].strip()
        for name in WITH_DEFAULTS:
            if cleaned[name] in (None, ""):
                cleaned[name] = getattr(Reaction(), name)
        self.instance = forms.models.construct_instance(self, self.instance)
        for field, sentence in sentences.ignored(self.instance):
            cleaned[field] = getattr(Reaction(), field)
            setattr(self.instance, field, cleaned[field])
            self.ignored.append(sentence)
        for field, mistake in sentences.mistakes(self.instance):
            self.add_error(field, mistake)
        return cleaned


@admin.register(Reaction)
class ReactionAdmin(TryMixin, ModelAdmin):
    """What the streamer wants to happen on an occasion."""

    form = ReactionForm
    list_display = ("says", "enabled")
    list_editable = ("enabled",)
    list_filter = ("enabled",)
    list_per_page = 200
    fieldsets = (
        (None, {"fields": ("occasion", SUBJECT, AMOUNT, "enabled")}),
        ("Only if", {"fields": (("role", "min_level"), "live_only", "chance")}),
        ("At most", {"fields": ("cooldown_seconds", "viewer_cooldown_seconds")}),
        ("What happens", {"fields": ("lines", "in_turn", "effects", "goes_on")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows as they run: those of one chain together, in the order of its occasions."""
        known = [When(occasion=kind.name, then=Value(place)) for place, kind in enumerate(in_order())]
        places_ = Case(*known, default=Value(len(known)), output_field=IntegerField())
        return super().get_queryset(request).order_by(places_, "occasion", "order", "id")

    def get_list_display(self, request: HttpRequest) -> list[str | Callable[[Any], str | bool]]:
        """Return the columns, with what they need read once for the whole list."""
        marks = sentences.marks(list(self.get_queryset(request)))
        evening = performing.evening_of(timezone.now())

        @admin.display(description="tonight")
        def tonight(row: Reaction) -> str:
            return str(row.evening_runs if row.evening == evening else 0)

        @admin.display(description="never runs")
        def never(row: Reaction) -> str:
            return marks.get(row.pk, "")

        columns: list[str | Callable[[Any], str | bool]] = ["says", tonight, never, "enabled"]
        return [*columns, move_buttons] if self.has_change_permission(request) else columns

    @admin.display(description="reaction")
    def says(self, row: Reaction) -> str:
        """Return the row as a sentence."""
        return sentences.sentence(row)

    def get_urls(self) -> list[URLPattern]:
        """Add the address of the buttons that move a row."""
        view = self.admin_site.admin_view(self.move)
        return [path("<int:pk>/move/<str:way>/", view, name="joystick_reaction_move"), *super().get_urls()]

    def move(self, request: HttpRequest, pk: int, way: str) -> HttpResponse:
        """Move a row up or down among those of its occasion. Takes the permission to change reactions."""
        if request.method != "POST" or not self.has_change_permission(request) or way not in ("up", "down"):
            raise PermissionDenied
        row = get_object_or_404(Reaction, pk=pk)
        if places.move(row, -1 if way == "up" else 1):
            log_deed(request, Reaction, f"Moved {way}.", pk)
            after_commit(rules.stored.read_again)
        else:
            messages.info(request, f"It is the {'first' if way == 'up' else 'last'} row of its occasion already.")
        return redirect(reverse("admin:joystick_reaction_changelist"))

    def save_model(self, request: HttpRequest, obj: Reaction, form: Any, change: bool) -> None:
        """Save the row, but not how often it ran meanwhile; place a new one by what it matches."""
        if change:
            names = [field.name for field in obj._meta.concrete_fields if field.name not in {"id", *COUNTERS}]
            obj.save(update_fields=names)
        else:
            super().save_model(request, obj, form, change)
        if not change or "occasion" in form.changed_data:
            places.place(obj)
        for sentence in getattr(form, "ignored", ()):
            messages.warning(request, sentence)
        after_commit(rules.stored.read_again)

    def delete_model(self, request: HttpRequest, obj: Reaction) -> None:
        """Delete the row; the bot knows at once."""
        super().delete_model(request, obj)
        after_commit(rules.stored.read_again)

    def trial(self, obj: Reaction, username: str, words: str) -> Trial:
        """Return what happens for a typical occasion, with the largest amount of its range."""
        kind = occasions.get(obj.occasion)
        rule = rules.rule_of(obj)
        if kind is None:
            return Trial(tuple(planned(obj.effects, {"user": username})))
        amount = obj.most if obj.most is not None else obj.least
        occasion = kind.example(username, subject=obj.subject, amount=amount)
        line = fill(rule.lines[0], occasion.filling) if rule.lines else ""
        effects = tuple(planned(obj.effects, occasion.filling))
        return Trial(effects, saying(line))


@admin.display(description="move")
def move_buttons(row: Reaction) -> str:
    """Return the buttons that move a row up and down. They are the list's own form, sent to another address."""
    return format_html(
        '<button class="move" formaction="{}" formnovalidate aria-label="Move up">↑</button> '
        '<button class="move" formaction="{}" formnovalidate aria-label="Move down">↓</button>',
        reverse("admin:joystick_reaction_move", args=[row.pk, "up"]),
        reverse("admin:joystick_reaction_move", args=[row.pk, "down"]),
    )

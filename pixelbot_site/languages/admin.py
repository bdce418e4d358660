"""The dashboard's pages of phrases."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

from pixelbot_site.kit import words
from pixelbot_site.kit.admin import ModelAdmin
from pixelbot_site.kit.phrases import book, phrases
from pixelbot_site.kit.transactions import after_commit
from pixelbot_site.languages import texts
from pixelbot_site.models import PhraseText

# What is longer is said in several lines of chat.
MAX_LENGTH = 500


class PhraseForm(forms.ModelForm):  # type: ignore[type-arg]
    """A phrase's form, which refuses placeholders that nothing would fill in."""

    class Meta:
        model = PhraseText
        fields = ("text", "is_off")
        widgets = {"text": forms.Textarea(attrs={"rows": 4, "cols": 100})}  # noqa: RUF012 (Django's own way)

    def clean_text(self) -> str:
        """Return the text. Raise ValidationError for a line that is too long, or has an unknown placeholder."""
        text: str = self.cleaned_data["text"]
        known = _known(self.instance.key)
        for line in text.splitlines():
            if len(line) > MAX_LENGTH:
                raise forms.ValidationError(f"A line has at most {MAX_LENGTH} characters, this one has {len(line)}.")
            wrong = words.mistakes(line, known)
            if wrong:
                raise forms.ValidationError(wrong)
        return text


class IsChanged(admin.SimpleListFilter):
    """Those that the streamer changed."""

    title = "what you changed"
    parameter_name = "changed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [("yes", "Own text, or off")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.exclude(text="", is_off=False) if self.value() == "yes" else queryset


class Subject(admin.SimpleListFilter):
    """By what comes first in the key: the command, redeem, or part of the bot."""

    title = "subject"
    parameter_name = "subject"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [(name, name.replace("_", " ")) for name in sorted({key.partition(".")[0] for key in phrases})]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(key__startswith=f"{self.value()}.") if self.value() else queryset


@admin.register(PhraseText)
class PhraseAdmin(ModelAdmin):
    """What the bot says: one row for each phrase of the code."""

    form = PhraseForm
    list_display = ("key", "says", "is_off")
    list_editable = ("is_off",)
    list_filter = (IsChanged, Subject)
    search_fields = ("key",)
    search_help_text = "A word of the sentence, or of the phrase's name."
    list_per_page = 200
    readonly_fields = ("key", "by_itself", "filled_in")
    fields = ("key", "by_itself", "filled_in", "text", "is_off")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Leave out rows of phrases that the code has no more."""
        return super().get_queryset(request).filter(key__in=list(phrases))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search the bot's own texts as well, which are in no table."""
        term = search_term.strip().casefold()
        if not term:
            return queryset, False
        by_itself = [key for key in phrases if term in texts.default(key).casefold()]
        return queryset.filter(Q(key__icontains=term) | Q(text__icontains=term) | Q(key__in=by_itself)), False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: phrases are those that the code says."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return False: the next start would create it again."""
        return False

    @admin.display(description="what the bot says")
    def says(self, row: PhraseText) -> str:
        """Return the texts to choose from."""
        return " / ".join(row.variants) or texts.default(row.key)

    @admin.display(description="by itself")
    def by_itself(self, row: PhraseText) -> str:
        """Return what the bot says without a text of the streamer's."""
        return texts.default(row.key)

    @admin.display(description="filled in")
    def filled_in(self, row: PhraseText) -> str:
        """Return the placeholders that the text may use."""
        return _listed(words.available(_known(row.key)))

    def save_model(self, request: HttpRequest, obj: PhraseText, form: Any, change: bool) -> None:
        """Store it, in force within a second, and warn about what the text does not tell any more."""
        super().save_model(request, obj, form, change)
        after_commit(book.read_again)
        phrase = phrases.get(obj.key)
        wanted = phrase.placeholders if phrase is not None else frozenset()
        missing = {name for text in obj.variants for name in wanted - words.names(text)}
        if "text" in form.changed_data and missing:
            messages.warning(request, f"{_listed(sorted(missing))} will not be told by every text of {obj.key}.")


def _known(key: str) -> frozenset[str]:
    phrase = phrases.get(key)
    return phrase.placeholders if phrase else frozenset()


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)

"""The pages of chat filters, of the lines on which they acted, and of the words that Joystick itself bans."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Model, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from joystick.account import rest, scopes, tokens
from joystick.admin.moderating import explain, told
from joystick.chat.moderation import rules
from joystick.chat.moderation.filters import found_in, words_of
from joystick.models import ChatFilter, FilterAction, FilterKind, InboundEvent, ModeratedLine
from pixelbot_site.kit.admin import ModelAdmin, ReadOnlyAdmin, RereadMixin, log_deed
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.plural import counted
from pixelbot_site.kit.trying import WORDS, TryMixin

# Days whose lines are counted in the list.
LATELY = timedelta(days=7)
MODERATE = "chat:moderate"
# Characters of a banned word.
MAX_WORD = 100
# The fields that only some kinds have. By kind, which those are, and what its limit is.
CONDITIONAL = {"allowed", "words", "limit", "seconds"}
ABOUT: dict[str, tuple[set[str], str]] = {
    FilterKind.LINKS: ({"allowed"}, "Links, also disguised ones. !permit NAME lets a viewer write one."),
    FilterKind.WORDS: ({"words"}, "Words and phrases, in any case, with any accents."),
    FilterKind.CAPITALS: ({"limit"}, "Lines of ten letters or more. The limit is in percent."),
    FilterKind.REPEATS: ({"limit"}, "The same character or word in a row. The limit is how often."),
    FilterKind.LENGTH: ({"limit"}, "The limit is the most characters that a line may have."),
    FilterKind.FLOOD: ({"limit", "seconds"}, "The same line, by one viewer or several. The limit is how often."),
}


class ChatFilterForm(forms.ModelForm):  # type: ignore[type-arg]
    """A filter's form, which refuses one that could find nothing or everything."""

    class Meta:
        model = ChatFilter
        fields = (
            "kind", "allowed", "words", "limit", "seconds", "action", "exempt_role", "exempt_level", "dry_run",
            "enabled",
        )  # fmt: skip
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "allowed": forms.Textarea(attrs={"rows": 4, "cols": 50}),
            "words": forms.Textarea(attrs={"rows": 4, "cols": 50}),
        }

    class Media:
        js = ("pixelbot_site/conditional_fields.js",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "kind" in self.fields:  # not on a page for looking only
            about = {
                kind: {"hidden": sorted(CONDITIONAL - own), "words": help_} for kind, (own, help_) in ABOUT.items()
            }
            self.fields["kind"].widget.attrs["data-about"] = json.dumps(about)

    def clean(self) -> dict[str, Any]:
        """Add an error for whatever could not work."""
        cleaned: dict[str, Any] = super().clean() or {}
        kind, limit = cleaned.get("kind"), cleaned.get("limit")
        if kind == FilterKind.WORDS and not any(words_of(cleaned.get("words", ""))):
            self.add_error("words", "Write the words that it looks for.")
        if kind == FilterKind.CAPITALS and limit and limit > 100:
            self.add_error("limit", "There are no more than 100 percent.")
        return cleaned


@admin.register(ChatFilter)
class ChatFilterAdmin(RereadMixin, TryMixin, ModelAdmin):
    """What shall not stand in chat."""

    kept_in = (rules.stored,)
    form = ChatFilterForm
    list_display = ("says", "dry_run", "enabled")
    list_editable = ("dry_run", "enabled")
    change_list_template = "admin/joystick/chatfilter/change_list.html"
    change_form_template = "admin/joystick/chatfilter/change_form.html"
    fieldsets: ClassVar = (
        (None, {"fields": ("kind", "allowed", "words", "limit", "seconds")}),
        ("What happens", {"fields": ("action", ("exempt_role", "exempt_level"), "dry_run", "enabled")}),
    )

    def get_list_display(self, request: HttpRequest) -> list[str | Callable[[Any], str | bool]]:
        """Return the columns, with the lines of the last days counted once for the whole list."""
        recent = Count("lines", filter=Q(lines__at__gte=timezone.now() - LATELY))
        counts = dict(ChatFilter.objects.order_by().annotate(recent=recent).values_list("pk", "recent"))

        @admin.display(description="last 7 days")
        def lately(row: ChatFilter) -> SafeString:
            url = f"{reverse('admin:joystick_moderatedline_changelist')}?filter__id__exact={row.pk}"
            return format_html('<a href="{}">{}</a>', url, counted(counts.get(row.pk, 0), "line"))

        return ["says", lately, "dry_run", "enabled"]

    @admin.display(description="filter")
    def says(self, row: ChatFilter) -> str:
        """Return the row as a sentence."""
        return rules.sentence(row)

    def get_urls(self) -> list[URLPattern]:
        """Add the address of the words that Joystick bans."""
        view = self.admin_site.admin_view(self.banned_words)
        return [path("banned-words/", view, name="joystick_chatfilter_banned_words"), *super().get_urls()]

    def save_model(self, request: HttpRequest, obj: ChatFilter, form: Any, change: bool) -> None:
        """Save the row. Warn where Joystick would not let it act."""
        super().save_model(request, obj, form, change)
        if obj.enabled and not obj.dry_run and obj.action != FilterAction.WARN and scopes.missing(MODERATE):
            explain(request, scopes.MissingScope(MODERATE))

    def _try(self, request: HttpRequest, obj: Model) -> None:
        assert isinstance(obj, ChatFilter)
        line = request.POST.get(WORDS, "")
        if obj.kind == FilterKind.FLOOD:
            messages.info(
                request, "A flood is made by several lines: have it run dry, and look at the moderated lines."
            )
            return
        found = found_in(rules.filter_of(obj), line)
        deed = rules.DEEDS[FilterAction(obj.action)][0]
        sentence = f"It finds {found}, and would {deed}." if found else "It finds nothing in this line, which stays."
        messages.info(request, sentence)

    def banned_words(self, request: HttpRequest) -> HttpResponse:
        """Show the words that Joystick keeps out of chat, add one, or take one off. Waits for Joystick."""
        if not request.user.has_perm("joystick.change_chatfilter"):
            raise PermissionDenied
        own_page = "admin:joystick_chatfilter_banned_words"
        words: list[str] | None = None
        try:
            install = tokens.usable().first()
            if install is None:
                raise Failed("the channel is not connected")
            if request.method == "POST":
                self._change_banned(request, install)
                return redirect(own_page)
            words = sorted(rest.banned_words(install), key=str.casefold)
        except Failed as error:
            explain(request, error)
            if request.method == "POST":
                return redirect(own_page)
        context = {
            **self.admin_site.each_context(request),
            "title": "Words that Joystick.tv bans",
            "opts": self.opts,
            "words": words,
            "longest": MAX_WORD,
        }
        return render(request, "admin/joystick/chatfilter/banned_words.html", context)

    def _change_banned(self, request: HttpRequest, install: Any) -> None:
        word = request.POST.get("word", "").replace("\0", "").strip()[:MAX_WORD]
        if not word:
            messages.error(request, "Write a word.")
        elif "remove" in request.POST:
            rest.allow_word(install, word)
            log_deed(request, ChatFilter, "Took a word off those that Joystick.tv bans.")
            messages.success(request, format_html("<bdi>{}</bdi> is allowed again.", word))
        else:
            rest.ban_word(install, word)
            log_deed(request, ChatFilter, "Had Joystick.tv ban a word.")
            messages.success(request, format_html("<bdi>{}</bdi> is banned.", word))


@admin.register(ModeratedLine)
class ModeratedLineAdmin(ReadOnlyAdmin):
    """The lines on which filters and staff acted, and those on which filters would have."""

    list_display = ("at", "who", "text", "done", "which")
    list_filter = ("dry_run", "action", "filter")
    list_select_related = ("filter",)
    fields = ("at", "who", "text", "done", "which")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows, with the author and the text from the feed."""
        event = InboundEvent.objects.filter(uid=OuterRef("event"))
        columns = {name: Subquery(event.values(name)[:1]) for name in ("username", "text")}
        rows: QuerySet[Any] = super().get_queryset(request)
        rows = rows.annotate(line_of=columns["username"], line=columns["text"])
        return rows

    @admin.display(description="viewer")
    def who(self, row: Any) -> SafeString:
        """Return the line's author."""
        return format_html("<bdi>{}</bdi>", row.line_of or "–")

    @admin.display(description="line")
    def text(self, row: Any) -> SafeString:
        """Return what was written."""
        return format_html("<bdi>{}</bdi>", Truncator(row.line or "–").chars(200))

    @admin.display(description="what was done")
    def done(self, row: ModeratedLine) -> str:
        """Return it in a sentence."""
        return told(row)

    @admin.display(description="filter")
    def which(self, row: ModeratedLine) -> str:
        """Return the filter as a sentence."""
        return rules.sentence(row.filter) if row.filter is not None else "–"

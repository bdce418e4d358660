"""*Try* on the dashboard's forms: what a form holds, saved or not, happens on the overlay as a test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin, messages
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest
from django.shortcuts import redirect

from pixelbot_site.kit import words
from pixelbot_site.kit.errors import Failed, Refused
from pixelbot_site.kit.hooks import Hook
from pixelbot_site.kit.steps import Effect

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:  # generic for the type checker only
    _ModelAdmin = admin.ModelAdmin

BUTTON = "_try"
WORDS = "_try_words"


@dataclass(frozen=True, slots=True)
class Trial:
    """What a row does: its effects, with placeholders filled in, and in words what it does besides."""

    effects: Sequence[Effect]
    besides: Sequence[str] = ()


def saying(line: str) -> list[str]:
    """Return what a line for chat is besides effects; nothing where there is no line."""
    return [f"say in chat “{line}”"] if line else []


effects_tried = Hook[[Trial, str], str](
    "effects_tried",
    __name__,
    "Show a trial on the overlay as a test by the named member of staff; return a sentence about it for them.",
)
may_try = Hook[[User | AnonymousUser], bool](
    "may_try", __name__, "Return whether the user may show something on the overlay as a test."
)


class TryMixin(_ModelAdmin):
    """Adds *Try* to a form: it is validated as on saving, shown on the overlay, and comes back with what was typed.

    It takes the permission to steer the queue. Who may view the row but not change it tries it as it is saved.
    """

    change_form_template: ClassVar[Any] = "admin/try_form.html"
    # The label of a field for a viewer's words; "": what is tried needs none.
    words_label: str = ""

    def trial(self, obj: Any, username: str, words: str) -> Trial:
        """Return what the row does for somebody of that name. Raise Refused, with the reason, where it can't be tried.

        `words`: what was typed beside the button.
        """
        raise NotImplementedError

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form; where it is only tried, one that the admin does not save, however valid it is."""
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (_Unsaved, form), {}) if BUTTON in request.POST else form

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Try the saved row for somebody who may not change it; everything else is the admin's own."""
        obj = self.get_object(request, object_id) if object_id and BUTTON in request.POST else None
        if obj is not None and self.has_view_permission(request, obj) and not self.has_change_permission(request, obj):
            self._try(request, obj)
            return redirect(request.path)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Try what the form holds, where that was asked for and it has no mistakes, and show the form with it."""
        form = context["adminform"].form
        if BUTTON in request.POST and not form.errors:
            self._try(request, form.instance)
        context |= {
            "may_try": any(may_try.call(request.user)),
            "words_label": self.words_label,
            "try_words": request.POST.get(WORDS, ""),
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def _try(self, request: HttpRequest, obj: Model) -> None:
        if not any(may_try.call(request.user)):
            raise PermissionDenied
        name = request.user.get_username()
        try:
            with words.trial():
                trial = self.trial(obj, name, request.POST.get(WORDS, "").strip())
            for sentence in effects_tried.call(trial, name):
                self.message_user(request, sentence)
        except (Refused, Failed) as error:
            sentence = f"It could not be tried: {error}".rstrip(".")
            messages.error(request, f"{sentence}.")


class _Unsaved:
    """Makes the admin show a bound form again instead of saving it; its errors are those of the form."""

    def is_valid(self) -> bool:
        super().is_valid()  # type: ignore[misc]
        return False

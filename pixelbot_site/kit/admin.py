"""Base classes of the apps' admin pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar

from asgiref.local import Local
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import DataError
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_protect

from pixelbot_site.kit import naming
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.live import Live
from pixelbot_site.kit.transactions import after_commit

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
    _Paginator = Paginator[Any]
else:  # generic for the type checker only
    _ModelAdmin = admin.ModelAdmin
    _Paginator = Paginator

# Rows that a list counts and can page through. Older ones are found by searching or filtering.
MAX_COUNTED = 10_000


def log_deed(request: HttpRequest, model: type[Model] | None, what: str, *ids: object) -> None:
    """Store what staff did by an action or a button: with each row of `ids`, or without ids, with none in particular.

    `model` is None for what has no model. Names of viewers don't belong into `what`: nothing would take them
    out once a viewer is forgotten.
    """
    kind = None if model is None else ContentType.objects.get_for_model(model)
    LogEntry.objects.bulk_create(
        LogEntry(
            user_id=str(request.user.pk),
            content_type=kind,
            object_id=None if pk is None else str(pk),
            # Not str(row), which can hold a viewer's name as well.
            object_repr="" if model is None or pk is None else f"{model._meta.verbose_name} {pk}",
            action_flag=CHANGE,
            change_message=what,
        )
        for pk in ids or (None,)
    )


def page_before(request: HttpRequest, default: str) -> str:
    """Return the page of ours where a button was pressed, which the form's `next` names; otherwise `default`."""
    page = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure()):
        return page
    return default


# Fields that the page fills in.
NOT_TYPED = ("csrfmiddlewaretoken", "by_hand_key", "use_key")


def keep_typed(request: HttpRequest, form: str) -> None:
    """Keep what was typed into a form of a few fields that is refused, for the page that the browser is led back to."""
    request.session[f"typed.{form}"] = {name: value for name, value in request.POST.items() if name not in NOT_TYPED}


def typed_before(request: HttpRequest, form: str) -> dict[str, str]:
    """Return what was kept of a form, by field, once; {} where nothing was."""
    kept: dict[str, str] = request.session.pop(f"typed.{form}", {})
    return kept


def named_choices(unknown: str, yes: str, no: str) -> forms.NullBooleanSelect:
    """Return the field of what is yes, no or neither, with a name for each."""
    widget = forms.NullBooleanSelect()
    widget.choices = [("unknown", unknown), ("true", yes), ("false", no)]
    return widget


class BoundedPaginator(_Paginator):
    """A paginator that counts up to MAX_COUNTED rows: counting millions takes seconds."""

    @cached_property
    def count(self) -> int:
        """Return the number of rows, at most MAX_COUNTED."""
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]
        return len(rows.order_by().values_list("pk")[:MAX_COUNTED])


class ModelAdmin(_ModelAdmin):
    """An admin class whose list is as quick with millions of rows as with ten."""

    paginator = BoundedPaginator
    show_full_result_count = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Keep in `of_request` what the columns of one request share: columns get no request, and this object is one
        for all of them. Between a request's view and its rendering, others are answered in the same thread.
        """
        super().__init__(*args, **kwargs)
        self.of_request = Local()

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Return the list, headed by what it shows: Django's heading is a request to select one of them."""
        try:
            changelist = super().get_changelist_instance(request)
        except (ValueError, OverflowError, DataError) as error:  # a filter in the address that no column can have
            raise IncorrectLookupParameters from error
        if not changelist.is_popup:
            changelist.title = capfirst(str(self.opts.verbose_name_plural))
        return changelist

    def action_checkbox(self, obj: Model) -> SafeString:
        """Return the box by which a row is chosen. Django renders a template for each: a quarter of a list's time."""
        return format_html(
            '<input type="checkbox" name="{}" value="{}" class="action-select" aria-label="{}">',
            ACTION_CHECKBOX_NAME,
            obj.pk,
            format_html(gettext("Select this object for an action - {}"), obj),
        )

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the list; save its editable columns, unless a row of them was deleted since the page was shown."""
        if request.method == "POST" and "_save" in request.POST and self._is_row_gone(request):
            # Django would show the list with a mistake that it names nowhere, however often it is sent.
            messages.error(request, "Nothing was saved: a row was deleted meanwhile. This is the list as it is now.")
            return redirect(request.get_full_path())
        return super().changelist_view(request, extra_context)

    def _is_row_gone(self, request: HttpRequest) -> bool:
        name = re.compile(rf"form-\d+-{self.opts.pk.name}")
        pks = {value for field, value in request.POST.items() if name.fullmatch(field)}
        try:
            return bool(self.model._default_manager.filter(pk__in=pks).count() < len(pks))
        except (ValueError, ValidationError):  # no ids: Django refuses them
            return False

    def get_changelist_formset(self, request: HttpRequest, **kwargs: Any) -> Any:
        """Return the forms of a list's editable columns, whose fields have their names for screen readers."""
        formset: Any = super().get_changelist_formset(request, **kwargs)
        for field in formset.form.base_fields.values():
            widget = getattr(field.widget, "widget", field.widget)  # of a relation, the one inside Django's buttons
            widget.attrs.setdefault("aria-label", field.label)
        return formset

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """Return the field. Of a moment, both of its inputs have a name for screen readers."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(field, forms.SplitDateTimeField):
            for widget, part in zip(field.widget.widgets, ("date", "time"), strict=True):
                widget.attrs.setdefault("aria-label", f"{field.label}: {part}")
        return field

    # Whether what the actions do is written into the log of staff's deeds. Off where they keep a history themselves.
    logs_actions = True

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Return the actions, each of which is logged once it is done."""
        actions: dict[str, Any] = super().get_actions(request)
        if not self.logs_actions:
            return actions
        return {
            # Deleting logs itself, as Django does.
            key: entry if key == "delete_selected" else (self._logged(entry[0], str(entry[2])), *entry[1:])
            for key, entry in actions.items()
        }

    def _logged(self, action: Callable[..., Any], what: str) -> Callable[..., Any]:
        @wraps(action)
        def logged(page: ModelAdmin, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
            ids = list(rows.values_list("pk", flat=True)[: self.list_per_page])
            response: HttpResponse | None = action(page, request, rows)
            if response is None:  # else it led to a form, and nothing is done yet
                log_deed(request, self.model, f"{what}.", *ids)
            return response

        return logged


class UploadAdmin(ModelAdmin):
    """An admin class whose form is saved without a transaction around it: what is uploaded is inspected and stored
    meanwhile, which takes seconds.
    """

    @method_decorator(csrf_protect)
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show the form or save it. Where a file can't be stored, say so."""
        try:
            return self._changeform_view(request, object_id, form_url, extra_context)  # type: ignore[attr-defined]
        except Failed as error:
            messages.error(request, f"{capfirst(str(error))}. Nothing was saved.")
            return redirect(request.get_full_path())


class ReadOnlyAdmin(ModelAdmin):
    """An admin class for rows that the bot writes: nothing is added, changed or deleted by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return False: the bot writes these rows."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return False; viewing stays possible."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return False: history stays."""
        return False


class MovingMixin(_ModelAdmin):
    """Keeps what the bot changes while the form is open: `moving`, a stock or a count, is saved only where the form
    changed it.
    """

    moving = "stock"

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """Add the number as it was shown as a hidden field, so that a change of the form can be told from the bot's."""
        if db_field.name == self.moving:
            kwargs["show_hidden_initial"] = True
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        """Save the row without the number, unless the form changed it."""
        if change and self.moving not in form.changed_data:
            names = [field.name for field in obj._meta.concrete_fields if field.name not in ("id", self.moving)]
            obj.save(update_fields=names)
        else:
            super().save_model(request, obj, form, change)


class NamedMixin(_ModelAdmin):
    """Keeps what effects name: while one does, it is neither deleted nor called otherwise."""

    # The kind of name, as a payload's field has it in `from`, and the column with it.
    named_as: ClassVar[str]
    named_in: ClassVar[str] = "name"

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form, which refuses another name while effects name this one."""
        kind, column = self.named_as, self.named_in

        class Guarded(super().get_form(request, obj, change, **kwargs)):  # type: ignore[misc]
            def clean(self) -> Any:
                cleaned = super().clean()
                before, name = str(self.initial.get(column) or ""), str(self.cleaned_data.get(column) or "")
                if before and name and name.casefold() != before.casefold():
                    users = naming.users_of(kind, before)
                    if users:
                        self.add_error(column, f"It is named by {', '.join(users)}: change that first.")
                return cleaned

        return Guarded

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Name what uses it: then it is not deleted."""
        to_delete, count, lacking, protected = super().get_deleted_objects(objs, request)
        for row in objs:
            users = naming.users_of(self.named_as, str(getattr(row, self.named_in)))
            protected += [f"{row}: {where}" for where in users]
        return to_delete, count, lacking, protected


class RereadMixin(_ModelAdmin):
    """Has rows that are kept in a live value read again at once, when one is stored or deleted."""

    # What is made of the rows.
    kept_in: ClassVar[Sequence[Live[Any]]]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Store the row, in force at once."""
        super().save_model(request, obj, form, change)
        self._read_again()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete the row, out of force at once."""
        super().delete_model(request, obj)
        self._read_again()

    def _read_again(self) -> None:
        for live in self.kept_in:
            after_commit(live.read_again)

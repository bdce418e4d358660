"""The widgets of an overlay on its page: rows of plain fields, and the presets that fill them in."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import asdict, astuple
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse, QueryDict
from django.utils.text import capfirst
from django.views.decorators.http import require_POST
from pydantic import ValidationError

from effects.models import Format, Overlay, OverlayWidget
from effects.overlays import facts, layout
from effects.overlays.registry import Widget, widgets
from pixelbot_site.kit.payload_fields import described

# More rows that were changed are shown once they are saved.
MAX_DRAFTS = 40


def preset(sent: QueryDict, shape: str) -> QueryDict:
    """Return the form that was sent, with each widget at its place in that format.

    Where scripts run, one of the page does the same before anything is sent.
    """
    filled = sent.copy()
    filled["format"] = shape
    filled["_continue"] = "1"
    placed: Counter[str] = Counter()
    for row in sorted(int(found[1]) for name in sent if (found := re.fullmatch(r"widgets-(\d{1,4})-kind", name))):
        made = widgets.get(sent.get(f"widgets-{row}-kind") or "")
        if made is not None:
            places = made.places(shape)
            for name, value in asdict(places[placed[made.name] % len(places)]).items():
                filled[f"widgets-{row}-{name}"] = str(value)
            placed[made.name] += 1
    return filled


def stage(overlay: Overlay) -> dict[str, Any]:
    """Return what the template of the stage shows: the overlay's page, where the presets put its widgets, and the
    fields of their options.
    """
    places = {
        shape: {name: [astuple(box) for box in made.places(shape)] for name, made in widgets.items()}
        for shape in Format.values
    }
    return {
        "page": f"{overlay.page_path()}?preview=1",
        "places": json.dumps(places),
        "formats": Format.choices,
        "options": {name: _fields(made) for name, made in widgets.items()},
    }


@require_POST
def drafts(request: HttpRequest) -> HttpResponse:
    """Return what the stage shows of rows that are not saved: what a page is told of them, with what they show now."""
    if not request.user.has_perm("effects.change_overlay"):
        raise PermissionDenied
    try:
        return JsonResponse({"widgets": layout.drafts(json.loads(request.body)["widgets"][:MAX_DRAFTS])})
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return HttpResponseBadRequest("This is no list of widgets.")


def _fields(made: Widget[Any]) -> list[dict[str, Any]]:
    fields = described(made.options)
    for field in fields:
        if field.get("source") == "counter":
            field |= {"input": "choice", "choices": list(facts.counters())}
    return fields


class WidgetForm(forms.ModelForm):  # type: ignore[type-arg]
    """A widget of an overlay: what it is, where, and its options."""

    kind = forms.ChoiceField(choices=lambda: [(name, made.title) for name, made in widgets.items()])
    name = forms.SlugField(required=False, max_length=40, help_text="Its address below the overlay's. Blank: its kind.")
    options = forms.JSONField(required=False, widget=forms.Textarea(attrs={"rows": 2, "cols": 30}))

    class Meta:
        model = OverlayWidget
        fields = ("kind", "name", "enabled", "x", "y", "width", "height", "order", "scale", "options")

    def clean(self) -> dict[str, Any]:
        """Return the values, the options as their kind of widget knows them."""
        values: dict[str, Any] = super().clean() or {}
        made = widgets.get(values.get("kind", ""))
        if made is not None:
            values["name"] = values.get("name") or made.name
            if self.instance.pk is None and not {"x", "y", "width", "height"}.intersection(self.changed_data):
                values |= asdict(made.places(self.instance.overlay.format)[0])
        if made is not None and "options" in values:
            try:
                values["options"] = made.options.model_validate(values["options"] or {}).model_dump(
                    mode="json", exclude_unset=True
                )
            except ValidationError as error:
                for one in error.errors():
                    self.add_error("options", f"{'.'.join(map(str, one['loc']))}: {one['msg']}.")
        return values


class WidgetFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """The rows of the table, each field with its name: the column's heading is no label."""

    def add_fields(self, form: Any, index: int | None) -> None:
        """Add the names, also to what Django adds itself."""
        super().add_fields(form, index)
        for name, field in form.fields.items():
            field.widget.attrs.setdefault("aria-label", str(field.label or capfirst(name)))


class WidgetInline(admin.TabularInline):  # type: ignore[type-arg]
    """The widgets of an overlay, in plain fields."""

    model = OverlayWidget
    form = WidgetForm
    formset = WidgetFormSet
    extra = 0
    ordering = ("order", "id")

    # A part of its overlay: who may change that may change the widgets.
    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("effects.view_overlay") or self.has_change_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("effects.change_overlay")

    has_add_permission = has_change_permission
    has_delete_permission = has_change_permission

"""The pages of the prize wheel: prizes with their odds, lines, and what was drawn."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Field
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from effects import wheel
from effects.admin.wheel_preview import FIELDS, Preview, preview
from effects.models import Prize, Spin, WheelLine
from pixelbot_site.kit.admin import ModelAdmin, MovingMixin, ReadOnlyAdmin
from pixelbot_site.kit.steps import Effect, planned
from pixelbot_site.kit.steps_field import in_words
from pixelbot_site.kit.trying import Trial, TryMixin, saying
from pixelbot_site.kit.words import fill


@admin.register(Prize)
class PrizeAdmin(TryMixin, MovingMixin, ModelAdmin):
    """Prizes, with their chances and how often each was won."""

    list_display = ("name", "weight", "chance", "won", "swatch", "stock", "per_viewer_limit", "what", "enabled")
    list_editable = ("weight", "enabled")
    change_form_template = "admin/effects/prize/change_form.html"
    change_list_template = "admin/effects/prize/change_list.html"

    def get_urls(self) -> list[URLPattern]:
        """Add the address that draws the wheel with what a form holds."""
        return [path("wheel/", self.admin_site.admin_view(self.draw), name="effects_prize_wheel"), *super().get_urls()]

    def draw(self, request: HttpRequest) -> HttpResponse:
        """Return the wheel and its chances as HTML, with the posted form of a prize or of the list, saving nothing."""
        if not (self.has_change_permission(request) or self.has_add_permission(request)):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if "form-TOTAL_FORMS" in request.POST:
            drawn = self._of_list(request)
        else:
            number = request.GET.get("prize", "")
            saved = Prize.objects.filter(pk=number).first() if number.isdecimal() else None
            drawn = self._of_form(request, saved)
        context = {"wheel": drawn, "draw_address": request.get_full_path()}
        return render(request, "admin/effects/prize/wheel.html", context)

    def _of_list(self, request: HttpRequest) -> Preview:
        formset = self.get_changelist_formset(request)(request.POST, queryset=Prize.objects.all())
        return preview(formset.initial_forms)

    def _of_form(self, request: HttpRequest, saved: Prize | None) -> Preview:
        form = self.get_form(request, saved, change=saved is not None, fields=FIELDS)(request.POST, instance=saved)
        return preview([form], own=form.instance, new=saved is None)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Show the wheel beside the form."""
        saved = Prize.objects.filter(pk=obj.pk).first() if (obj := context["original"]) else None
        may_save = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        if may_save and request.method == "POST":  # the form came back: with a mistake, or since it was tried
            context["wheel"] = self._of_form(request, saved)
        else:
            context["wheel"] = preview(own=saved or Prize(), new=saved is None)
        if may_save:
            query = {"prize": str(saved.pk) if saved else ""}
            context["draw_address"] = reverse("admin:effects_prize_wheel", query=query)
        return super().render_change_form(request, context, *args, **kwargs)

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """Return the field; the colour is picked."""
        if db_field.name == "colour":
            kwargs["widget"] = forms.TextInput(attrs={"type": "color"})
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.display(description="colour")
    def swatch(self, prize: Prize) -> SafeString:
        """Return the colour, and its code."""
        return format_html('<span class="swatch" style="background: {0}"></span> {0}', prize.colour)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the prizes beside the odds and what was drawn."""
        # Once for the page: each row would ask the database again.
        self.of_request.odds = dict(wheel.odds())
        counted = Spin.objects.order_by().values_list("prize").annotate(times=Count("id"))
        self.of_request.drawn = dict(counted)
        context = {"wheel": self._of_list(request) if "_save" in request.POST else preview(), **(extra_context or {})}
        if self.has_change_permission(request):
            context["draw_address"] = reverse("admin:effects_prize_wheel")
        return super().changelist_view(request, context)

    def trial(self, obj: Prize, username: str, words: str) -> Trial:
        """Return what winning the prize does."""
        names: dict[str, str | int] = {"user": username, "prize": obj.name}
        line = _line(fill(obj.line, names), spoken=True)
        return Trial((*line.effects, *planned(obj.effects, names)), line.besides)

    @admin.display(description="chance now")
    def chance(self, prize: Prize) -> str:
        """Return the chance among the prizes that can be won now."""
        return f"{odds[prize.name]:.2%}" if prize.name in (odds := self.of_request.odds) else "none"

    @admin.display(description="won so far")
    def won(self, prize: Prize) -> str:
        """Return how often the prize was won, and its share of all spins."""
        drawn: dict[int | None, int] = self.of_request.drawn
        times, total = drawn.get(prize.pk, 0), sum(drawn.values())
        return f"{times} ({times / total:.2%})" if total else "0"

    @admin.display(description="effects")
    def what(self, prize: Prize) -> str:
        """Return the prize's effects in words."""
        return in_words(prize.effects)


@admin.register(Spin)
class SpinAdmin(ReadOnlyAdmin):
    """Draws: what was drawn, when, and at what odds."""

    list_display = ("drawn_at", "viewer", "prize_name", "chance", "paid_at")
    list_filter = ("prize_name",)
    search_fields = ("viewer__key", "prize_name")
    list_select_related = ("viewer",)
    change_list_template = "admin/effects/spin/change_list.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show above the list how often each prize was drawn, and how often its odds made that likely."""
        return super().changelist_view(request, {**(extra_context or {}), "shares": wheel.shares()})

    @admin.display(description="its chance then")
    def chance(self, spin: Spin) -> str:
        """Return the prize's chance at the moment of the draw."""
        weights = {segment["name"]: segment["weight"] for segment in spin.odds}
        total = sum(weights.values())
        weight = weights.get(spin.prize_name, 0)
        return f"{weight / total:.2%}" if total else ""


@admin.register(WheelLine)
class WheelLineAdmin(TryMixin, ModelAdmin):
    """The lines said when the wheel begins, and when a prize is won."""

    list_display = ("text", "when", "spoken", "enabled")
    list_editable = ("spoken", "enabled")
    list_filter = ("when",)

    def trial(self, obj: WheelLine, username: str, words: str) -> Trial:
        """Return how the line is said."""
        return _line(fill(obj.text, {"user": username, "prize": "a prize"}), spoken=obj.spoken)


def _line(text: str, *, spoken: bool) -> Trial:
    if not text:
        return Trial(())
    effects = [Effect("speak", {"text": text, "source": "wheel"}, text)] if spoken else []
    return Trial(effects, saying(text))

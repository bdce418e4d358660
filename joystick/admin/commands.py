"""The page of the built-in commands."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from economy.viewers.roles import Role
from joystick.admin.free_words import FreeWordsForm
from joystick.chat import built_in
from joystick.models import BuiltInCommand
from pixelbot_site.kit.admin import ModelAdmin, RereadMixin


class CommandForm(FreeWordsForm):
    """A command's form, which keeps what steers the stream to moderators."""

    class Meta:
        model = BuiltInCommand
        fields = (
            "enabled", "word", "aliases", "role", "cooldown_seconds", "global_cooldown_seconds", "is_whispered",
            "is_listed",
        )  # fmt: skip

    def clean_role(self) -> int:
        """Return the role. Refuse to open what steers the stream or moves points to everybody."""
        role: int = self.cleaned_data["role"]
        entry = built_in.as_in_code().get(self.instance.key)
        if entry is not None and entry.role >= Role.MODERATOR > role:
            raise forms.ValidationError("This command stops the show or moves points: it is for moderators at least.")
        return role


@admin.register(BuiltInCommand)
class BuiltInCommandAdmin(RereadMixin, ModelAdmin):
    """The commands that the bot brings: on or off, their words, for whom, how often."""

    kept_in = (built_in.words,)
    form = CommandForm
    list_display = ("__str__", "does", "aliases", "role", "enabled")
    list_editable = ("enabled",)
    search_fields = ("word", "aliases")
    list_per_page = 100

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Leave out rows of commands that the code has no more."""
        return super().get_queryset(request).filter(key__in=list(built_in.as_in_code()))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return False: these are the commands of the code."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return False: the next start would create it again; it can be switched off."""
        return False

    @admin.display(description="what it does")
    def does(self, row: BuiltInCommand) -> str:
        """Return the line of `!help`."""
        entry = built_in.as_in_code().get(row.key)
        return entry.help() if entry is not None else ""

"""The dashboard's pages of API tokens: they are made, shown once and revoked there; and those of logins."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from pixelbot_site.kit.admin import ModelAdmin
from pixelbot_site.kit.scopes import Scope
from pixelbot_site.languages import admin as languages
from pixelbot_site.logins import admin as logins
from pixelbot_site.logins import staff_log
from pixelbot_site.models import ApiToken, scopes_of

__all__ = ["ApiTokenAdmin", "languages", "logins", "staff_log"]


class TokenForm(forms.ModelForm):  # type: ignore[type-arg]
    """The form of a new token: its name, scopes and end."""

    scopes = forms.MultipleChoiceField(
        choices=[(scope.value, scope.value) for scope in Scope], widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = ApiToken
        fields = ("name", "scopes", "ends_at")

    def clean_ends_at(self) -> datetime | None:
        """Return the end. Raise ValidationError for one that is past."""
        end: datetime | None = self.cleaned_data["ends_at"]
        if end is not None and end <= timezone.now():
            raise forms.ValidationError("This time is past.")
        return end


@admin.register(ApiToken)
class ApiTokenAdmin(ModelAdmin):
    """API tokens. Nobody can give a token scopes that they lack themselves."""

    form = TokenForm
    list_display = ("name", "scopes", "owner", "created_at", "last_used_at", "ends_at", "revoked_at")
    fields = ("name", "scopes", "ends_at")
    actions = ("revoke",)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return False: another set of scopes takes a new token."""
        return False

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        """Store a new token with those chosen scopes that its owner has, and show it this once."""
        theirs = scopes_of(request.user)
        obj.scopes = [scope for scope in form.cleaned_data["scopes"] if scope in theirs]
        obj.owner = request.user  # type: ignore[assignment]
        token = obj.make()
        obj.save()
        messages.warning(request, f"The token of {obj.name}, shown only this once: {token}")

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may make tokens."""
        return self.has_add_permission(request)

    @admin.action(description="Revoke", permissions=["revoke"])
    def revoke(self, request: HttpRequest, tokens: QuerySet[ApiToken]) -> None:
        """End the tokens for good; their rows stay. Others' tokens need the permission to delete."""
        if not self.has_delete_permission(request):
            tokens = tokens.filter(owner=request.user.pk)
        tokens.filter(revoked_at=None).update(revoked_at=timezone.now())
        self.message_user(request, "Revoked.")

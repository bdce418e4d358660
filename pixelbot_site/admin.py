"""The dashboard's pages of API tokens: they are made, shown once and revoked there."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from pixelbot_site.kit.admin import ModelAdmin
from pixelbot_site.kit.scopes import Scope
from pixelbot_site.models import PERMISSIONS, ApiToken


class TokenForm(forms.ModelForm):  # type: ignore[type-arg]
    """The form of a new token: its name and scopes."""

    scopes = forms.MultipleChoiceField(
        choices=[(scope.value, scope.value) for scope in Scope], widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = ApiToken
        fields = ("name", "scopes")


@admin.register(ApiToken)
class ApiTokenAdmin(ModelAdmin):
    """API tokens. Nobody can give a token scopes that they lack themselves."""

    form = TokenForm
    list_display = ("name", "scopes", "owner", "created_at", "last_used_at", "revoked_at")
    fields = ("name", "scopes")
    actions = ("revoke",)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return False: another set of scopes takes a new token."""
        return False

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        """Store a new token with those chosen scopes that its owner has, and show it this once."""
        chosen = [Scope(scope) for scope in form.cleaned_data["scopes"]]
        obj.scopes = [scope.value for scope in chosen if request.user.has_perm(PERMISSIONS[scope])]
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

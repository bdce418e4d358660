"""The dashboard's page of invitations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import ForeignKey, Model
from django.forms import ModelChoiceField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from pixelbot_site.kit.admin import ModelAdmin
from pixelbot_site.logins import invitations
from pixelbot_site.logins.roles import ROLES
from pixelbot_site.models import Invitation
from pixelbot_site.settings_table import LOOPBACK

HERE_ONLY = "It leads to this PC alone. For somebody elsewhere, open the dashboard by an address that they can reach."


@admin.register(Invitation)
class InvitationAdmin(ModelAdmin):
    """Invitations, for those who may add users. Nobody can invite to a role with permissions that they lack."""

    list_display = ("role", "note", "invited_by", "created_at", "standing", "used_by")
    list_select_related = ("role", "invited_by", "used_by")
    fields = ("role", "note")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(invitations.TO_INVITE)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm(invitations.TO_INVITE)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(invitations.TO_INVITE)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return False: another role takes a new invitation."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Let those who may invite take invitations back."""
        return request.user.has_perm(invitations.TO_INVITE)

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        """Offer the roles that hold no permission which the user lacks."""
        if db_field.name == "role":
            theirs = [role.pk for role in Group.objects.all() if invitations.covers(request.user, role)]
            kwargs["queryset"] = Group.objects.filter(pk__in=theirs)
            kwargs["help_text"] = " ".join(f"{name.capitalize()}: {what}." for name, what in ROLES.items())
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the form, with one button: each invitation is shown once, on a page of its own."""
        buttons = dict.fromkeys(("show_save_and_add_another", "show_save_and_continue"), False)
        context = {**(extra_context or {}), **buttons, "title": "Invite somebody"}
        return super().add_view(request, form_url, context)

    def save_model(self, request: HttpRequest, obj: Invitation, form: Any, change: bool) -> None:
        """Store the invitation, and show its address this once."""
        obj.invited_by = request.user  # type: ignore[assignment]
        token = invitations.make_token(obj)
        obj.save()
        address = request.build_absolute_uri(reverse("invitation", args=[token]))
        host = request.get_host()
        hint = HERE_ONLY if (host.rpartition(":")[0] or host) in LOOPBACK or host in LOOPBACK else ""
        sentence = (
            "The address of the invitation, shown only this once:<br><code>{}</code><br>Send it to them alone: within "
            "24 hours, whoever opens it first chooses a name and a password, and gets the role {}. {}"
        )
        messages.warning(request, format_html(sentence, address, obj.role, hint))

    def response_add(self, request: HttpRequest, obj: Invitation, post_url_continue: str | None = None) -> HttpResponse:
        """Show the list, without Django's own sentence."""
        return redirect("admin:pixelbot_site_invitation_changelist")

    @admin.display(description="ends", ordering="created_at")
    def standing(self, row: Invitation) -> datetime | str:
        """Return when it ends, or that it was used or has ended."""
        if row.used_at is not None:
            return "used"
        end = invitations.ends_at(row)
        return end if end > timezone.now() else "over"

"""Invitations: made by staff, found by their token, and used once to make a login with a role."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import AnonymousUser, Group, User
from django.db import transaction
from django.utils import timezone

from pixelbot_site.models import ApiToken, Invitation

LIFETIME = timedelta(hours=24)
TO_INVITE = "auth.add_user"


def covers(user: User | AnonymousUser, role: Group) -> bool:
    """Return whether the user has every permission of the role."""
    names = role.permissions.values_list("content_type__app_label", "codename")
    return {f"{label}.{codename}" for label, codename in names} <= user.get_all_permissions()


def make_token(invitation: Invitation) -> str:
    """Give the row a new token, unsaved, and return it. It can't be read from the row later."""
    token = secrets.token_urlsafe(32)
    invitation.digest = ApiToken.hashed(token)
    return token


def find(token: str) -> Invitation | None:
    """Return the invitation with this token, used or not. None for one whose maker may not invite to the role now."""
    row = Invitation.objects.filter(digest=ApiToken.hashed(token)).select_related("role", "invited_by").first()
    if row is None:
        return None
    maker = row.invited_by
    may_invite = maker.is_staff and maker.has_perm(TO_INVITE) and covers(maker, row.role)
    return row if may_invite else None


def ends_at(invitation: Invitation) -> datetime:
    """Return from when on the invitation is refused."""
    return invitation.created_at + LIFETIME


def use(invitation: Invitation, user: User) -> bool:
    """Store the new `user`, with its password already hashed, as staff with the role; return False if it is too late.

    Raises IntegrityError for a name that is taken meanwhile; then the invitation is not used.
    """
    now = timezone.now()
    user.is_staff = True
    with transaction.atomic():
        unused = Invitation.objects.filter(pk=invitation.pk, used_at=None, created_at__gt=now - LIFETIME)
        if not unused.update(used_at=now):  # of two who come at once, one changes the row
            return False
        user.save()
        user.groups.add(invitation.role)
        Invitation.objects.filter(pk=invitation.pk).update(used_by=user)
        message = f"Made by an invitation of {invitation.invited_by} to the role {invitation.role}."
        LogEntry.objects.log_actions(user.pk, [user], ADDITION, message, single_object=True)
    return True

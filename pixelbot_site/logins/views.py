"""The page of an invitation: whoever has its address chooses a name and a password there. It needs no login."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth import login
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import User
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from pixelbot_site.logins import guesses, invitations
from pixelbot_site.models import Invitation

UNKNOWN = "There is no such invitation, or it was taken back. Ask for a new one."
USED = "This invitation was used. Log in with the name and the password that were chosen then."
OVER = "This invitation was good for 24 hours, which are over. Ask for a new one."


@never_cache
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show the form; by POST, make the login and log it in."""
    row = invitations.find(token)
    if row is None:
        if guesses.is_throttled(request, "invitation"):
            return _page(request, "Too many wrong addresses. Wait a minute.", status=429)
        return _page(request, UNKNOWN, status=404)
    if row.used_at is not None:
        return _page(request, USED, status=410)
    if invitations.ends_at(row) <= timezone.now():
        return _page(request, OVER, status=410)
    # Looking uses nothing up: chat programs look at the links in a message by themselves.
    return _form(request, row)


def _form(request: HttpRequest, row: Invitation) -> HttpResponse:
    form: UserCreationForm[User] = UserCreationForm(request.POST or None)
    if not form.is_valid():
        return _page(request, form=form, row=row)
    user = form.save(commit=False)  # hashes the password, which takes too long to do in a transaction
    try:
        if not invitations.use(row, user):
            return _page(request, USED, status=410)
    except IntegrityError:
        form.add_error("username", "Somebody has just taken this name.")
        return _page(request, form=form, row=row)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect("admin:index")


def _page(
    request: HttpRequest,
    sentence: str = "",
    *,
    form: UserCreationForm[User] | None = None,
    row: Invitation | None = None,
    status: int = 200,
) -> HttpResponse:
    site = admin.site
    context = {
        "site_title": site.site_title,
        "site_header": site.site_header,
        "title": "Invitation",
        "sentence": sentence,
        "form": form,
        "invitation": row,
    }
    return render(request, "admin/invitation.html", context, status=status)

"""The channels the bot is on, and the buttons that connect, try again and disconnect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from joystick.account import oauth, scopes, views
from joystick.channel import health
from joystick.models import Connection, Install
from pixelbot_site.kit.admin import ReadOnlyAdmin, log_deed, page_before


@admin.register(Install)
class InstallAdmin(ReadOnlyAdmin):
    """The channels the bot is on, and the buttons that connect and disconnect them."""

    list_display = ("username", "standing", "connected_at", "expires_at", "last_event_at")
    fields = (
        "username",
        "channel_id",
        "standing",
        "scopes",
        "connected_at",
        "refreshed_at",
        "expires_at",
        "created_at",
        "last_event_at",
    )
    search_fields = ("username", "channel_id")
    change_list_template = "admin/joystick/install/change_list.html"
    change_form_template = "admin/joystick/install/change_form.html"

    @admin.display(description="connection")
    def standing(self, install: Install) -> str | SafeString:
        """Return whether the channel is connected, or what is wrong."""
        if install.trouble:
            return format_html('<span style="color: var(--error-fg)">needs reconnecting: {}</span>', install.trouble)
        if install.access_token:
            return "connected"
        return "disconnected" if install.connected_at else "events come in, but it was not connected by the button"

    def get_urls(self) -> list[URLPattern]:
        """Return the URLs, with those of the way through the consent page."""
        own = [
            path("connect/", self._guarded(views.begin), name="joystick_install_connect"),
            path("callback/", self._guarded(views.callback), name="joystick_install_callback"),
            path("try/", self._guarded(require_POST(self.try_now)), name="joystick_install_try"),
            path("<int:install_id>/disconnect/", self._guarded(views.disconnect), name="joystick_install_disconnect"),
        ]
        return own + super().get_urls()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the list with the buttons that connect a channel, and that try a refused connection now.

        With a `scope` in the address, one that connects again and asks for it, too.
        """
        scope = request.GET.get("scope", "")
        query = request.GET.copy()
        query.pop("scope", None)  # or the list would take it for a filter
        request.GET = query  # type: ignore[assignment]
        context = {
            "scope": scope if scopes.is_known(scope) else "",
            "may_connect": self._may_connect(request),
            "is_configured": oauth.is_configured() and not settings.DEMO,
            "is_connected": Install.objects.exclude(access_token="").exists(),
            "is_demo": settings.DEMO,
            "is_refused": Connection.objects.filter(state="refused").exists(),
        }
        return super().changelist_view(request, {**(extra_context or {}), **context})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show a channel with the button that disconnects it."""
        context = {**(extra_context or {}), "may_connect": self._may_connect(request)}
        return super().change_view(request, object_id, form_url, context)

    def try_now(self, request: HttpRequest) -> HttpResponse:
        """Have the listener try a refused connection at once, rather than when it is due."""
        health.request_try()
        log_deed(request, Install, "Had a refused connection tried again.")
        messages.success(request, "The bot tries to connect now.")
        return redirect(page_before(request, reverse("admin:joystick_install_changelist")))

    def _may_connect(self, request: HttpRequest) -> bool:
        return request.user.has_perm("joystick.change_install")

    def _guarded(self, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        def guarded(request: HttpRequest, **arguments: Any) -> HttpResponse:
            if not self._may_connect(request):
                raise PermissionDenied
            return view(request, **arguments)

        return self.admin_site.admin_view(guarded)

"""What came from Joystick, how we stand with it, and what shall come of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString

from economy.ledger import audit, xp
from effects.obs import names
from joystick import reactions
from joystick.account import oauth, views
from joystick.channel import streams
from joystick.gateway import health as connection
from joystick.inbox import receive
from joystick.models import Connection, Gap, InboundEvent, Install, Reaction, Stream
from joystick.protocol import kinds
from pixelbot_site.kit import rules
from pixelbot_site.kit.admin import ModelAdmin, ReadOnlyAdmin


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
        """Connected, or what is wrong."""
        if install.trouble:
            return format_html('<span style="color: var(--error-fg)">needs reconnecting: {}</span>', install.trouble)
        if install.access_token:
            return "connected"
        return "disconnected" if install.connected_at else "heard from; not connected by the button"

    def get_urls(self) -> list[URLPattern]:
        """With the way through the consent page."""
        own = [
            path("connect/", self._guarded(views.begin), name="joystick_install_connect"),
            path("callback/", self._guarded(views.callback), name="joystick_install_callback"),
            path("<int:install_id>/disconnect/", self._guarded(views.disconnect), name="joystick_install_disconnect"),
        ]
        return own + super().get_urls()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With the button."""
        more = {
            "may_connect": self._may(request),
            "is_configured": oauth.is_configured() and not settings.DEMO,
            "is_connected": Install.objects.exclude(access_token="").exists(),
            "is_demo": settings.DEMO,
        }
        return super().changelist_view(request, {**(extra_context or {}), **more})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With the other one."""
        may = {"may_connect": self._may(request)}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **may})

    def _may(self, request: HttpRequest) -> bool:
        return request.user.has_perm("joystick.change_install")

    def _guarded(self, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        def guarded(request: HttpRequest, **more: Any) -> HttpResponse:
            if not self._may(request):
                raise PermissionDenied
            return view(request, **more)

        return self.admin_site.admin_view(guarded)


class KnownFilter(admin.SimpleListFilter):
    """Kinds that the bot does not know: the platform may have something new."""

    title = "known to the bot"
    parameter_name = "known"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Known or not."""
        return [("yes", "known"), ("no", "unknown kinds")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[InboundEvent]) -> QuerySet[InboundEvent]:
        """By the table of kinds."""
        known = [*kinds.BUILDERS, receive.COMPLAINT, receive.UNREADABLE]
        if self.value() == "no":
            return queryset.exclude(kind__in=known)
        return queryset.filter(kind__in=known) if self.value() == "yes" else queryset


@admin.register(InboundEvent)
class InboundEventAdmin(ReadOnlyAdmin):
    """Every event, as it came and what became of it."""

    list_display = ("received_at", "kind", "username", "text", "tokens", "state")
    list_filter = ("state", KnownFilter, "kind", "received_at")
    search_fields = ("username", "uid", "text")
    actions = ("handle_again",)

    def has_handle_permission(self, request: HttpRequest) -> bool:
        """Handling pays points: looking at rows is not enough."""
        return request.user.has_perm("joystick.change_inboundevent")

    @admin.action(description="Handle the failed ones again", permissions=["handle"])
    def handle_again(self, request: HttpRequest, rows: QuerySet[InboundEvent]) -> None:
        """For events whose handler failed, once the cause is mended."""
        well = receive.again(list(rows))
        self.message_user(request, f"{well} of {len(rows)} chosen events are handled now.")


@admin.register(Connection)
class ConnectionAdmin(ReadOnlyAdmin):
    """How we stand with the gateway."""

    list_display = ("state", "detail", "since", "last_frame", "reconnects_today", "events_per_minute", "holder")
    fields = list_display

    def get_queryset(self, request: HttpRequest) -> QuerySet[Connection]:
        """Takes the figures along, once for the page."""
        self.health = connection.health()
        queryset: QuerySet[Connection] = super().get_queryset(request)
        return queryset

    @admin.display(description="last frame")
    def last_frame(self, row: Connection) -> str:
        """How long ago."""
        return "none yet" if self.health.age is None else f"{self.health.age:.0f} s ago"

    @admin.display
    def reconnects_today(self, row: Connection) -> int:
        """How often the line was lost and found since midnight."""
        return self.health.reconnects_today

    @admin.display
    def events_per_minute(self, row: Connection) -> int:
        """In the last minute."""
        return self.health.events_per_minute


@admin.register(Gap)
class GapAdmin(ReadOnlyAdmin):
    """When we heard nothing."""

    list_display = ("began_at", "ended_at", "reason")


@admin.register(Stream)
class StreamAdmin(ReadOnlyAdmin):
    """When the channel was live, and what happened meanwhile."""

    list_display = ("started_at", "ended_at", "events", "tokens", "new_viewers", "points_minted", "points_spent")
    fields = (*list_display, "top_viewers")

    def figures_of(self, stream: Stream) -> dict[str, Any]:
        """As counted at its end; of one that is on, as of now: counted once for the page, and not kept."""
        if stream.ended_at is None and not stream.figures:
            stream.figures = streams.figures(stream)
        figures: dict[str, Any] = stream.figures
        return figures

    @admin.display
    def events(self, stream: Stream) -> int | None:
        """How many events came."""
        return self.figures_of(stream).get("events")

    @admin.display
    def tokens(self, stream: Stream) -> int | None:
        """Tips and wheel spins."""
        return self.figures_of(stream).get("tokens")

    @admin.display
    def new_viewers(self, stream: Stream) -> int | None:
        """Seen for the first time."""
        return self.figures_of(stream).get("new_viewers")

    @admin.display
    def points_minted(self, stream: Stream) -> int | None:
        """Given to viewers."""
        return self.figures_of(stream).get("points_minted")

    @admin.display
    def points_spent(self, stream: Stream) -> int | None:
        """Paid by viewers, less what went back."""
        return self.figures_of(stream).get("points_spent")

    @admin.display
    def top_viewers(self, stream: Stream) -> str:
        """Who earned most."""
        return ", ".join(f"{name} {earned}" for name, earned in self.figures_of(stream).get("top_viewers", []))


class ReactionForm(forms.ModelForm):  # type: ignore[type-arg]
    """Says what could not work."""

    class Meta:
        model = Reaction
        fields = ("trigger", "subject", "line", "effects", "enabled")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        now = rules.current()
        self.fields["trigger"].help_text = (
            f"A tip is low up to {now.tip_low_max} tokens, medium up to {now.tip_medium_max}, high up to "
            f"{now.tip_high_max}, extreme up to {now.tip_extreme_max} (.env)."
        )

    def clean(self) -> dict[str, Any]:
        """What could not work is said now, not in the middle of a stream."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors:
            self.instance = forms.models.construct_instance(self, self.instance)
            for field, mistake in reactions.mistakes(self.instance):
                self.add_error(field, mistake)
        return cleaned


@admin.register(Reaction)
class ReactionAdmin(ModelAdmin):
    """What shall happen on an occasion."""

    form = ReactionForm
    list_display = ("trigger", "subject", "line", "what", "enabled")
    list_editable = ("enabled",)
    list_filter = ("trigger", "enabled")

    @admin.display(description="effects")
    def what(self, reaction: Reaction) -> str:
        """The kinds."""
        return ", ".join(str(step.get("kind")) for step in reaction.effects)


def standing() -> str:
    """One sentence: whose channel, and how the line is."""
    health = connection.health()
    if health.state == "connected":
        install = Install.objects.filter(last_event_at__isnull=False).order_by("-last_event_at").first()
        where = f" to the channel of {install}" if install else ""
        return f"The bot is connected{where}; {health.events_per_minute} events in the last minute."
    if health.state == "off":
        return f"The bot is not connected{': ' + health.detail if health.detail else ''}."
    return f"The bot is {health.state}{': ' + health.detail if health.detail else ''}."


def trouble() -> list[str]:
    """What staff must know on every page: a channel to be reconnected, a line that does not stand."""
    installs = Install.objects.exclude(trouble="")
    said = [f"{install} needs reconnecting: {install.trouble}" for install in installs]
    curve = "The levels were made by another curve: run manage.py recompute_levels." if xp.stale() else ""
    return [line for line in (*said, connection.trouble(), audit.latest_fault(), curve, *names.missing()) if line]

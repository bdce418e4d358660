"""The page of streams, with their figures."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from joystick.channel import streams
from joystick.models import Install, Stream
from pixelbot_site.kit.admin import ReadOnlyAdmin


@admin.register(Stream)
class StreamAdmin(ReadOnlyAdmin):
    """The times that the channel was live, and what happened then."""

    list_display = ("started_at", "ended_at", "events", "tokens", "new_viewers", "points_minted", "points_spent")
    fields = (*list_display, "top_viewers")

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Return the columns: with the channel where the bot is on several."""
        return (*self.list_display, "channel") if len(Install.in_use()) > 1 else self.list_display

    def get_fields(self, request: HttpRequest, obj: Stream | None = None) -> tuple[str, ...]:
        """Return the fields: who earned most is for those who may see viewers."""
        return self.fields if request.user.has_perm("economy.view_viewer") else self.list_display

    @admin.display
    def channel(self, stream: Stream) -> str:
        """Return the streamer's name, or Joystick's id of the channel."""
        install = Install.objects.filter(channel_id=stream.channel_id).first()
        return str(install or stream.channel_id)

    def figures_of(self, stream: Stream) -> dict[str, Any]:
        """Return the figures counted at the stream's end; for one that is on, those of now, which are not stored."""
        # Kept on the object, so that they are counted once for all columns.
        if stream.ended_at is None and not stream.figures:
            stream.figures = streams.figures(stream)
        figures: dict[str, Any] = stream.figures
        return figures

    @admin.display
    def events(self, stream: Stream) -> int | None:
        return self.figures_of(stream).get("events")

    @admin.display
    def tokens(self, stream: Stream) -> int | None:
        """Return the tokens of tips and of Joystick's wheel."""
        return self.figures_of(stream).get("tokens")

    @admin.display
    def new_viewers(self, stream: Stream) -> int | None:
        """Return how many viewers were seen for the first time."""
        return self.figures_of(stream).get("new_viewers")

    @admin.display
    def points_minted(self, stream: Stream) -> int | None:
        """Return the points given to viewers."""
        return self.figures_of(stream).get("points_minted")

    @admin.display
    def points_spent(self, stream: Stream) -> int | None:
        """Return the points that viewers paid, less refunds."""
        return self.figures_of(stream).get("points_spent")

    @admin.display
    def top_viewers(self, stream: Stream) -> str:
        """Return who earned most."""
        return ", ".join(f"{name} {earned}" for name, earned in self.figures_of(stream).get("top_viewers", []))

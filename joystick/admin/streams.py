"""The page of streams, with their figures."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from joystick.channel import streams
from joystick.models import Stream
from pixelbot_site.kit.admin import ReadOnlyAdmin


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

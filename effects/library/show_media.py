"""Show one of the streamer's pictures or videos, with words or without."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from effects.media import library
from effects.models import QueueItem
from effects.overlays import pages
from effects.overlays.onscreen import OnScreen
from effects.registry import Card, EffectKind, Group, OverlayTask, Payload, register
from effects.settings_table import QueueSettings
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Failed, Refused

NO_SUCH = phrases.refusal("show_media.no_such", "there is no picture or video called {name}")

# Of a picture, and of a text whose picture is gone.
DEFAULT_SECONDS = 5.0


class ShowMedia(Payload):
    """`media`: its name. Without `seconds`, a video plays once, and a picture stays for 5 s; with them, a video that
    is shorter begins again. A video is muted unless `sound` is ticked.
    """

    media: str = Field(
        min_length=1,
        max_length=40,
        title="Picture or video",
        description="Its name, as in your library.",
        json_schema_extra={"from": "media"},
    )
    text: str = Field("", max_length=500, description="Words below it.")
    place: Literal["centre", "top-left", "top-right", "bottom-left", "bottom-right", "full"] = Field(
        "centre", description="Where on the screen; full fills it."
    )
    seconds: float | None = Field(
        None,
        ge=1,
        le=600,
        description="Blank: a video plays once, a picture stays for 5 seconds.",
        json_schema_extra={"unit": "seconds"},
    )
    sound: bool = Field(False, description="A video is heard, too.")
    volume: float = Field(1.0, ge=0, le=1, description="1 is the video's own volume, 0 is silence.")


@register
class ShowMediaKind(EffectKind[ShowMedia]):
    """A picture or video. Where its file is missing, its text is shown alone."""

    name = "show_media"
    lane = "effect"
    repeatable = True
    payload = ShowMedia
    card = Card(Group.SCREEN, "Picture or video", "Shows a picture or video of your library, with words or without.")

    def require_ready(self) -> None:
        pages.require_open("media")

    def require_usable(self, payload: ShowMedia) -> None:
        if library.known(payload.media) is None and not payload.text:
            raise Refused(NO_SUCH(name=payload.media))

    def perform(self, item: QueueItem, payload: ShowMedia) -> OverlayTask:
        """Have the overlays show it. Raise Failed where there is neither a file nor a text."""
        media = library.whole(payload.media)
        text = OnScreen.now().text(payload.text)
        if media is None and not text:
            raise Failed(NO_SUCH(name=payload.media))
        seconds = self.seconds(payload)
        message = {
            "type": "media",
            "media": library.address(media) if media else "",
            "video": bool(media and media.is_video),
            "loops": payload.seconds is not None,
            "volume": payload.volume if payload.sound else 0,
            "place": payload.place,
            "text": text,
            "seconds": seconds,
        }
        return OverlayTask(message, seconds=seconds)

    def seconds(self, payload: ShowMedia) -> float:
        """Return the seconds asked for, else the video's length."""
        media = None if payload.seconds else library.known(payload.media)
        length = media.seconds if media and media.is_video else None
        return min(payload.seconds or length or DEFAULT_SECONDS, QueueSettings.current().queue_item_max_seconds)

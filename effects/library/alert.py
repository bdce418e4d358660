"""Show a line in large letters for a few seconds: in one of several designs, with a picture and a sound if wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from effects.media import library, sounds
from effects.models import QueueItem, Sound
from effects.overlays import pages
from effects.overlays.onscreen import OnScreen, unmarked
from effects.registry import Card, EffectKind, Group, OverlayTask, Payload, register
from effects.settings_table import QueueSettings


class Alert(Payload):
    """`seconds`: how long it is shown; a sound that lasts longer is heard to its end before the next alert begins."""

    text: str = Field(
        min_length=1,
        max_length=500,
        description="The large line. Words between asterisks stand out, as in *{user}* is here.",
    )
    detail: str = Field("", max_length=300, description="A smaller line below it.")
    design: Literal["card", "banner", "words", "ribbon", "toast"] = Field(
        "card",
        description="card: a box. banner: a bar from side to side. words: large letters without a box. ribbon: a strip "
        "in the accent's colour. toast: a small box.",
    )
    accent: str = Field(
        "",
        pattern=r"^(#[0-9a-fA-F]{6})?$",
        description="The colour of what stands out. Blank: the theme's.",
        json_schema_extra={"format": "colour"},
    )
    place: Literal["usual", "centre", "top", "bottom", "top-left", "top-right", "bottom-left", "bottom-right"] = Field(
        "usual",
        description="Where in the alert box's place. usual: a toast at the top right, a banner at the bottom, others "
        "in the centre.",
    )
    media: str = Field(
        "",
        max_length=40,
        title="Picture or video",
        description="Its name, as in your library. A video is muted.",
        json_schema_extra={"from": "media"},
    )
    layout: Literal["above", "beside", "behind"] = Field(
        "above", description="Where the picture or video is: above, beside or behind the words."
    )
    sound: str = Field(
        "",
        max_length=40,
        description="The name of one of your sounds, or one of its aliases.",
        json_schema_extra={"from": "sound"},
    )
    volume: float = Field(1.0, ge=0, le=1, description="Of the sound: 1 is its own volume, 0 is silence.")
    seconds: float = Field(5.0, ge=1, le=60, description="How long it is shown.", json_schema_extra={"unit": "seconds"})


@register
class AlertKind(EffectKind[Alert]):
    """An alert. Where its picture, video or sound is missing, its words are shown without."""

    name = "alert"
    lane = "notification"
    repeatable = True
    payload = Alert
    card = Card(
        Group.SCREEN,
        "Alert",
        "Shows a line in large letters for a few seconds, with a picture and a sound if you like.",
    )

    def require_ready(self) -> None:
        pages.require_open("alert")

    def perform(self, item: QueueItem, payload: Alert) -> OverlayTask:
        """Have the overlays show it, with the streamer's word filters applied."""
        screen = OnScreen.now()
        parts, detail_parts = screen.parts(payload.text), screen.parts(payload.detail)
        media, sound = library.whole(payload.media), sounds.named(payload.sound)
        message = {
            "type": "alert",
            "text": "".join(parts),
            "parts": parts,
            "detail": "".join(detail_parts),
            "detail_parts": detail_parts,
            "design": payload.design,
            "accent": payload.accent,
            "place": payload.place,
            "layout": payload.layout,
            "media": library.address(media) if media else "",
            "video": bool(media and media.is_video),
            "sound": sounds.address(sound) if sound else "",
            "volume": sounds.volume(sound, payload.volume) if sound else 0,
            "sound_seconds": sound.seconds if sound else 0,
            "seconds": payload.seconds,
        }
        return OverlayTask(message, seconds=_length(payload, sound))

    def seconds(self, payload: Alert) -> float:
        """Return how long it is shown, or heard where that is longer."""
        return _length(payload, sounds.named(payload.sound))

    def titled(self, title: str) -> str:
        """Return it without asterisks."""
        return unmarked(title)

    def sort(self, payload: Mapping[str, Any]) -> str:
        """Return the same for all: of the bot's own alerts, the oldest that waits goes first."""
        return self.name


def _length(payload: Alert, sound: Sound | None) -> float:
    return min(max(payload.seconds, sound.seconds if sound else 0), QueueSettings.current().queue_item_max_seconds)

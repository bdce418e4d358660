"""What is found out about an uploaded file, and why one is refused."""

from __future__ import annotations

from dataclasses import dataclass, replace

from effects.models import MediaKind
from effects.settings_table import MediaSettings
from pixelbot_site.kit.errors import Failed

# What the server sends, whatever was uploaded.
TYPES = {
    MediaKind.PNG: "image/png",
    MediaKind.JPG: "image/jpeg",
    MediaKind.WEBP: "image/webp",
    MediaKind.GIF: "image/gif",
    MediaKind.APNG: "image/png",
    MediaKind.WEBM: "video/webm",
    MediaKind.MP4: "video/mp4",
}

# The most parts (chunks, blocks, elements) of a file. A film of ten minutes has fewer; reading more takes seconds.
MAX_PARTS = 200_000
TOO_MANY = "it has more parts than a picture or video needs: save it anew"
CUT_OFF = "it is cut off or broken: its parts do not fit together"


@dataclass(frozen=True, slots=True)
class Facts:
    """A file as it will be kept: its kind, its cleaned bytes, and what is known of it. 0 or None: not known."""

    kind: MediaKind
    data: bytes
    width: int = 0
    height: int = 0
    seconds: float | None = None
    is_decoded: bool = False

    def with_report(self, report: Facts | None) -> Facts:
        """Return these facts with what the browser's `report` adds. What the file itself says is not replaced."""
        if report is None:
            return self
        return replace(
            self,
            width=self.width or report.width,
            height=self.height or report.height,
            seconds=self.seconds or report.seconds,
            is_decoded=True,
        )


def require_fitting(facts: Facts) -> None:
    """Raise Failed, with a sentence, for what is larger or longer than the settings allow, or has no size or length."""
    limits = MediaSettings.current()
    side = max(facts.width, facts.height)
    if side > limits.media_max_side:
        raise Failed(f"it is {facts.width} × {facts.height} pixels; at most {limits.media_max_side} a side are allowed")
    if not facts.width or not facts.height:
        raise Failed("its size is not in its header: upload it with a browser that runs scripts, or save it anew")
    if facts.kind in (MediaKind.MP4, MediaKind.WEBM):
        if not facts.seconds:
            raise Failed("its length is not in its header: upload it with a browser that runs scripts, or save it anew")
        if facts.seconds > limits.media_max_seconds:
            raise Failed(f"it lasts {facts.seconds:.1f} s; at most {limits.media_max_seconds} s are allowed")

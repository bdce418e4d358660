"""Sound files by name: the streamer's in `DATA_DIR/sounds`, then the ones shipped with the bot."""

from __future__ import annotations

import wave
from pathlib import Path

from django.conf import settings

SHIPPED = Path(__file__).resolve().parent / "static" / "effects" / "sounds"


def find(name: str) -> Path | None:
    """The file called `name` (a plain name: no folder is ever left), or None."""
    if not name or Path(name).name != name:
        return None
    return next((folder / name for folder in (settings.SOUNDS_DIR, SHIPPED) if (folder / name).is_file()), None)


def pre_sound() -> Path | None:
    """The file that comes before speech, or None where there is none."""
    return find(settings.TTS_PRE_SOUND)


def seconds(path: Path) -> float:
    """The length of a sound: exact for WAV; for other formats, which a browser plays too, 3 s are assumed."""
    try:
        with wave.open(str(path), "rb") as file:
            return file.getnframes() / file.getframerate()
    except (wave.Error, EOFError):
        return 3.0

"""The engines that speak. A new one is a class and a line in ENGINES."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from effects.voice.studio import Studio

MAX_CAPTION_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Style:
    """`voice`: the engine's name for one ("" is its default); `rate`: words a minute; `volume`: 0 to 1."""

    voice: str = ""
    rate: int = 170
    volume: float = 1.0


@dataclass(frozen=True, slots=True)
class Spoken:
    """A speech: a complete WAV file, or None where the overlay speaks or only shows the text; and its seconds."""

    wav: bytes | None
    seconds: float
    by_browser: bool = False


class Engine(Protocol):
    """What every engine can do."""

    def speak(self, text: str, style: Style) -> Spoken:
        """Speak `text`. Raises Failed, with the reason, when it can't."""


class InStudio:
    """An engine that runs in the studio's child process, and whose WAVs are levelled there."""

    def __init__(self, studio: Studio, name: str) -> None:
        self._studio, self._name = studio, name

    def speak(self, text: str, style: Style) -> Spoken:
        """A WAV, levelled."""
        wav, seconds = self._studio.speak(text, self._name, style.voice, style.rate, style.volume)
        return Spoken(wav, seconds)


class Browser:
    """The overlay's own voices (speechSynthesis). How long it takes is estimated; the overlay says when it is over."""

    def speak(self, text: str, style: Style) -> Spoken:
        """Nothing is made here."""
        return Spoken(None, estimated_seconds(text, style.rate) * 2, by_browser=True)


class Silent:
    """No voice: the overlay shows the text for as long as one reads it."""

    def speak(self, text: str, style: Style) -> Spoken:
        """Nothing is made here."""
        return Spoken(None, min(1.5 + estimated_seconds(text, 200), MAX_CAPTION_SECONDS))


def estimated_seconds(text: str, rate: int) -> float:
    """How long speaking `text` takes at so many words a minute, a word being five characters and a space."""
    return max(1.0, len(text) / 6 * 60 / rate)


ENGINES: dict[str, Callable[[Studio], Engine]] = {
    "pyttsx3": lambda studio: InStudio(studio, "pyttsx3"),
    "piper": lambda studio: InStudio(studio, "piper"),
    "browser": lambda studio: Browser(),
    "none": lambda studio: Silent(),
}

"""The engines that speak. To add one, write a class and add a line to ENGINES."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from effects.settings_table import MAX_SPEECH_SECONDS
from effects.voice.studio import Studio, TooLong
from pixelbot_site.kit.voices import Voice

# A caption without a voice stays no longer than this, however long the text is.
MAX_CAPTION_SECONDS = 15.0
# How fast people read, in words a minute, and what they need to notice that there is a text.
READING_RATE = 200
NOTICE_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Style:
    """How to speak. `voice`: the engine's own name of a voice, "" for its default; `rate`: words a minute; `volume`:
    0 to 1.
    """

    voice: str = ""
    rate: int = 170
    volume: float = 1.0


@dataclass(frozen=True, slots=True)
class Spoken:
    """A speech and its seconds. `wav`: a complete WAV file; None where the overlay speaks or only shows the text."""

    wav: bytes | None
    seconds: float
    by_browser: bool = False


class Engine(Protocol):
    """What every engine can do."""

    def speak(self, text: str, style: Style, *, max_seconds: float = MAX_SPEECH_SECONDS) -> Spoken:
        """Speak `text`. Raise TooLong when that would take more than `max_seconds`, Refused when the text can't be
        spoken, Failed when nothing can.
        """

    def voices(self) -> tuple[Voice, ...]:
        """Return the voices that it can speak with, as far as the bot knows them. Raise Failed if it can't tell."""


class InStudio:
    """An engine that runs in the studio's child process, which also levels its WAVs."""

    def __init__(self, studio: Studio, name: str) -> None:
        self._studio, self._name = studio, name

    def speak(self, text: str, style: Style, *, max_seconds: float = MAX_SPEECH_SECONDS) -> Spoken:
        """Return a levelled WAV."""
        wav, seconds = self._studio.speak(
            text, self._name, style.voice, style.rate, style.volume, max_seconds=max_seconds
        )
        return Spoken(wav, seconds)

    def voices(self) -> tuple[Voice, ...]:
        """Return what the child process finds."""
        return self._studio.voices(self._name)


class Browser:
    """The overlay's own voices (speechSynthesis)."""

    def speak(self, text: str, style: Style, *, max_seconds: float = MAX_SPEECH_SECONDS) -> Spoken:
        """Return no WAV, and a generous estimate of the seconds."""
        seconds = longest_seconds(text, style.rate)
        if seconds > max_seconds:
            raise TooLong(seconds)
        # The overlay reports the end itself; this is the time after which the bot stops waiting for it.
        return Spoken(None, min(seconds * 2, max_seconds), by_browser=True)

    def voices(self) -> tuple[Voice, ...]:
        """Return none: only the overlay's browser knows them."""
        return ()


class Silent:
    """No voice: the overlay shows the text for as long as it takes to read it."""

    def speak(self, text: str, style: Style, *, max_seconds: float = MAX_SPEECH_SECONDS) -> Spoken:
        """Return no WAV, and the time to read `text`, which is short enough for any limit."""
        return Spoken(None, min(NOTICE_SECONDS + estimated_seconds(text, READING_RATE), MAX_CAPTION_SECONDS))

    def voices(self) -> tuple[Voice, ...]:
        """Return none."""
        return ()


def estimated_seconds(text: str, rate: int) -> float:
    """Return how long it takes to speak `text` at `rate` words a minute, at least a second."""
    # A word counts as five characters and a space, as typists count.
    return max(1.0, len(text) / 6 * 60 / rate)


def longest_seconds(text: str, rate: int) -> float:
    """Return how long a voice takes at most or nearly so, whatever the script: also for single letters, and digits."""
    words = max(sum(map(_letters, text)) / 6, len(text.split()))
    return max(1.0, words * 60 / rate)


def _letters(character: str) -> int:
    """Return how many letters of a word take as long to say."""
    if unicodedata.east_asian_width(character) in "WF" or character.isdigit():
        return 4  # a syllable or more
    # Scripts without capitals write syllables, but for those from right to left, which leave vowels out.
    is_syllable = unicodedata.category(character) == "Lo" and unicodedata.bidirectional(character) == "L"
    return 2 if is_syllable else 1


ENGINES: dict[str, Callable[[Studio], Engine]] = {
    "pyttsx3": lambda studio: InStudio(studio, "pyttsx3"),
    "piper": lambda studio: InStudio(studio, "piper"),
    "browser": lambda studio: Browser(),
    "none": lambda studio: Silent(),
}

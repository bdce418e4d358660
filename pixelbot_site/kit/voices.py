"""The voices that the bot can speak with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pixelbot_site.kit.hooks import Hook


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice: the engine's own name of it, its name for people, and its language like `en-us` ("" if unknown)."""

    id: str
    name: str
    language: str = ""

    def __str__(self) -> str:
        return f"{self.name}, {self.language}" if self.language else self.name

    def is_called(self, text: str) -> bool:
        """Return whether a setting means this voice: engines take its name and its language, too."""
        return text.casefold() in {self.id.casefold(), self.name.casefold(), self.language.casefold()}


@dataclass(frozen=True, slots=True)
class Voices:
    """The voices of an engine. `is_browsers`: only a browser knows them; `reason`: why they could not be listed."""

    engine: str
    known: tuple[Voice, ...] = ()
    is_browsers: bool = False
    reason: str = ""

    def lacks(self, text: str) -> bool:
        """Return whether `text`, which is stored somewhere, is certainly no voice of the engine."""
        return bool(text and self.known) and not any(voice.is_called(text) for voice in self.known)

    def options(self, chosen: Iterable[str] = ()) -> Iterator[tuple[str, str]]:
        """Yield (what is stored, what people read): what is `chosen`, installed or not, then every other voice."""
        first = [text for text in chosen if text]
        for text in first:
            voice = next((voice for voice in self.known if voice.is_called(text)), None)
            yield text, str(voice) if voice else f"{text} (not installed)" if self.known else text
        yield from ((voice.id, str(voice)) for voice in self.known if voice.id not in first)


installed_voices = Hook[[], Voices](
    "installed_voices", __name__, "Return the voices of the engine that the settings name."
)


def installed() -> Voices:
    """Return the voices that can be chosen now."""
    return installed_voices.call()[0]

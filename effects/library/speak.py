"""Speak a text: synthesized here and played by the overlays, or spoken by their browser, or only shown."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic import Field

from effects import voice
from effects.media import sounds
from effects.models import QueueItem, SpeechSource, ViewerVoice
from effects.overlays import pages
from effects.overlays.onscreen import SOMEBODY, OnScreen
from effects.registry import Card, EffectKind, Group, OverlayTask, Payload, register
from effects.settings_table import VoiceSettings
from effects.voice import speech
from effects.voice.engines import estimated_seconds
from effects.voice.speakable import shorten, spoken_name
from pixelbot_site.kit import phrases, stored_files
from pixelbot_site.kit.errors import Failed, Refused
from pixelbot_site.kit.steps import MAX_TEXT

log = logging.getLogger("tts")

# How often a text that lasts too long is cut and spoken anew.
MAX_CUTS = 4

TOO_LONG = phrases.refusal("voice.too_long", "it takes {seconds} s to say that, and the limit is {limit} s")
TOO_LONG_EVEN_CUT = phrases.refusal("voice.too_long_even_cut", "the text is too long to be spoken, even cut off")
NOT_STORED = phrases.refusal("voice.not_stored", "the speech could not be stored")


class Speak(Payload):
    """`source` (redeem, level, tip, wheel, system) chooses prefix and pre-sound; the settings fill in what is None."""

    text: str = Field(min_length=1, max_length=MAX_TEXT, description="What is said.")
    source: str = Field(
        "system", max_length=20, description="Chooses what comes before the text: redeem, level, tip, wheel or system."
    )
    voice: str = Field(
        "", max_length=200, description="One of the installed voices.", json_schema_extra={"from": "voice"}
    )
    rate: int | None = Field(
        None, ge=50, le=500, description="Blank: as in the settings.", json_schema_extra={"unit": "words a minute"}
    )
    volume: float | None = Field(None, ge=0, le=1, description="1 is loud, 0 is silence. Blank: as in the settings.")


@register
class SpeakKind(EffectKind[Speak]):
    """Speech. It is synthesized while the item before it plays."""

    name = "speak"
    lane = "tts"
    repeatable = True
    payload = Speak
    card = Card(Group.VOICE, "Speak a text", "Says a text aloud and shows it.")
    is_slow = True

    def perform(self, item: QueueItem, payload: Speak) -> OverlayTask:
        """Have the overlays play pre-sound, pause and speech, and show the text."""
        if not item.speech_text:
            for name, value in self.prepare(item, payload).items():
                setattr(item, name, value)
        pre_sound, lead = _lead(payload.source)
        style = _style(payload, item)
        message = {
            "type": "speak",
            "text": item.caption,
            "user": (user := OnScreen.now().name(item.username)),
            "prefix": _prefix(payload.source).replace("{user}", user),
            "said": item.speech_text if item.is_spoken_by_page else "",
            "voice": style.voice,
            "rate": style.rate,
            "volume": style.volume,
            "speech": f"speech/{item.pk}.wav" if item.speech_file else "",
            "seconds": item.speech_seconds,
            "pre_sound": pre_sound,
            "pre_delay_ms": VoiceSettings.current().tts_pre_delay_ms if pre_sound else 0,
        }
        return OverlayTask(message, seconds=lead + item.speech_seconds)

    def seconds(self, payload: Speak) -> float:
        """Return an estimate, by the number of words."""
        return estimated_seconds(payload.text, payload.rate or VoiceSettings.current().tts_rate)

    def sort(self, payload: Mapping[str, Any]) -> str:
        """Return the source of the bot's own lines; what a viewer wrote is dropped for nothing."""
        source = str(payload.get("source", "system"))
        return "" if source == "redeem" else source

    def require_ready(self) -> None:
        pages.require_open("speak", heard=True)

    def require_usable(self, payload: Speak) -> None:
        speech.require_words(payload.text, max_chars=VoiceSettings.current().tts_max_chars)

    def prepare(self, item: QueueItem, payload: Speak) -> dict[str, Any]:
        """Synthesize the text; return the fields that describe the speech.

        Raise Refused if the text can't be spoken, or lasts longer than TTS_MAX_SECONDS and a viewer wrote it; Failed
        if the speech can't be stored.
        """
        text = speech.require_words(payload.text, max_chars=VoiceSettings.current().tts_max_chars)
        screen = OnScreen.now()
        name = screen.name(item.username)
        prefix = _prefix(payload.source)
        spoken_text, spoken = _speak_in_time(
            prefix.replace("{user}", SOMEBODY if screen.hides(item.username) else spoken_name(item.username)),
            text,
            _style(payload, item),
            may_cut=bool(self.sort(item.payload)),
        )
        if item.speech_file:
            stored_files.delete(item.speech_file)  # from an attempt that was interrupted
        caption = screen.text(payload.text)
        file = "" if spoken.wav is None else _stored(spoken.wav)
        return {
            "caption": f"{prefix.replace('{user}', name)} {caption}".strip(),
            "speech_text": spoken_text,
            "speech_file": file,
            "speech_seconds": spoken.seconds,
            "is_spoken_by_page": spoken.by_browser,
        }


def _speak_in_time(prefix: str, text: str, style: voice.Style, *, may_cut: bool) -> tuple[str, voice.Spoken]:
    """Return (what is spoken, its speech), within TTS_MAX_SECONDS.

    `may_cut`: a longer text is cut at a word; otherwise it is Refused.
    """
    rules = VoiceSettings.current()
    for _ in range(MAX_CUTS):
        whole = f"{prefix} {text}".strip()
        try:
            return whole, voice.engine().speak(whole, style, max_seconds=rules.tts_max_seconds)
        except voice.TooLong as long:
            if not may_cut:
                raise Refused(TOO_LONG(seconds=round(long.seconds), limit=rules.tts_max_seconds)) from None
            # A little less than the share that would fit: words differ in length.
            text = shorten(text, max(1, int(len(text) * 0.9 * rules.tts_max_seconds / long.seconds)))
    raise Failed(TOO_LONG_EVEN_CUT())


def _stored(wav: bytes) -> str:
    try:
        return stored_files.write(f"speech/{uuid4().hex}.wav", wav)
    except OSError as error:
        log.warning("speech could not be stored: %s", error)
        raise Failed(NOT_STORED()) from error


def _prefix(source: str) -> str:
    if source == "redeem" and not VoiceSettings.current().tts_prefix_username:
        return ""
    row = SpeechSource.objects.filter(name=source).first()
    return row.prefix if row else ""


def _lead(source: str) -> tuple[str, float]:
    """Return (the pre-sound's path below the overlay's address or "", the seconds until the speech begins)."""
    row = SpeechSource.objects.select_related("pre_sound").filter(name=source).first()
    if row is not None and row.silent:
        return "", 0.0
    sound = sounds.pre_sound(row.pre_sound if row is not None else None)
    if sound is None:
        return "", 0.0
    try:
        name = sounds.levelled(sound)
        seconds = sounds.length(name)
    except Failed as error:
        log.warning("spoken without the sound before it: %s", error)
        return "", 0.0
    return f"pre-sound/{Path(name).stem}", max(VoiceSettings.current().tts_pre_delay_ms / 1000, seconds)


def _style(payload: Speak, item: QueueItem) -> voice.Style:
    rules = VoiceSettings.current()
    return voice.Style(
        payload.voice or _own_voice(item, payload.source, rules) or rules.tts_voice,
        rules.tts_rate if payload.rate is None else payload.rate,
        rules.tts_volume if payload.volume is None else payload.volume,
    )


def _own_voice(item: QueueItem, source: str, rules: VoiceSettings) -> str:
    # One of TTS_VIEWER_VOICES, drawn for the viewer's first text and kept from then on.
    if item.viewer is None or source != "redeem" or not rules.tts_viewer_voices:
        return ""
    chosen = {"voice": secrets.choice(rules.tts_viewer_voices)}
    row, _ = ViewerVoice.objects.get_or_create(viewer=item.viewer, defaults=chosen)
    return str(row.voice)

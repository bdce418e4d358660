"""The studio's child process: JSON lines in, JSON lines out (`python -m effects.voice.child`).

In: `{"do": "speak" | "level" | "inspect", …}`. Out, once at the start and once for each: `{"ok": …}` or
`{"error": "…"}`.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import wave
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from effects.voice.studio import SPEAK_WITHIN, child_environment


def main() -> None:
    """Work until stdin ends."""
    # pyttsx3 prints to stdout: keep the real one for answers, and let its words go nowhere.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def answer(message: dict[str, Any]) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    answer({"ok": True})
    for line in sys.stdin:
        try:
            request = json.loads(line)
            done = DO[request.pop("do")](**request)
        except Exception as error:  # this process's edge: the parent tells the reason, and this one fails alone
            answer({"error": f"{type(error).__name__}: {error}"})
        else:
            answer({"ok": done})


def speak(*, engine: str, text: str, path: str, voice: str, rate: int, volume: float, model: str) -> float:
    """Write `text` as a levelled WAV; returns its seconds, 0 where there was nothing to hear."""
    from effects.voice import loudness

    raw = Path(path).with_suffix(".raw.wav")
    SPEAK[engine](text=text, path=str(raw), voice=voice, rate=rate, model=model)
    return loudness.level_file(raw, Path(path), volume=volume) if raw.exists() else 0.0


def level(*, source: str, path: str) -> float:
    """Write another sound file levelled; returns its seconds."""
    from effects.voice import loudness

    return loudness.level_file(Path(source), Path(path))


def inspect(*, path: str, most: float) -> dict[str, Any]:
    """What a sound file is."""
    from effects.voice import loudness

    return asdict(loudness.inspect(Path(path), most=most))


@cache
def pyttsx3_engine() -> Any:
    """pyttsx3's engine, made once."""
    child_environment()
    import pyttsx3

    return pyttsx3.init()


def with_pyttsx3(*, text: str, path: str, voice: str, rate: int, model: str) -> None:
    """Returns when the file is complete."""
    engine = pyttsx3_engine()
    engine.setProperty("voice", voice or default_voice())
    engine.setProperty("rate", rate)
    settle()
    done = threading.Event()
    # runAndWait returns before a longer text is synthesized; this event fires after the file is closed.
    token = engine.connect("finished-utterance", lambda name, completed: done.set())
    try:
        engine.save_to_file(text.replace("\0", " "), path)
        engine.runAndWait()
        if not done.wait(SPEAK_WITHIN - 1):
            raise TimeoutError("the engine did not finish in time")
        settle()
    finally:
        engine.disconnect(token)


def settle() -> None:
    """Return when espeak's own thread has nothing to do any more.

    Properties are set in that thread; `runAndWait` cancels whatever is in it, and would lose them, or the very text.
    """
    if sys.platform.startswith("linux"):
        from pyttsx3.drivers import _espeak

        _espeak.Synchronize()


@cache
def default_voice() -> Any:
    """The voice that the engine came with, to return to after another."""
    return pyttsx3_engine().getProperty("voice")


@cache
def piper_voice(model: str) -> Any:
    """Piper's model, loaded once. Raises ImportError where the package piper-tts is not installed."""
    from piper import PiperVoice

    return PiperVoice.load(model)


def with_piper(*, text: str, path: str, voice: str, rate: int, model: str) -> None:
    """A local neural voice: `voice`, where given, is the path of another model."""
    from piper import SynthesisConfig

    with wave.open(path, "wb") as file:
        piper_voice(voice or model).synthesize_wav(text, file, SynthesisConfig(length_scale=170 / rate))


DO: dict[str, Callable[..., Any]] = {"speak": speak, "level": level, "inspect": inspect}
SPEAK: dict[str, Callable[..., None]] = {"pyttsx3": with_pyttsx3, "piper": with_piper}


if __name__ == "__main__":
    main()

"""The studio's child process: JSON lines in, JSON lines out (`python -m effects.voice.child`).

In: `{"do": "speak" | "level" | "inspect" | "voices", …}`. Out, once at the start and once for each request:
`{"ok": …}` or `{"error": "…"}`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import wave
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from effects.voice.studio import MAX_SPEAK_SECONDS, load_espeak

# The rate, in words a minute, at which Piper's models speak when nothing is asked of them.
PIPER_RATE = 170


def main() -> None:
    """Answer requests until stdin ends, or until nobody reads the answers."""
    # pyttsx3 prints to stdout: keep the real stdout for answers, and send everything else to /dev/null.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def answer(message: dict[str, Any]) -> None:
        try:
            answers.write(json.dumps(message) + "\n")
            answers.flush()
        except OSError:  # the bot is gone; a traceback would be all that its terminal shows of this
            os._exit(0)

    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Python's own handler would end it with a traceback
    answer({"ok": True})
    for line in sys.stdin:
        try:
            request = json.loads(line)
            result = HANDLERS[request.pop("do")](**request)
        except Exception as error:  # the process's edge: the parent gets the reason, and the next request its turn
            answer({"error": _reason(error).rstrip(".")})
        else:
            answer({"ok": result})


def _reason(error: Exception) -> str:
    # soundfile's sentence begins with the path of a temporary file; its `error_string` is without it.
    words = getattr(error, "error_string", None) or (str(error) if isinstance(error, ValueError) else "")
    return str(words or f"{type(error).__name__}: {error}")


def speak(
    *, engine: str, text: str, path: str, voice: str, rate: int, volume: float, model: str, max_seconds: float
) -> float:
    """Write `text` as a levelled WAV to `path`; return its seconds, 0 where there was nothing to hear.

    Nothing is written where the speech lasts longer than `max_seconds`.
    """
    # NumPy takes a moment to load: not before the process has said that it runs.
    from effects.voice import loudness

    raw = Path(path).with_suffix(".raw.wav")
    SPEAKERS[engine](text=text, path=str(raw), voice=voice, rate=rate, model=model)
    if not raw.exists():  # espeak writes no file at all for a text without a word
        return 0.0
    seconds = loudness.length(raw)
    # Not levelled: minutes of speech would take seconds of work.
    return seconds if seconds > max_seconds else loudness.level_file(raw, Path(path), volume=volume)


def level(*, source: str, path: str) -> float:
    """Write the sound file `source` as a levelled WAV to `path`; return its seconds."""
    from effects.voice import loudness

    return loudness.level_file(Path(source), Path(path))


def inspect(*, path: str, max_seconds: float) -> dict[str, Any]:
    """Return the fields of the sound file's `SoundFacts`."""
    from effects.voice import loudness

    return asdict(loudness.inspect(Path(path), max_seconds=max_seconds))


@cache
def pyttsx3_engine() -> Any:
    """Return pyttsx3's engine, created at the first call."""
    load_espeak()
    import pyttsx3

    engine = pyttsx3.init()
    # A new engine keeps what it is told until `runAndWait`, which then stops espeak where that has not yet taken the
    # rate, and remembers to stop once more: in the midst of the next text, whose file stayed empty on a busy machine.
    engine.proxy.setBusy(False)
    return engine


def speak_with_pyttsx3(*, text: str, path: str, voice: str, rate: int, model: str) -> None:
    """Write `text` as a WAV with the machine's own voices; return when the file is complete."""
    engine = pyttsx3_engine()
    engine.setProperty("voice", voice or default_voice())
    engine.setProperty("rate", rate)
    text = text.replace("\0", " ")  # espeak stops reading at a NUL
    if sys.platform == "win32":
        save_with_sapi(engine, text, path)
    else:
        save_with_espeak(engine, text, path)


def save_with_espeak(engine: Any, text: str, path: str) -> None:
    """Have espeak write the WAV. Raise TimeoutError where it does not end."""
    wait_for_espeak()
    finished = threading.Event()
    # runAndWait returns before a longer text is synthesized; this event fires after the file is closed.
    token = engine.connect("finished-utterance", lambda name, completed: finished.set())
    try:
        engine.save_to_file(text, path)
        engine.runAndWait()
        # A second less than the parent waits, so that it hears the reason instead of killing this process.
        if not finished.wait(MAX_SPEAK_SECONDS - 1):
            raise TimeoutError("the engine did not finish in time")
        wait_for_espeak()
    finally:
        engine.disconnect(token)


def save_with_sapi(engine: Any, text: str, path: str) -> None:
    """Have Windows' SAPI write the WAV. Raise what it raises."""
    errors: list[Exception] = []
    token = engine.connect("error", lambda name, exception: errors.append(exception) if name == path else None)
    try:
        engine.save_to_file(text, path, name=path)
        # The file is written and closed inside `iterate`. pyttsx3's own loop, `runAndWait`, may wait for an event that
        # was sent already, and "finished-utterance" is sent for what is said aloud only.
        engine.startLoop(useDriverLoop=False)
        engine.iterate()
        engine.endLoop()
    finally:
        engine.disconnect(token)
    if errors:
        raise errors[0]


def speak_with_say(*, text: str, path: str, voice: str, rate: int, model: str) -> None:
    """Write `text` as a WAV with macOS's own command; return when the file is complete. Raise OSError where it fails.

    pyttsx3 would bring 160 packages there (pyobjc), and write AIFF.
    """
    chosen = ["-v", voice] if voice else []
    command = [
        "say",
        *chosen,
        "-r",
        str(rate),
        "-o",
        path,
        "--file-format=WAVE",
        "--data-format=LEI16@22050",
        "-f",
        "-",
    ]
    # By stdin: a text that begins with "-" is no option. In brackets, `say` would be given commands: [[slnc 60000]].
    text = text.replace("[", " ")
    done = subprocess.run(command, input=text, capture_output=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        raise OSError(done.stderr.strip() or f"say ended with exit code {done.returncode}")


def wait_for_espeak() -> None:
    """Return once espeak's own thread is idle."""
    # That thread sets the properties, and runAndWait cancels whatever it still has to do: the voice, the rate, or the
    # text itself would be lost.
    from pyttsx3.drivers import _espeak

    _espeak.Synchronize()


@cache
def default_voice() -> Any:
    """Return the voice that the engine began with: a voice that was set stays until another is set."""
    return pyttsx3_engine().getProperty("voice")


@cache
def piper_voice(model: str) -> Any:
    """Return Piper's model, loaded at the first call. Raise ImportError where the package piper-tts is missing."""
    from piper import PiperVoice

    return PiperVoice.load(model)


def speak_with_piper(*, text: str, path: str, voice: str, rate: int, model: str) -> None:
    """Write `text` as a WAV with a local neural voice. `voice`: the path of a model to use instead of `model`."""
    from piper import SynthesisConfig

    with wave.open(path, "wb") as file:
        config = SynthesisConfig(length_scale=PIPER_RATE / rate)
        piper_voice(voice or model).synthesize_wav(text, file, config)


def voices(*, engine: str, model: str) -> list[tuple[str, str, str]]:
    """Return (the engine's own name, the name for people, the language) of each voice that is installed."""
    return sorted(VOICES[engine](model), key=lambda voice: voice[1:])


def voices_of_pyttsx3(model: str) -> list[tuple[str, str, str]]:
    """Return this machine's own voices."""
    if sys.platform == "win32":
        # pyttsx3 fails at a voice of two languages ("409;9"). The description names the language.
        tokens = pyttsx3_engine().proxy._driver._tts.GetVoices()
        return [(token.Id, token.GetDescription(), "") for token in tokens]
    else:
        found = pyttsx3_engine().getProperty("voices")
        return [(voice.id, voice.name or voice.id, str((voice.languages or [""])[0] or "")) for voice in found]


def voices_of_say(model: str) -> list[tuple[str, str, str]]:
    """Return macOS's voices, of which `say` prints one a line: `Eddy (English (US)) en_US    # Hello!`."""
    done = subprocess.run(["say", "-v", "?"], capture_output=True, encoding="utf-8", check=True)
    lines = [line.partition("#")[0].rstrip().rpartition(" ") for line in done.stdout.splitlines()]
    return [(name.strip(), name.strip(), language) for name, _, language in lines if name.strip()]


def voices_of_piper(model: str) -> list[tuple[str, str, str]]:
    """Return the models that lie beside the one of the settings. The name of each begins with its language."""
    found = Path(model).parent.glob("*.onnx")
    return [(str(path), path.stem, path.stem.partition("-")[0] if "-" in path.stem else "") for path in found]


HANDLERS: dict[str, Callable[..., Any]] = {"speak": speak, "level": level, "inspect": inspect, "voices": voices}
VOICES: dict[str, Callable[[str], list[tuple[str, str, str]]]] = {
    "pyttsx3": voices_of_say if sys.platform == "darwin" else voices_of_pyttsx3,
    "piper": voices_of_piper,
}
SPEAKERS: dict[str, Callable[..., None]] = {
    "pyttsx3": speak_with_say if sys.platform == "darwin" else speak_with_pyttsx3,
    "piper": speak_with_piper,
}


if __name__ == "__main__":
    main()

"""The child process that speaks: JSON lines in, JSON lines out (`python -m effects.tts.child`).

In: `{"text", "path", "voice", "rate", "volume"}`. Out, once at the start and once a text: `{"ok": true}` or
`{"error": "…"}`.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any

from effects.tts.voice import SPEAK_WITHIN, child_environment


def main() -> None:
    """Speak until stdin ends."""
    # pyttsx3 prints to stdout: keep the real one for answers, and let its words go nowhere.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def answer(message: dict[str, Any]) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    try:
        child_environment()
        import pyttsx3

        engine = pyttsx3.init()
    except Exception as error:  # this process's edge: the parent stores the reason
        answer({"error": f"{type(error).__name__}: {error}"})
        return
    answer({"ok": True})

    for line in sys.stdin:
        try:
            speak(engine, json.loads(line))
        except Exception as error:  # the same edge: this text fails alone
            answer({"error": f"{type(error).__name__}: {error}"})
        else:
            answer({"ok": True})


def speak(engine: Any, request: dict[str, Any]) -> None:
    """Write the request's text as a WAV file. Returns when the file is complete."""
    if request["voice"]:
        engine.setProperty("voice", request["voice"])
    engine.setProperty("rate", request["rate"])
    engine.setProperty("volume", request["volume"])
    done = threading.Event()
    # runAndWait returns before a longer text is synthesized; this event fires after the file is closed.
    token = engine.connect("finished-utterance", lambda name, completed: done.set())
    try:
        engine.save_to_file(request["text"].replace("\0", " "), request["path"])
        engine.runAndWait()
        if not done.wait(SPEAK_WITHIN - 1):
            raise TimeoutError("the engine did not finish in time")
    finally:
        engine.disconnect(token)


if __name__ == "__main__":
    main()

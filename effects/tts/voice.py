"""pyttsx3 in a child process of its own.

The engines below pyttsx3 crash the process they live in (two threads at once: SIGSEGV; data not found: `exit(1)`), and
its `runAndWait` returns before the file is written. So a child speaks, one text at a time, and this side waits for it
with a deadline, looks at the WAV, and starts a new child after every trouble.
"""

from __future__ import annotations

import io
import json
import logging
import os
import queue
import subprocess
import sys
import tempfile
import threading
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from pixelbot_site.kit.errors import Failed

log = logging.getLogger("tts")

ROOT = Path(__file__).resolve().parent.parent.parent
START_WITHIN = 5.0
SPEAK_WITHIN = 8.0
"""Seconds; together less than the queue's PREPARE_WITHIN. Measured: 0.1 s for the start, 0.1 s for 1,000 characters."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A synthesized text: a complete WAV file and its length in seconds."""

    wav: bytes
    seconds: float


class Voice:
    """One persistent child. Thread-safe: texts of several threads are spoken one after another."""

    def __init__(
        self, *, voice: str = "", rate: int = 170, volume: float = 1.0, command: list[str] | None = None
    ) -> None:
        """`voice`: the engine's name for one ("" is its default); `rate`: words a minute; `volume`: 0 to 1."""
        self._options = {"voice": voice, "rate": rate, "volume": volume}
        self._command = command or [sys.executable, "-m", "effects.tts.child"]
        self._lock = threading.Lock()
        self._child: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[dict[str, Any] | None] = queue.Queue()

    def synthesize(self, text: str) -> Spoken:
        """Speak `text` into a WAV (mono, 16 bit). Raises Failed, with the reason, when the engine will not."""
        with self._lock, tempfile.TemporaryDirectory(prefix="pixelbot-tts-") as folder:
            path = Path(folder) / "speech.wav"
            answer = self._ask({**self._options, "text": text, "path": str(path)})
            if "error" in answer:
                raise Failed(f"The voice could not speak this: {answer['error']}")
            return read_wav(path)

    def close(self) -> None:
        """End the child at once, whatever it does: a text in progress fails."""
        child = self._child
        if child is not None:
            child.kill()
            child.wait()

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        child = self._running()
        assert child.stdin is not None
        try:
            child.stdin.write(json.dumps(request) + "\n")
            child.stdin.flush()
            answer = self._answers.get(timeout=SPEAK_WITHIN)
        except (OSError, queue.Empty):
            answer = None
        if answer is None:
            code = self._stop()
            raise Failed(f"The voice stopped while it spoke (exit code {code}); the next text gets a new one.")
        return answer

    def _running(self) -> subprocess.Popen[str]:
        if self._child is None or self._child.poll() is not None:
            self._start()
        assert self._child is not None
        return self._child

    def _start(self) -> None:
        self._stop()
        self._answers = queue.Queue()
        self._child = subprocess.Popen(
            self._command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C in the terminal is the bot's affair; the child ends when its stdin does
        )
        assert self._child.stdout is not None
        threading.Thread(
            target=_listen, args=(self._child.stdout, self._answers), name="tts-child", daemon=True
        ).start()
        try:
            hello = self._answers.get(timeout=START_WITHIN)
        except queue.Empty:
            hello = None
        if hello is None or "error" in hello:
            reason = hello["error"] if hello else f"exit code {self._stop()}"
            self._stop()
            log.error("the voice can't start: %s", reason)
            raise Failed(f"The voice can't start: {reason}")
        log.info("voice started (process %d)", self._child.pid)

    def _stop(self) -> int | None:
        child, self._child = self._child, None
        if child is None:
            return None
        child.kill()
        return child.wait()


def _listen(stdout: IO[str], answers: queue.Queue[dict[str, Any] | None]) -> None:
    with stdout:
        for line in stdout:
            try:
                answers.put(json.loads(line))
            except ValueError:
                log.debug("the voice said: %.200s", line)
    answers.put(None)  # the child is gone


def read_wav(path: Path) -> Spoken:
    """The WAV at `path`. Raises Failed when there is none, or no sound in it."""
    try:
        data = path.read_bytes()
        with wave.open(io.BytesIO(data)) as file:
            seconds = file.getnframes() / file.getframerate()
    except (OSError, EOFError, wave.Error) as error:
        raise Failed(f"The voice wrote no sound: {error}") from error
    if seconds < 0.02:
        raise Failed("There is nothing to speak in this text.")
    return Spoken(data, seconds)


def child_environment() -> None:
    """Make the espeak-ng that came with the wheel known to this process, before pyttsx3 looks for one.

    pyttsx3 opens `libespeak-ng.so.1` by name and finds a copy that is loaded already. Without ESPEAK_DATA_PATH the
    library calls exit(1).
    """
    if not sys.platform.startswith("linux"):
        return  # Windows and macOS bring voices of their own
    import ctypes

    import espeakng_loader

    os.environ["ESPEAK_DATA_PATH"] = espeakng_loader.get_data_path()
    library = Path(espeakng_loader.get_library_path()).parent / "libespeak-ng.so.1"
    ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)

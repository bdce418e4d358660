"""The studio: a child process that synthesizes, levels and measures sound.

The engines below pyttsx3 crash the process they live in (two threads at once: SIGSEGV; data not found: `exit(1)`), and
its `runAndWait` returns before the file is written. So a child does the work, one thing at a time, in the order of
asking, and this side waits for it with a deadline, looks at what it made, and starts a new child after every trouble.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from effects.settings_table import VoiceSettings
from pixelbot_site.kit.errors import Failed

log = logging.getLogger("tts")

ROOT = Path(__file__).resolve().parent.parent.parent
START_WITHIN = 5.0
SPEAK_WITHIN = 10.0
"""Seconds. Measured: 0.1 s for the start, 0.1 s for 1,000 characters; the first levelling loads SciPy, about 1 s."""
SHORTEST = 0.02
TARGET = -20.0
"""LUFS of all that is spoken: low enough that speech, whose peaks stand 15 dB above it, stays below the ceiling."""


# What Python, espeak-ng and Windows' voices need. The bot's environment holds its secrets too, which the child must not
# have: it runs native code on what strangers write and upload.
CHILD_VARIABLES = frozenset({
    "PATH", "HOME", "USERPROFILE", "TEMP", "TMP", "TMPDIR", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ",
    "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA",
    "PROGRAMFILES", "PROGRAMFILES(X86)", "PROGRAMW6432", "COMMONPROGRAMFILES", "COMMONPROGRAMFILES(X86)",
    "COMMONPROGRAMW6432", "ALLUSERSPROFILE", "USERNAME", "PROCESSOR_ARCHITECTURE", "NUMBER_OF_PROCESSORS",
    "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "PYTHONUTF8", "PYTHONDONTWRITEBYTECODE",
    "VIRTUAL_ENV",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class SoundFacts:
    """What a sound file is: its real format and subtype (libsndfile's names), seconds, and loudness in LUFS."""

    format: str
    subtype: str
    seconds: float
    loudness: float


class Studio:
    """One persistent child. Thread-safe: what several threads ask for is done one after another, first come first."""

    def __init__(self, command: list[str] | None = None) -> None:
        self._command = command or [sys.executable, "-m", "effects.voice.child"]
        self._line = ThreadPoolExecutor(max_workers=1, thread_name_prefix="studio")
        self._child: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[dict[str, Any] | None] = queue.Queue()

    def speak(self, text: str, engine: str, voice: str, rate: int, volume: float) -> tuple[bytes, float]:
        """(a levelled WAV: mono, 16 bit; its seconds). Raises Failed, with the reason, when the engine will not."""
        model = VoiceSettings.current().tts_piper_model
        style = {"engine": engine, "voice": voice, "rate": rate, "volume": volume, "model": model}
        wav, seconds = self._made({"do": "speak", "text": text, **style}, "The voice could not speak this")
        if seconds < SHORTEST:
            raise Failed("There is nothing to speak in this text.")
        return wav, seconds

    def level(self, source: Path) -> bytes:
        """The sound file `source` as a levelled WAV. Raises Failed where it is none."""
        return self._made({"do": "level", "source": str(source)}, "This sound could not be levelled")[0]

    def inspect(self, path: Path, *, most: float) -> SoundFacts:
        """Look into a sound file; one of more than `most` seconds is not decoded. Raises Failed where it is none."""
        answer = self._line.submit(self._ask, {"do": "inspect", "path": str(path), "most": most}).result()
        if "error" in answer:
            raise Failed(f"This is no sound that can be played: {answer['error']}")
        return SoundFacts(**answer["ok"])

    def close(self) -> None:
        """End the child at once, whatever it does: a text in progress fails."""
        child = self._child
        if child is not None:
            child.kill()
            child.wait()
        self._line.shutdown(wait=False, cancel_futures=True)

    def _made(self, request: dict[str, Any], complaint: str) -> tuple[bytes, float]:
        with tempfile.TemporaryDirectory(prefix="pixelbot-sound-") as folder:
            path = Path(folder) / "made.wav"
            answer = self._line.submit(self._ask, {**request, "path": str(path)}).result()
            if "error" in answer:
                raise Failed(f"{complaint}: {answer['error']}")
            return (path.read_bytes() if path.exists() else b""), float(answer["ok"])

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
            env=minimal_environment(),
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


def minimal_environment() -> dict[str, str]:
    """Return the variables of this process that the child needs."""
    return {name: value for name, value in os.environ.items() if name.upper() in CHILD_VARIABLES}


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

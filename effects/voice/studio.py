"""The studio: a child process that synthesizes, levels and measures sound.

The engines below pyttsx3 can crash their process (two threads at once: SIGSEGV; data not found: `exit(1)`). So a child
process does the work, one request at a time, first come, first served. This side waits for it with a deadline, and
replaces a child that died or hangs.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from effects.settings_table import MAX_SPEECH_SECONDS, VoiceSettings
from effects.voice import scratch
from effects.voice.speakable import NOTHING_TO_SPEAK
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Failed, Refused
from pixelbot_site.kit.voices import Voice

STOPPED = phrases.refusal(
    "voice.stopped", "the voice stopped while it spoke (exit code {code}); the next text gets a new one"
)
CANT_START = phrases.refusal("voice.cant_start", "the voice can't start: {reason}")
TOO_SLOW = phrases.refusal("voice.too_slow", "this text takes too long to make speech of")

log = logging.getLogger("tts")

ROOT = Path(__file__).resolve().parent.parent.parent
# Seconds. Measured: 0.1 s for the start, 0.1 s for 1,000 characters; the first levelling loads NumPy, 0.2 s.
MAX_START_SECONDS = 5.0
MAX_SPEAK_SECONDS = 10.0
# On Windows, a child has its parent's console, and with it Ctrl-C, unless it is started without one.
if sys.platform == "win32":
    WITHOUT_CONSOLE = subprocess.CREATE_NO_WINDOW
else:
    WITHOUT_CONSOLE = 0
# A shorter WAV holds no sound.
MIN_SECONDS = 0.02
# The loudness of all speech: low enough that its peaks, 15 dB above, stay below the highest sample allowed.
TARGET_LUFS = -20.0


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
    """A sound file's real format and subtype (libsndfile's names), its seconds, and its loudness in LUFS."""

    format: str
    subtype: str
    seconds: float
    loudness: float


class TooLong(Exception):
    """The speech would last `seconds`, which is more than was allowed."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"it takes {seconds:.0f} s to say this")
        self.seconds = seconds


class TooSlow(Failed):
    """The child did not answer in time, and was ended."""


class Studio:
    """One child process, kept between requests. Thread-safe: requests are done one after another, in their order."""

    def __init__(self, command: list[str] | None = None) -> None:
        self._command = command or [sys.executable, "-m", "effects.voice.child"]
        self._line = ThreadPoolExecutor(max_workers=1, thread_name_prefix="studio")
        self._child: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[dict[str, Any] | None] = queue.Queue()

    def speak(
        self,
        text: str,
        engine: str,
        voice: str,
        rate: int,
        volume: float,
        *,
        max_seconds: float = MAX_SPEECH_SECONDS,
    ) -> tuple[bytes, float]:
        """Return (a levelled WAV: mono, 16 bit; its seconds).

        Raise TooLong when it would last more than `max_seconds`, Refused when the text itself can't be spoken, Failed,
        with the reason, when the engine can't.
        """
        model = VoiceSettings.current().tts_piper_model
        style = {"engine": engine, "voice": voice, "rate": rate, "volume": volume, "model": model}
        request = {"do": "speak", "text": text, **style, "max_seconds": max_seconds}
        try:
            wav, seconds = self._produce(request, "the voice could not speak this")
        except TooSlow:
            raise Refused(TOO_SLOW()) from None
        if seconds > max_seconds:
            raise TooLong(seconds)
        if seconds < MIN_SECONDS:
            raise Refused(NOTHING_TO_SPEAK())
        return wav, seconds

    def level(self, source: Path) -> bytes:
        """Return the sound file `source` as a levelled WAV. Raise Failed where it is no sound."""
        return self._produce({"do": "level", "source": str(source)}, "this sound could not be levelled")[0]

    def inspect(self, path: Path, *, max_seconds: float) -> SoundFacts:
        """Return the facts of a sound file; a longer one is not decoded. Raise Failed where it is no sound."""
        request = {"do": "inspect", "path": str(path), "max_seconds": max_seconds}
        answer = self._line.submit(self._ask, request).result()
        if "error" in answer:
            raise Failed(f"this is no sound that can be played: {answer['error']}")
        return SoundFacts(**answer["ok"])

    def voices(self, engine: str) -> tuple[Voice, ...]:
        """Return the installed voices of `engine`. Raise Failed, with the reason, where they can't be listed."""
        request = {"do": "voices", "engine": engine, "model": VoiceSettings.current().tts_piper_model}
        answer = self._line.submit(self._ask, request).result()
        if "error" in answer:
            raise Failed(answer["error"])
        return tuple(Voice(*voice) for voice in answer["ok"])

    def close(self) -> None:
        """Kill the child at once. The text in progress fails, and so does what waits behind it."""
        child = self._child
        if child is not None:
            child.kill()
            child.wait()
        self._line.shutdown(wait=False, cancel_futures=True)

    def _produce(self, request: dict[str, Any], complaint: str) -> tuple[bytes, float]:
        with scratch.folder() as folder:
            path = Path(folder) / "sound.wav"
            answer = self._line.submit(self._ask, {**request, "path": str(path)}).result()
            if "error" in answer:
                raise Failed(f"{complaint}: {answer['error']}")
            return (path.read_bytes() if path.exists() else b""), float(answer["ok"])

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        child = self._living_child()
        assert child.stdin is not None
        try:
            child.stdin.write(json.dumps(request) + "\n")
            child.stdin.flush()
            answer = self._answers.get(timeout=MAX_SPEAK_SECONDS)
        except OSError:  # the pipe is broken
            answer = None
        except queue.Empty:
            self._stop()
            raise TooSlow(
                f"the voice did not answer within {MAX_SPEAK_SECONDS:g} s; the next text gets a new one"
            ) from None
        if answer is None:
            code = self._stop()
            raise Failed(STOPPED(code=code))
        return answer

    def _living_child(self) -> subprocess.Popen[str]:
        if self._child is None or self._child.poll() is not None:
            self._start()
        assert self._child is not None
        return self._child

    def _start(self) -> None:
        self._stop()
        self._answers = queue.Queue()  # a new one: the old child's last answer must not reach the new child's request
        self._child = subprocess.Popen(
            self._command,
            cwd=ROOT,
            env=minimal_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            # Ctrl-C in the terminal must not reach the child: it ends with its stdin.
            start_new_session=True,
            creationflags=WITHOUT_CONSOLE,
        )
        assert self._child.stdout is not None
        reader = threading.Thread(
            target=_read_answers, args=(self._child.stdout, self._answers), name="tts-child", daemon=True
        )
        reader.start()
        try:
            greeting = self._answers.get(timeout=MAX_START_SECONDS)
        except queue.Empty:
            greeting = None
        if greeting is None or "error" in greeting:
            code = self._stop()
            reason = greeting["error"] if greeting else f"exit code {code}"
            log.error("the voice can't start: %s", reason)
            raise Failed(CANT_START(reason=reason))
        log.info("voice started (process %d)", self._child.pid)

    def _stop(self) -> int | None:
        child, self._child = self._child, None
        if child is None:
            return None
        child.kill()
        return child.wait()


def _read_answers(stdout: IO[str], answers: queue.Queue[dict[str, Any] | None]) -> None:
    with stdout:
        for line in stdout:
            try:
                answers.put(json.loads(line))
            except ValueError:  # a library prints what it likes
                log.debug("the voice said: %.200s", line)
    answers.put(None)  # the child is gone


def minimal_environment() -> dict[str, str]:
    """Return the variables of this process that the child needs."""
    return {name: value for name, value in os.environ.items() if name.upper() in CHILD_VARIABLES}


def load_espeak() -> None:
    """Load the espeak-ng that came with its wheel into this process. Call this before pyttsx3 is imported."""
    if sys.platform == "linux":  # Windows and macOS bring voices of their own
        import ctypes

        import espeakng_loader

        # Without this path the library calls exit(1).
        os.environ["ESPEAK_DATA_PATH"] = espeakng_loader.get_data_path()
        library = Path(espeakng_loader.get_library_path()).parent / "libespeak-ng.so.1"
        # pyttsx3 opens libespeak-ng.so.1 by name, and then finds this copy.
        ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)

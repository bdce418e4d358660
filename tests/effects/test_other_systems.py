"""The voices of Windows and macOS, as far as another system can tell.

Windows: pyttsx3's own engine and SAPI5 driver run; Windows' objects below them are pretended, as its documentation and
the driver have them. macOS: a `say` on the PATH that takes what Apple's manual page says, and speaks with espeak-ng.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import pyttsx3

from effects.voice import child, loudness
from tests.processes import ROOT

TONE = (ROOT / "effects" / "static" / "effects" / "sounds" / "announcement.wav").read_bytes()


class PretendedStream:
    """SAPI.SpFileStream."""

    path: Path | None = None

    def Open(self, path: str, mode: int) -> None:
        self.path = Path(path)

    def close(self) -> None:
        self.path = None


class PretendedToken:
    """A voice of Windows that speaks two languages, which pyttsx3 can't read."""

    def __init__(self, name: str) -> None:
        self.Id = name

    def GetDescription(self) -> str:
        return f"Microsoft {self.Id} Desktop - German"

    def GetAttribute(self, name: str) -> str:
        return {"Language": "407;9"}.get(name, "")


class PretendedVoice:
    """SAPI.SpVoice: `Speak` without flags returns when all is written, and its event comes with the next messages."""

    def __init__(self, sapi: PretendedSapi) -> None:
        self.sapi = sapi
        self.voices = [PretendedToken("anna"), PretendedToken("bert")]
        self.Voice, self.Rate = self.voices[0], 0
        self.AudioOutputStream: PretendedStream | None = None

    def GetVoices(self) -> list[PretendedToken]:
        return self.voices

    def Speak(self, text: str, flags: int = 0) -> None:
        if text == "unspeakable":
            raise OSError("SAPI can't speak this")
        self.sapi.spoken.append((text, self.Voice.Id, self.Rate))
        assert self.AudioOutputStream and self.AudioOutputStream.path
        self.AudioOutputStream.path.write_bytes(TONE)
        self.sapi.events.append("EndStream")
        if self.sapi.sends_at_once:
            self.sapi.pump()


class PretendedSapi:
    """The modules through which the driver reaches Windows."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.spoken: list[tuple[str, str, int]] = []
        self.sends_at_once = False
        self.sink: Any = None

    def pump(self) -> None:
        while self.events:
            getattr(self.sink, f"_ISpeechVoiceEvents_{self.events.pop(0)}")(1, 0)

    def create(self, name: str) -> Any:
        return PretendedVoice(self) if name == "SAPI.SPVoice" else PretendedStream()

    def connect(self, voice: Any, sink: Any) -> None:
        self.sink = sink


@pytest.fixture
def sapi(monkeypatch: pytest.MonkeyPatch) -> Iterator[PretendedSapi]:
    """Windows' voices, to pyttsx3 and the child's functions."""
    sapi = PretendedSapi()
    modules = {name: ModuleType(name) for name in ("comtypes", "comtypes.client", "comtypes.gen", "pythoncom")}
    vars(modules["comtypes"]).update(client=modules["comtypes.client"], gen=modules["comtypes.gen"])
    vars(modules["comtypes.client"]).update(CreateObject=sapi.create, GetEvents=sapi.connect)
    vars(modules["comtypes.gen"]).update(SpeechLib=SimpleNamespace(SSFMCreateForWrite=3))
    vars(modules["pythoncom"]).update(PumpWaitingMessages=sapi.pump)
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delitem(sys.modules, "pyttsx3.drivers.sapi5", raising=False)
    monkeypatch.setattr(sys, "platform", "win32")
    caches = (child.pyttsx3_engine, child.default_voice)
    for cache in caches:
        cache.cache_clear()
    pyttsx3._activeEngines.clear()
    yield sapi
    for cache in caches:
        cache.cache_clear()
    sys.modules.pop("pyttsx3.drivers.sapi5", None)


def speak(text: str, path: Path, *, voice: str = "") -> None:
    child.speak_with_pyttsx3(text=text, path=str(path), voice=voice, rate=170, model="")


@pytest.mark.parametrize("sends_at_once", [False, True])
def test_sapi_writes_one_file_after_another(sapi: PretendedSapi, tmp_path: Path, sends_at_once: bool) -> None:
    sapi.sends_at_once = sends_at_once
    began = time.monotonic()
    for number, voice in enumerate(["", "bert", ""]):
        speak(f"text {number}", tmp_path / f"{number}.wav", voice=voice)
        assert (tmp_path / f"{number}.wav").read_bytes() == TONE
    assert [(text, voice) for text, voice, _ in sapi.spoken] == [
        ("text 0", "anna"),
        ("text 1", "bert"),
        ("text 2", "anna"),
    ]
    assert time.monotonic() - began < 3


def test_sapi_lists_its_voices(sapi: PretendedSapi) -> None:
    assert child.voices(engine="pyttsx3", model="") == [
        ("anna", "Microsoft anna Desktop - German", ""),
        ("bert", "Microsoft bert Desktop - German", ""),
    ]


def test_what_sapi_cannot_speak_is_an_error_and_the_next_text_is_spoken(sapi: PretendedSapi, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="SAPI can't speak this"):
        speak("unspeakable", tmp_path / "one.wav")
    speak("hello", tmp_path / "two.wav")
    assert (tmp_path / "two.wav").read_bytes() == TONE


SAY = f"""#!{sys.executable}
import argparse, sys
parser = argparse.ArgumentParser()
for option in ("-v", "-r", "-o", "-f", "--file-format", "--data-format"):
    parser.add_argument(option, dest=option.strip("-").replace("-", "_"))
options = parser.parse_args()
if options.v == "?":
    print("Alex                en_US    # Most people recognize me by my voice.")
    print("Eddy (German (Germany)) de_DE    # Hallo! Ich heiße Eddy.")
    sys.exit()
if options.v == "Nobody":
    sys.exit("Voice `Nobody' not found.")
assert (options.f, options.file_format, options.data_format) == ("-", "WAVE", "LEI16@22050"), options
text = sys.stdin.read()
assert "[[" not in text, text
from effects.voice import child
child.speak_with_pyttsx3(text=text, path=options.o, voice="", rate=int(options.r), model="")
"""


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The Mac's own `say`; elsewhere one that takes the same options."""
    if sys.platform != "darwin":
        command = tmp_path / "say"
        command.write_text(SAY)
        command.chmod(0o700)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.mark.usefixtures("say")
@pytest.mark.parametrize("text", ["hello there", "-v Nobody", "ünïcödé", "[[slnc 60000]] hello"])
def test_say_writes_a_wav(tmp_path: Path, text: str) -> None:
    path = tmp_path / "spoken.wav"
    child.speak_with_say(text=text, path=str(path), voice="", rate=170, model="")
    with wave.open(str(path)) as file:
        assert file.getsampwidth() == 2
    assert 0.1 < loudness.length(path) < 10


@pytest.mark.usefixtures("say")
def test_say_lists_its_voices() -> None:
    found = child.voices_of_say("")
    if sys.platform == "darwin":
        assert len(found) > 3 and all(name and language for _, name, language in found)
    else:
        assert found == [
            ("Alex", "Alex", "en_US"),
            ("Eddy (German (Germany))", "Eddy (German (Germany))", "de_DE"),
        ]


@pytest.mark.usefixtures("say")
def test_say_without_the_voice_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Nobody"):
        child.speak_with_say(text="hello", path=str(tmp_path / "spoken.wav"), voice="Nobody", rate=170, model="")


def test_a_mac_speaks_with_say() -> None:
    program = (
        "import sys\n"
        "import effects.voice\n"  # first, with all of the standard library that asks for the system
        "sys.platform = 'darwin'\n"
        "from effects.voice import child\n"
        "print(child.SPEAKERS['pyttsx3'].__name__, 'pyttsx3' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["speak_with_say", "False"]

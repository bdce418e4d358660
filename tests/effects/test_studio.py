"""The studio's side of a child that misbehaves: it hangs, dies, babbles, or hands over nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from effects.voice import scratch
from effects.voice.studio import Studio
from pixelbot_site import tasks
from pixelbot_site.kit.errors import Failed, Refused
from tests.processes import ROOT

# The module: the package's own `studio` is the function that returns the process's studio.
MODULE = sys.modules[Studio.__module__]

# A child whose answer to a request is one of these lines; the studio cannot tell it from the real one.
CHILD = """
import json, os, sys, time, wave
print(json.dumps({"ok": True}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    def write(seconds):
        with wave.open(request["path"], "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(bytes(int(16000 * seconds)))
    def answer(message):
        print(json.dumps(message), flush=True)
    match request["text"]:
        case "hang":
            time.sleep(60)
        case "die":
            os._exit(7)
        case "error":
            answer({"error": "no such voice"})
        case "empty":
            answer({"ok": 0.0})
        case "short":
            write(0.01)
            answer({"ok": 0.01})
        case "babble":
            print("ALSA lib: unknown PCM", flush=True)
            write(1)
            answer({"ok": 1.0})
        case "die afterwards":
            write(1)
            answer({"ok": 1.0})
            os._exit(0)
        case _:
            write(0.5)
            answer({"ok": 0.5})
"""


@pytest.fixture
def make_studio(tmp_path: Path) -> Iterator[Callable[[str], Studio]]:
    """Makes studios whose child runs a program."""
    studios: list[Studio] = []

    def make(program: str = CHILD) -> Studio:
        script = tmp_path / f"child{len(studios)}.py"
        script.write_text(program)
        studios.append(Studio([sys.executable, str(script)]))
        return studios[-1]

    yield make
    for studio in studios:
        studio.close()


def speak(studio: Studio, text: str) -> float:
    return studio.speak(text, "pyttsx3", "", 170, 1.0)[1]


def test_a_child_that_hangs_is_given_up_in_time_and_the_next_text_is_spoken(
    make_studio: Callable[..., Studio], monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = make_studio()
    assert speak(studio, "hello") == 0.5
    hanging = studio._child
    with monkeypatch.context() as patch:
        patch.setattr(MODULE, "MAX_SPEAK_SECONDS", 0.2)
        with pytest.raises(Refused, match="this text takes too long to make speech of"):
            speak(studio, "hang")
    assert hanging is not None and hanging.poll() is not None  # it is killed, and not left behind
    assert speak(studio, "hello") == 0.5


def test_a_child_that_says_nothing_at_its_start_is_given_up(
    make_studio: Callable[..., Studio], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MODULE, "MAX_START_SECONDS", 0.2)
    with pytest.raises(Failed, match=r"the voice can't start: exit code -\d+"):
        speak(make_studio("import time; time.sleep(60)"), "hello")


def test_killed_twice_it_comes_back_twice(make_studio: Callable[..., Studio]) -> None:
    studio = make_studio()
    for _ in range(2):
        with pytest.raises(Failed, match=r"exit code 7\)"):
            speak(studio, "die")
        assert speak(studio, "hello") == 0.5


def test_a_child_that_dies_between_two_texts_costs_neither(make_studio: Callable[..., Studio]) -> None:
    studio = make_studio()
    assert speak(studio, "die afterwards") == 1.0
    assert studio._child is not None
    studio._child.wait(10)
    assert speak(studio, "hello") == 0.5


def test_an_error_is_told_and_keeps_the_child(make_studio: Callable[..., Studio]) -> None:
    studio = make_studio()
    speak(studio, "hello")
    child = studio._child
    with pytest.raises(Failed, match=r"^the voice could not speak this: no such voice$"):
        speak(studio, "error")
    assert speak(studio, "hello") == 0.5 and studio._child is child


@pytest.mark.parametrize("text", ["empty", "short"])
def test_a_speech_without_sound_fails(make_studio: Callable[..., Studio], text: str) -> None:
    with pytest.raises(Refused, match=r"^there is nothing to speak in this text$"):
        speak(make_studio(), text)


def test_what_a_library_prints_is_not_taken_for_an_answer(make_studio: Callable[..., Studio]) -> None:
    assert speak(make_studio(), "babble") == 1.0


def test_nothing_stays_behind_in_the_temporary_folder(
    make_studio: Callable[..., Studio], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    studio = make_studio()
    speak(studio, "hello")
    for text in ("error", "die"):
        with pytest.raises(Failed):
            speak(studio, text)
    assert list(folder.iterdir()) == []


def test_the_child_starts_with_the_first_text_and_not_before(make_studio: Callable[..., Studio]) -> None:
    studio = make_studio()
    assert studio._child is None
    speak(studio, "hello")
    assert studio._child is not None


def test_the_real_child_takes_no_more_than_70_megabytes() -> None:
    studio = Studio()
    try:
        for words in (1, 20, 200):
            studio.speak("hello " * words, "pyttsx3", "", 170, 1.0)
        assert studio._child is not None
        assert psutil.Process(studio._child.pid).memory_info().rss < 70_000_000
    finally:
        studio.close()


# On one core and with so many rates to set, espeak's own thread is still at work when the text is asked for, as it is
# now and then on a busy machine.
SLOW_ESPEAK = """
import os, sys
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from effects.voice import child
child.load_espeak()
from pyttsx3.drivers import _espeak
set_parameter = _espeak.SetParameter
_espeak.SetParameter = lambda *given: [set_parameter(*given) for _ in range(300)][0]
child.speak_with_pyttsx3(text="hello", path=sys.argv[1], voice="", rate=170, model="")
assert not child.pyttsx3_engine().proxy._driver._stopping
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems speak with voices of their own")
def test_no_stop_is_left_over_that_would_empty_the_next_text(tmp_path: Path) -> None:
    path = tmp_path / "hello.wav"
    subprocess.run([sys.executable, "-c", SLOW_ESPEAK, str(path)], cwd=ROOT, check=True, timeout=30)
    assert path.stat().st_size > 1000


def test_the_real_child_ends_with_its_stdin() -> None:
    studio = Studio()
    assert studio.speak("hello", "pyttsx3", "", 170, 1.0)[1] > 0.2
    child = studio._child
    assert child is not None and child.stdin is not None
    child.stdin.close()
    assert child.wait(10) == 0
    studio.close()


def test_folders_that_killed_processes_left_are_swept_after_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def leave(name: str) -> None:
        (tmp_path / name).mkdir()
        (tmp_path / name / "sound.wav").touch()
        os.utime(tmp_path / name, (time.time() - 3700,) * 2)

    leave("pixelbot-sound-old")
    leave("somebody-elses")
    with scratch.folder() as folder:
        assert scratch.sweep() == 1
        leave("pixelbot-sound-old")
        tasks.sweep()  # as the schedule does it
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted([Path(folder).name, "somebody-elses"])

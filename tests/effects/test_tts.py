"""The voice: real synthesized audio, from a child process that may die."""

from __future__ import annotations

import array
import io
import sys
import time
import wave
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.files.storage import default_storage

from effects import queue, sounds, tts
from effects.library.speak import speak
from effects.models import QueueItem, State
from effects.tts.voice import Spoken, Voice
from pixelbot_site.kit.errors import Failed
from tests.processes import wait_until
from tests.threads import at_once


@pytest.fixture(scope="module")
def voice() -> Iterator[Voice]:
    made = Voice()
    yield made
    made.close()


def loudest(spoken: Spoken) -> int:
    """The largest sample, of 32767."""
    with wave.open(io.BytesIO(spoken.wav)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return max(map(abs, array.array("h", file.readframes(file.getnframes()))))


def test_a_text_becomes_sound(voice: Voice) -> None:
    spoken = voice.synthesize("Bob reached level five!")
    assert 0.8 < spoken.seconds < 4
    assert loudest(spoken) > 3000


def test_a_long_text_is_complete(voice: Voice) -> None:
    """runAndWait returns before such a text is synthesized; the file must still be whole."""
    short, long = voice.synthesize("hello there " * 5), voice.synthesize("hello there " * 60)
    assert long.seconds > 8 * short.seconds


@pytest.mark.parametrize(
    "text", ["ünïcödé 😂 привет", "<b>bold</b> & so on", "a\0b", "line\nbreak", '"quoted" \\ {json}', "x" * 1000]
)
def test_strange_texts_are_spoken(voice: Voice, text: str) -> None:
    assert voice.synthesize(text).seconds > 0.1


@pytest.mark.parametrize("text", ["", "   "])
def test_nothing_to_speak_fails_alone(voice: Voice, text: str) -> None:
    with pytest.raises(Failed):
        voice.synthesize(text)
    assert voice.synthesize("still here").seconds > 0.2


def test_texts_from_many_threads_are_all_spoken(voice: Voice) -> None:
    """Two threads in one engine crash the process; here they take turns."""
    results = at_once(8, lambda n: voice.synthesize(f"this is number {n}").seconds)
    assert all(isinstance(seconds, float) and seconds > 0.3 for seconds in results)


def test_a_child_that_was_killed_is_replaced(voice: Voice) -> None:
    voice.synthesize("one")
    assert voice._child is not None
    first = voice._child.pid
    voice._child.kill()
    voice._child.wait()
    assert voice.synthesize("two").seconds > 0.1
    assert voice._child.pid != first


def test_a_text_that_kills_the_child_fails_alone(tmp_path: Path) -> None:
    script = tmp_path / "child.py"
    script.write_text(
        "import sys, json, os, wave\n"
        "print(json.dumps({'ok': True}), flush=True)\n"
        "for line in sys.stdin:\n"
        "    request = json.loads(line)\n"
        "    if request['text'] == 'die': os._exit(1)\n"
        "    with wave.open(request['path'], 'wb') as file:\n"
        "        file.setparams((1, 2, 22050, 0, 'NONE', '')); file.writeframes(bytes(22050))\n"
        "    print(json.dumps({'ok': True}), flush=True)\n"
    )
    voice = Voice(command=[sys.executable, str(script)])
    with pytest.raises(Failed, match=r"stopped while it spoke \(exit code 1\)"):
        voice.synthesize("die")
    assert voice.synthesize("live").seconds == 0.5
    voice.close()


def test_to_close_it_does_not_wait_for_a_text_that_hangs() -> None:
    program = "import sys, time; print('{\"ok\": true}', flush=True); time.sleep(60)"
    voice = Voice(command=[sys.executable, "-c", program])
    with ThreadPoolExecutor(1) as pool:
        speaking = pool.submit(voice.synthesize, "hello")
        wait_until(lambda: voice._child is not None and voice._lock.locked(), "it speaks")
        began = time.monotonic()
        voice.close()
        assert time.monotonic() - began < 1
        with pytest.raises(Failed):
            speaking.result(5)


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ('print(\'{"error": "no voice here"}\', flush=True)', "no voice here"),
        ("import sys; sys.exit(3)", "can't start"),
    ],
)
def test_a_voice_that_cannot_start_says_why(program: str, reason: str, caplog: pytest.LogCaptureFixture) -> None:
    voice = Voice(command=[sys.executable, "-c", program])
    with pytest.raises(Failed, match=reason):
        voice.synthesize("hello")
    assert "the voice can't start" in caplog.text


@pytest.fixture
def bobs_line(db: None) -> QueueItem:
    return queue.enqueue(speak("Bob said: hello"))


@pytest.mark.usefixtures("told", "woken")
class TestSpeak:
    """The effect."""

    def test_it_stores_the_wav_and_tells_the_overlays(
        self, bobs_line: QueueItem, told: list[dict[str, object]]
    ) -> None:
        queue.drain("tts")
        bobs_line.refresh_from_db()
        assert bobs_line.state == State.RUNNING
        with default_storage.open(bobs_line.result["speech"]) as file:
            assert file.read(4) == b"RIFF"
        assert told == [
            {
                "type": "speak",
                "text": "Bob said: hello",
                "pre_sound": True,
                "pre_delay_ms": 1200,
                "attempt": 1,
                "item": bobs_line.pk,
            }
        ]
        assert bobs_line.result["seconds"] > 1.2 + 0.3

    def test_without_a_pre_sound_it_speaks_at_once(
        self, bobs_line: QueueItem, told: list[dict[str, object]], settings
    ) -> None:  # type: ignore[no-untyped-def]
        settings.TTS_PRE_SOUND = ""
        queue.drain("tts")
        assert (told[0]["pre_sound"], told[0]["pre_delay_ms"]) == (False, 0)

    def test_a_voice_that_cannot_start_fails_the_item(
        self, bobs_line: QueueItem, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tts, "voice", lambda: Voice(command=[sys.executable, "-c", "import sys; sys.exit(3)"]))
        queue.drain("tts")
        bobs_line.refresh_from_db()
        assert bobs_line.state == State.FAILED
        assert "can't start" in bobs_line.error

    def test_old_speech_is_tidied_away(self, bobs_line: QueueItem) -> None:
        from datetime import timedelta

        from django.utils import timezone

        queue.drain("tts")
        queue.finish(bobs_line.pk, 1)
        bobs_line.refresh_from_db()
        name = bobs_line.result["speech"]
        assert queue.tidy() == 0
        assert queue.tidy(now=timezone.now() + timedelta(hours=2)) == 1
        assert not default_storage.exists(name)


def test_sounds_are_found_by_plain_names_only() -> None:
    assert sounds.find("announcement.wav") is not None
    for name in ("", "../sounds/announcement.wav", "/etc/passwd", "nothing.wav", "..", "."):
        assert sounds.find(name) is None


def test_the_shipped_pre_sound_is_about_a_second() -> None:
    path = sounds.find("announcement.wav")
    assert path is not None
    assert 0.5 < sounds.seconds(path) < 1.2

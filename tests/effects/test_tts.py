"""The voice: real synthesized audio, from a child process that may die, equally loud whatever is said."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from django.core.files.storage import default_storage
from django.utils import timezone

from economy.models import Viewer
from effects import voice as tts
from effects.media import sounds
from effects.models import QueueItem, Sound, SpeechSource, State, ViewerVoice, WordFilter
from effects.queue import items, playback, worker
from effects.queue.upkeep import cleanup
from effects.registry.values import speak
from effects.voice import loudness, speech
from effects.voice.engines import ENGINES, Style
from effects.voice.studio import TARGET_LUFS, Studio
from pixelbot_site.kit.errors import Failed, Refused
from tests.processes import ROOT, wait_until
from tests.threads import at_once

PHRASES = [
    "hello", "hi", "ok", "no", "lol", "a", "psst", "Spin it!", "seven", "mmm", "Yes please", "Wow! Incredible!",
    "Thank you for one hundred tokens, Bob!", "Did you see that?", "Level five reached", "Bye", "x Foxy 99 said: hi",
    "Welcome to the stream everybody, have a wonderful time", "The quick brown fox jumps over the lazy dog",
    "A rather long sentence that goes on and on, so that one hears what becomes of the loudness of a long speech.",
]  # fmt: skip


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    made = Studio()
    yield made
    made.close()


def say(studio: Studio, text: str, *, voice: str = "", rate: int = 170, volume: float = 1.0) -> tuple[bytes, float]:
    return studio.speak(text, "pyttsx3", voice, rate, volume)


def samples_of(wav: bytes) -> tuple[Any, int]:
    samples, rate = soundfile.read(BytesIO(wav))
    return samples, rate


def test_a_text_becomes_sound(studio: Studio) -> None:
    wav, seconds = say(studio, "Bob reached level five!")
    samples, rate = samples_of(wav)
    assert samples.ndim == 1 and 0.8 < seconds < 4 and seconds == pytest.approx(len(samples) / rate)


@pytest.mark.journey
def test_twenty_phrases_are_equally_loud_and_none_too_loud_or_framed_by_silence(studio: Studio) -> None:
    measured = []
    for text in PHRASES:
        samples, rate = samples_of(say(studio, text)[0])
        measured.append(loudness.measure(samples, rate))
        assert 20 * np.log10(np.abs(samples).max()) < -1.0, text
        loud = np.flatnonzero(np.abs(samples) > 0.02)
        assert loud[0] / rate < 0.1 and (len(samples) - loud[-1]) / rate < 0.1, text
    print(f"loudness of {len(PHRASES)} phrases: {min(measured):.2f} to {max(measured):.2f} LUFS")
    assert max(measured) - min(measured) < 1.0
    assert pytest.approx(float(np.mean(measured)), abs=0.5) == TARGET_LUFS


def test_the_shipped_sounds_and_a_pre_sound_of_ones_own_are_as_loud_as_speech(studio: Studio, tmp_path: Path) -> None:
    for path in sounds.SHIPPED.glob("*.wav"):
        assert studio.inspect(path, max_seconds=30).loudness == pytest.approx(TARGET_LUFS, abs=0.3), path.name
    quiet = tmp_path / "quiet.wav"
    samples, rate = soundfile.read(sounds.SHIPPED / "fanfare.wav")
    soundfile.write(quiet, samples / 30, rate)
    levelled, rate = samples_of(studio.level(quiet))
    assert loudness.measure(levelled, rate) == pytest.approx(TARGET_LUFS, abs=0.3)


def test_volume_makes_it_quieter_and_rate_quicker(studio: Studio) -> None:
    normal, quiet = (samples_of(say(studio, "hello there", volume=volume)[0])[0] for volume in (1.0, 0.5))
    assert np.abs(quiet).max() == pytest.approx(np.abs(normal).max() / 2, rel=0.05)
    assert say(studio, "hello there everybody", rate=300)[1] < 0.8 * say(studio, "hello there everybody", rate=150)[1]


def test_a_voice_is_for_one_text_and_the_next_has_the_default_again(studio: Studio) -> None:
    before = say(studio, "good morning everybody")[1]
    other = say(studio, "good morning everybody", voice="de")[1]
    assert abs(other - before) > 0.03
    assert say(studio, "good morning everybody")[1] == pytest.approx(before, abs=0.01)


def test_a_long_text_is_complete(studio: Studio) -> None:
    """runAndWait returns before such a text is synthesized; the file must still be whole."""
    assert say(studio, "hello there " * 60)[1] > 8 * say(studio, "hello there " * 5)[1]


@pytest.mark.parametrize(
    "text", ["ünïcödé 😂 привет", "<b>bold</b> & so on", "a\0b", "line\nbreak", '"quoted" \\ {json}', "x" * 1000]
)
def test_strange_texts_are_spoken(studio: Studio, text: str) -> None:
    assert say(studio, text)[1] > 0.1


@pytest.mark.parametrize("text", ["", "   "])
def test_nothing_to_speak_fails_alone(studio: Studio, text: str) -> None:
    with pytest.raises((Refused, Failed)):
        say(studio, text)
    assert say(studio, "still here")[1] > 0.2


def wait_in_line(studio: Studio, count: int) -> None:
    """Until so many texts stand in line behind the first."""
    wait_until(lambda: studio._line._work_queue.qsize() >= count, "it stands in line")


@pytest.mark.journey
def test_fifty_texts_at_once_are_spoken_in_the_order_of_asking(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads in one engine crash the process; here they take turns."""
    asked, first, gate, ask = [], threading.Event(), threading.Event(), studio._ask

    def ask_behind_the_gate(request: dict[str, Any]) -> dict[str, Any]:
        first.set()
        gate.wait(10)
        asked.append(request["text"])
        return ask(request)

    monkeypatch.setattr(studio, "_ask", ask_behind_the_gate)
    texts = [f"this is number {number}" for number in range(50)]
    with ThreadPoolExecutor(50) as pool:
        spoken = []
        for number, text in enumerate(texts):
            spoken.append(pool.submit(say, studio, text))
            assert first.wait(10)
            wait_in_line(studio, number)
        gate.set()
        assert all(result.result(60)[1] > 0.3 for result in spoken)
    assert asked == texts


def test_a_child_that_was_killed_is_replaced(studio: Studio) -> None:
    say(studio, "one")
    assert studio._child is not None
    first = studio._child.pid
    studio._child.kill()
    studio._child.wait()
    assert say(studio, "two")[1] > 0.1
    assert studio._child.pid != first


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
        "    print(json.dumps({'ok': 0.5}), flush=True)\n"
    )
    studio = Studio([sys.executable, str(script)])
    with pytest.raises(Failed, match=r"stopped while it spoke \(exit code 1\)"):
        say(studio, "die")
    assert say(studio, "live")[1] == 0.5
    studio.close()


def test_the_child_gets_none_of_the_bots_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JOYSTICK_CLIENT_SECRET", "SECRET_KEY", "DATABASE_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "hush")
    program = (
        "import json, os\n"
        "print(json.dumps({'ok': True}), flush=True)\n"
        "input()\n"
        "print(json.dumps({'error': json.dumps(dict(os.environ))}), flush=True)\n"
    )
    studio = Studio([sys.executable, "-c", program])
    with pytest.raises(Failed) as answer:
        say(studio, "hello")
    studio.close()
    assert "hush" not in str(answer.value) and os.environ["PATH"] in str(answer.value)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such signals")
@pytest.mark.parametrize("end", ["the bot is gone", "SIGINT", "SIGTERM"])
def test_a_child_that_is_ended_leaves_no_traceback(end: str) -> None:
    command = [sys.executable, "-m", "effects.voice.child"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as child:
        assert child.stdin and child.stdout and child.stderr
        assert json.loads(child.stdout.readline()) == {"ok": True}
        if end == "the bot is gone":  # while it has something to answer
            child.stdout.close()
            child.stdin.write('{"do": "nothing"}\n')
            child.stdin.close()
        else:
            child.send_signal(signal.Signals[end])
        child.wait(10)
        assert child.stderr.read() == ""


def test_to_close_it_does_not_wait_for_a_text_that_hangs() -> None:
    program = "import sys, time; print('{\"ok\": true}', flush=True); time.sleep(60)"
    studio = Studio([sys.executable, "-c", program])
    with ThreadPoolExecutor(1) as pool:
        speaking = pool.submit(say, studio, "hello")
        wait_until(lambda: studio._child is not None and studio._answers.empty(), "it speaks")
        began = time.monotonic()
        studio.close()
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
    with pytest.raises(Failed, match=reason):
        say(Studio([sys.executable, "-c", program]), "hello")
    assert "the voice can't start" in caplog.text


def test_piper_without_its_package_says_so(studio: Studio) -> None:
    with pytest.raises(Failed, match="piper"):
        studio.speak("hello", "piper", "", 170, 1.0)


def test_the_other_engines_make_no_sound_of_their_own(studio: Studio) -> None:
    browser = ENGINES["browser"](studio).speak("hello everybody", Style())
    silent = ENGINES["none"](studio).speak("hello everybody", Style())
    assert browser.wav is None and browser.by_browser and silent.wav is None and not silent.by_browser
    assert ENGINES["none"](studio).speak("x" * 1000, Style()).seconds == 15.0


@pytest.fixture
def line(viewer: Callable[..., Viewer]) -> Callable[..., QueueItem]:
    """Enqueues a line of Bob's."""
    speech.seed()
    bob = viewer("xX_Bob_99")

    def enqueue(text: str = "hello", **style: Any) -> QueueItem:
        return items.enqueue(speak(text, **{"source": "redeem", **style}), viewer=bob)

    return enqueue


def drained(item: QueueItem) -> QueueItem:
    worker.drain("tts")
    item.refresh_from_db()
    return item


@pytest.mark.usefixtures("frames", "woken", "said")
def levelled(sound: Sound | None = None) -> str:
    """The key of what is played before speech."""
    path = sounds.pre_sound(sound)
    assert path is not None
    return Path(sounds.levelled(path)).stem


class TestSpeak:
    """The effect."""

    def test_it_stores_the_wav_and_tells_the_overlays(
        self, line: Callable[..., QueueItem], frames: list[dict[str, Any]]
    ) -> None:
        item = drained(line("<b>hellooooo</b> https://example.com :smile:"))
        assert item.state == State.RUNNING
        with default_storage.open(item.speech_file) as file:
            assert file.read(4) == b"RIFF"
        assert item.speech_text == "xX Bob 99 said: helloo link"
        (frame,) = frames
        assert frame | {"seconds": 0} == {
            "type": "play",
            "show": "speak",
            "user": "xX_Bob_99",
            "prefix": "xX_Bob_99 said:",
            "text": "xX_Bob_99 said: <b>hellooooo</b> link :smile:",
            "said": "",
            "voice": "",
            "rate": 170,
            "volume": 1.0,
            "speech": f"speech/{item.pk}.wav",
            "seconds": 0,
            "pre_sound": f"pre-sound/{levelled()}",
            "pre_delay_ms": 1200,
            "lane": "tts",
            "attempt": 1,
            "item": item.pk,
        }
        assert item.overlay_seconds > 1.2 + 0.3

    def test_each_source_begins_in_its_own_way(
        self, line: Callable[..., QueueItem], frames: list[dict[str, Any]], settings: Any
    ) -> None:
        sounds.seed()
        ding = Sound.objects.get(name="ding")
        SpeechSource.objects.filter(name="tip").update(prefix="A tip:", pre_sound=ding)
        SpeechSource.objects.filter(name="level").update(silent=True)
        for source, said, pre_sound in (
            ("tip", "A tip: hello", f"pre-sound/{levelled(ding)}"),
            ("level", "hello", ""),
            ("redeem", "xX Bob 99 said: hello", f"pre-sound/{levelled()}"),
        ):
            item = drained(line(source=source))
            assert item.speech_text == said and frames[-1]["pre_sound"] == pre_sound
            playback.finished(item.pk, 1)
        settings.TTS_PREFIX_USERNAME = False
        settings.TTS_PRE_SOUND = ""
        item = drained(line())
        assert item.speech_text == "hello"
        assert (frames[-1]["pre_sound"], frames[-1]["pre_delay_ms"]) == ("", 0)

    def test_words_of_the_filter_are_not_spoken(self, line: Callable[..., QueueItem]) -> None:
        WordFilter.objects.create(word="darn", replacement="golly")
        WordFilter.objects.create(word="heck")
        assert drained(line("Darn, what the HECK, darnation")).speech_text.endswith("golly, what the , darnation")

    def test_nothing_speakable_fails_the_item(self, line: Callable[..., QueueItem]) -> None:
        item = drained(line("😂😂 *** :smile:"))
        assert (item.state, item.error) == (State.FAILED, "there is nothing to speak in this text")

    def test_a_line_of_the_bots_own_that_lasts_too_long_is_cut_at_a_word(
        self, line: Callable[..., QueueItem], settings: Any
    ) -> None:
        settings.TTS_MAX_SECONDS = 3
        text = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
        item = drained(line(text, source="level"))
        assert item.state == State.RUNNING and 1.5 < item.speech_seconds <= 3
        assert text.startswith(f"{item.speech_text} ")

    @pytest.mark.parametrize("text", ["W X " * 75, "你好世界" * 75, "ሀሁሂ" * 100])
    def test_no_line_of_a_viewer_lasts_longer_than_the_limit(
        self, line: Callable[..., QueueItem], text: str, frames: list[dict[str, Any]]
    ) -> None:
        item = drained(line(text))
        assert item.state == State.FAILED and "and the limit is 30 s" in item.error
        assert "speak" not in [frame.get("show") for frame in frames]

    def test_style_is_the_items_then_the_viewers_then_the_settings(
        self, line: Callable[..., QueueItem], frames: list[dict[str, Any]], settings: Any
    ) -> None:
        settings.TTS_VIEWER_VOICES = ["de", "ru", "fr"]
        drained(line())
        mine = ViewerVoice.objects.get().voice
        assert mine in settings.TTS_VIEWER_VOICES and frames[-1]["voice"] == mine
        for _ in range(5):
            playback.finished(QueueItem.objects.latest("id").pk, 1)
            drained(line())
            assert [frame["voice"] for frame in frames if frame.get("show") == "speak"][-1] == mine
        playback.finished(QueueItem.objects.latest("id").pk, 1)
        drained(line(voice="en-us", rate=250, volume=0.4))
        frame = [frame for frame in frames if frame.get("show") == "speak"][-1]
        assert (frame["voice"], frame["rate"], frame["volume"]) == ("en-us", 250, 0.4)

    def test_the_next_one_is_synthesized_while_the_first_plays(
        self, line: Callable[..., QueueItem], frames: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, second = line("the first"), line("the second")
        drained(first)
        second.refresh_from_db()
        assert (second.state, second.attempts) == (State.PENDING, 0) and second.is_prepared and second.speech_file
        monkeypatch.setattr(tts, "engine", lambda: pytest.fail("spoken twice"))
        playback.finished(first.pk, 1)
        assert drained(second).state == State.RUNNING
        assert [frame["text"] for frame in frames if frame.get("show") == "speak"] == [
            "xX_Bob_99 said: the first",
            "xX_Bob_99 said: the second",
        ]

    def test_the_browser_speaks_where_that_is_set(
        self, line: Callable[..., QueueItem], frames: list[dict[str, Any]], settings: Any
    ) -> None:
        settings.TTS_ENGINE = "browser"
        drained(line("hi **there**"))
        assert (frames[0]["said"], frames[0]["speech"]) == ("xX Bob 99 said: hi there", "")

    def test_a_voice_that_cannot_start_fails_the_item(
        self, line: Callable[..., QueueItem], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tts, "studio", lambda: Studio([sys.executable, "-c", "import sys; sys.exit(3)"]))
        item = drained(line())
        assert item.state == State.FAILED and "can't start" in item.error

    def test_old_speech_is_tidied_away_and_old_history_too(self, line: Callable[..., QueueItem]) -> None:
        item = drained(line())
        playback.finished(item.pk, 1)
        item.refresh_from_db()
        name = item.speech_file
        assert cleanup.tidy() == 0
        assert cleanup.tidy(now=timezone.now() + timedelta(hours=2)) == 1
        assert not default_storage.exists(name) and QueueItem.objects.count() == 1
        cleanup.tidy(now=timezone.now() + timedelta(days=91))
        assert QueueItem.objects.count() == 0


@pytest.mark.usefixtures("frames", "woken", "said")
def test_speech_that_no_row_tells_of_is_tidied_away(line: Callable[..., QueueItem]) -> None:
    item = drained(line())
    orphan = default_storage.save("speech/orphan.wav", default_storage.open(item.speech_file))
    cleanup.tidy()
    assert default_storage.exists(orphan)
    cleanup.tidy(now=timezone.now() + timedelta(hours=2))
    assert not default_storage.exists(orphan) and default_storage.exists(item.speech_file)


def test_many_threads_make_one_pre_sound(studio: Studio) -> None:
    path = sounds.pre_sound()
    assert path is not None
    names = set(at_once(8, lambda n: sounds.levelled(path)))
    assert all(isinstance(name, str) and 0.5 < sounds.length(name) < 1.2 for name in names)


def test_pre_sounds_are_found_by_plain_names_only(settings: Any) -> None:
    assert sounds.pre_sound() is not None
    for name in ("", "../sounds/announcement.wav", "/etc/passwd", "nothing.wav", "..", "."):
        settings.TTS_PRE_SOUND = name
        assert sounds.pre_sound() is None

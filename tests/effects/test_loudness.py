"""Loudness at the edges: silence, clicks, noise, peaks, and files that are not what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from effects.voice import loudness
from effects.voice.engines import ENGINES, Style, estimated_seconds
from effects.voice.studio import TARGET_LUFS, Studio, TooLong

RATE = 24_000


def tone(seconds: float, level: float = 0.5) -> Any:
    return level * np.sin(2 * np.pi * 440 * np.arange(int(RATE * seconds)) / RATE)


def silence(seconds: float) -> Any:
    return np.zeros(int(RATE * seconds))


@pytest.mark.parametrize("samples", [np.zeros(0), silence(0.001), silence(2)], ids=["none", "a moment", "two seconds"])
def test_silence_has_the_lowest_loudness_and_is_levelled_to_nothing(samples: Any) -> None:
    assert loudness.measure(samples, RATE) == loudness.SILENCE
    assert len(loudness.level(samples, RATE)) == 0


def noise(rate: int, channels: int) -> Any:
    """Eight seconds that grow from near silence: some blocks are below the gates."""
    frames = 8 * rate
    return np.random.default_rng(7).normal(0, 0.2, (frames, channels)) * np.linspace(0, 1, frames)[:, np.newaxis] ** 4


def reference(samples: Any, rate: int) -> float:
    # It imports much of SciPy, for which not each process that collects the tests should wait.
    import pyloudnorm

    return float(pyloudnorm.Meter(rate).integrated_loudness(samples))


@pytest.mark.xdist_group("loudness")
@pytest.mark.parametrize("rate", [8000, 22_050, 44_100, 192_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_noise_is_measured_as_pyloudnorm_measures_it(rate: int, channels: int) -> None:
    samples = noise(rate, channels)
    assert loudness.measure(samples, rate) == pytest.approx(reference(samples, rate), abs=0.01)


@pytest.mark.xdist_group("loudness")
def test_speech_is_measured_as_pyloudnorm_measures_it(tmp_path: Path) -> None:
    studio = Studio()
    wav, _ = studio.speak("One two three. The quick brown fox jumps over the lazy dog! " * 3, "pyttsx3", "", 170, 1.0)
    studio.close()
    path = tmp_path / "speech.wav"
    path.write_bytes(wav)
    samples, rate = soundfile.read(path)
    assert loudness.measure(samples, rate) == pytest.approx(reference(samples, rate), abs=0.01)


@pytest.mark.parametrize("seconds", [0.01, 0.1, 0.39, 0.4, 0.41, 3])
def test_sounds_of_every_length_are_measured_alike(seconds: float) -> None:
    assert loudness.measure(tone(seconds), RATE) == pytest.approx(loudness.measure(tone(2), RATE), abs=0.6)


@pytest.mark.parametrize("level", [0.001, 0.02, 0.5, 1.0])
def test_whisper_and_shout_come_out_alike(level: float) -> None:
    assert loudness.measure(loudness.level(tone(1, level), RATE), RATE) == pytest.approx(TARGET_LUFS, abs=0.1)


def test_peaks_are_rounded_off_and_never_above_the_highest_sample() -> None:
    clicks = np.concatenate([tone(1, 0.01), [1.0, -1.0], tone(1, 0.01)])
    levelled = loudness.level(clicks, RATE)
    assert np.abs(levelled).max() <= loudness.MAX_SAMPLE
    assert 20 * np.log10(np.abs(levelled).max()) < -1.0
    assert loudness.measure(levelled, RATE) > loudness.measure(clicks, RATE)


def test_silence_is_cut_from_both_ends_and_from_nowhere_else() -> None:
    sound = np.concatenate([silence(1), tone(0.5), silence(0.5), tone(0.5), silence(2)])
    trimmed = loudness.trim(sound, RATE)
    assert len(trimmed) / RATE == pytest.approx(1.5 + 2 * loudness.MARGIN, abs=0.01)


def test_a_faint_hiss_around_the_sound_counts_as_silence() -> None:
    hiss = np.random.default_rng(1).normal(0, 0.0001, RATE)
    trimmed = loudness.trim(np.concatenate([hiss, tone(0.5), hiss]), RATE)
    assert len(trimmed) / RATE == pytest.approx(0.5 + 2 * loudness.MARGIN, abs=0.01)


def test_a_stereo_file_becomes_one_channel_at_its_own_rate(tmp_path: Path) -> None:
    source, target = tmp_path / "stereo.wav", tmp_path / "mono.wav"
    soundfile.write(source, np.column_stack([tone(1), tone(1, 0.1)]), RATE)
    seconds = loudness.level_file(source, target)
    info = soundfile.info(target)
    assert (info.channels, info.samplerate, info.subtype) == (1, RATE, "PCM_16")
    assert seconds == pytest.approx(info.duration)


@pytest.mark.parametrize("volume", [0.0, 0.25, 1.0])
def test_the_volume_is_applied_after_levelling(tmp_path: Path, volume: float) -> None:
    source, target, full = (tmp_path / name for name in ("source.wav", "target.wav", "full.wav"))
    soundfile.write(source, tone(1, 0.05), RATE)
    loudness.level_file(source, full)
    loudness.level_file(source, target, volume=volume)
    peaks = [float(np.abs(soundfile.read(path)[0]).max()) for path in (target, full)]
    assert peaks[0] == pytest.approx(volume * peaks[1], abs=0.001)


class TestInspect:
    """What an uploaded file really is."""

    def test_the_facts_of_a_file(self, tmp_path: Path) -> None:
        path = tmp_path / "x.wav"
        soundfile.write(path, tone(1.5), RATE, subtype="PCM_24")
        facts = loudness.inspect(path, max_seconds=30)
        assert (facts.format, facts.subtype, facts.seconds) == ("WAV", "PCM_24", 1.5)
        assert facts.loudness == pytest.approx(loudness.measure(tone(1.5), RATE), abs=0.01)

    def test_the_longest_allowed_file_is_measured_and_a_longer_one_is_not(self, tmp_path: Path) -> None:
        path = tmp_path / "x.wav"
        soundfile.write(path, tone(2), RATE)
        assert loudness.inspect(path, max_seconds=2).loudness > loudness.SILENCE
        longer = loudness.inspect(path, max_seconds=1.9)
        assert (longer.seconds, longer.loudness) == (2, loudness.SILENCE)

    def test_an_empty_sound_is_one_of_no_length(self, tmp_path: Path) -> None:
        path = tmp_path / "x.wav"
        soundfile.write(path, silence(0), RATE)
        facts = loudness.inspect(path, max_seconds=30)
        assert (facts.seconds, facts.loudness) == (0, loudness.SILENCE)

    @pytest.mark.parametrize(("channels", "rate"), [(3, 8000), (1, 200_000)])
    def test_too_many_channels_or_samples_are_refused(self, tmp_path: Path, channels: int, rate: int) -> None:
        path = tmp_path / "x.wav"
        soundfile.write(path, np.zeros((100, channels)), rate)
        with pytest.raises(ValueError, match="at most"):
            loudness.inspect(path, max_seconds=30)

    @pytest.mark.parametrize("data", [b"", b"RIFF", b"ID3\x04" + bytes(50), b"<svg/>"])
    def test_what_is_no_sound_is_refused(self, tmp_path: Path, data: bytes) -> None:
        path = tmp_path / "x.wav"
        path.write_bytes(data)
        with pytest.raises(soundfile.LibsndfileError):
            loudness.inspect(path, max_seconds=30)


class TestSilentEngines:
    """The engines that synthesize nothing."""

    def test_a_caption_stays_as_long_as_it_takes_to_read_and_no_longer_than_its_limit(self) -> None:
        silent = ENGINES["none"](Studio())
        seconds = [silent.speak("x" * length, Style()).seconds for length in (1, 60, 120, 10_000)]
        assert seconds == sorted(seconds) and seconds[0] == 2.5 and seconds[-1] == 15.0

    def test_a_faster_voice_is_expected_to_end_sooner(self) -> None:
        browser = ENGINES["browser"](Studio())
        slow, fast = (browser.speak("hello there " * 10, Style(rate=rate)).seconds for rate in (85, 340))
        assert slow == pytest.approx(4 * fast)

    @pytest.mark.parametrize("text", ["W X " * 75, "\u6f22\u5b57" * 150, "\u12a0\u121b" * 150, "7" * 300])
    def test_what_takes_long_to_say_is_refused_by_its_seconds_and_not_by_its_length(self, text: str) -> None:
        browser = ENGINES["browser"](Studio())
        with pytest.raises(TooLong):
            browser.speak(text, Style(), max_seconds=30)
        assert (
            browser.speak("hello there " * 13, Style(), max_seconds=15).seconds == 15
        )  # and plays no longer than that

    @pytest.mark.parametrize("text", ["hello there " * 25, "\u0634\u0643\u0631\u0627 \u0644\u0643\u0645 " * 28])
    def test_the_longest_text_of_ordinary_words_is_not_refused(self, text: str) -> None:
        assert ENGINES["browser"](Studio()).speak(text[:300], Style(), max_seconds=30).seconds > 15

    def test_an_estimate_is_a_second_at_least(self) -> None:
        assert estimated_seconds("", 170) == estimated_seconds("hi", 500) == 1.0
        assert estimated_seconds("x" * 600, 100) == pytest.approx(60)

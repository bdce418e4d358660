"""Loudness by ITU-R BS.1770, so that all speech is equally loud.

Import this in the studio's child process only: NumPy is large, and the bot itself does not need it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from effects.voice import meter
from effects.voice.studio import TARGET_LUFS, SoundFacts

# The highest sample: below −1 dBFS, so that no player clips.
MAX_SAMPLE = 10 ** (-1.2 / 20)
# From here on peaks are rounded off instead of cut.
KNEE = MAX_SAMPLE * 0.7
# A sample counts as silence when it is 45 dB below the loudest one.
SILENCE_RATIO = 10 ** (-45 / 20)
# Seconds of silence that stay at both ends: a hard cut would click.
MARGIN = 0.03
# LUFS of silence.
SILENCE = meter.ABSOLUTE_GATE
MAX_SAMPLE_RATE = 192_000
MAX_CHANNELS = 2
# How near to the target is near enough, in LU, and how often to try.
TOLERANCE = 0.1
MAX_PASSES = 4

# An array of floats: frames, or frames by channels.
Samples = Any


def measure(samples: Samples, rate: int) -> float:
    """Return the loudness in LUFS, SILENCE for silence. `rate`: samples a second."""
    if len(samples) == 0:
        return SILENCE
    # BS.1770 knows no sounds shorter than a block: repeat them until they are long enough.
    times = int(np.ceil(2 * meter.BLOCK * rate / len(samples)))
    long_enough = np.concatenate([samples] * times) if times > 1 else samples
    loudness = meter.integrated_loudness(long_enough, rate)
    return loudness if np.isfinite(loudness) else SILENCE


def trim(samples: Samples, rate: int) -> Samples:
    """Return `samples` without the silence at both ends."""
    peak = float(np.max(np.abs(samples), initial=0.0))
    loud = np.flatnonzero(np.abs(samples) > SILENCE_RATIO * max(peak, 1e-6))
    if len(loud) == 0:
        return samples[:0]
    margin = int(MARGIN * rate)
    return samples[max(loud[0] - margin, 0) : loud[-1] + margin]


def level(samples: Samples, rate: int) -> Samples:
    """Return `samples` trimmed and at TARGET_LUFS, no sample above MAX_SAMPLE. Silence becomes no samples."""
    samples = trim(samples, rate)
    for _ in range(MAX_PASSES):
        loudness = measure(samples, rate)
        if loudness <= SILENCE or abs(loudness - TARGET_LUFS) < TOLERANCE:
            break
        # Rounding off the peaks costs loudness, which the next pass makes up for.
        samples = _limit(samples * 10 ** ((TARGET_LUFS - loudness) / 20))
    return _limit(samples)


def _limit(samples: Samples) -> Samples:
    sizes = np.abs(samples)
    rounded = KNEE + (MAX_SAMPLE - KNEE) * np.tanh((sizes - KNEE) / (MAX_SAMPLE - KNEE))
    return np.where(sizes > KNEE, np.sign(samples) * rounded, samples)


def length(path: Path) -> float:
    """Return the seconds of a sound file, by its header."""
    return float(soundfile.info(path).duration)


def level_file(source: Path, target: Path, *, volume: float = 1.0) -> float:
    """Write `source` levelled, as mono 16-bit WAV, to `target`; return its seconds."""
    samples, rate = soundfile.read(source, dtype="float64", always_2d=True)
    levelled = level(samples.mean(axis=1), rate) * volume
    soundfile.write(target, levelled, rate, format="WAV", subtype="PCM_16")
    return float(len(levelled) / rate)


def inspect(path: Path, *, max_seconds: float) -> SoundFacts:
    """Decode a file in full and return its facts. Raise ValueError, or soundfile.LibsndfileError where it is no sound.

    A file whose header names more than `max_seconds` is not decoded, and its loudness is SILENCE.
    """
    with soundfile.SoundFile(path) as file:
        rate = file.samplerate
        if file.channels > MAX_CHANNELS:
            raise ValueError(f"it has {file.channels} channels; at most {MAX_CHANNELS} are allowed")
        if rate > MAX_SAMPLE_RATE:
            raise ValueError(f"it has {rate} samples a second; at most {MAX_SAMPLE_RATE} are allowed")
        if file.frames / rate > max_seconds:
            # A small file may hold hours: decoding it would fill the memory.
            return SoundFacts(file.format, file.subtype, file.frames / rate, SILENCE)
        # The header may lie: one sample more than allowed is enough to tell.
        samples = file.read(frames=int(max_seconds * rate) + 1, dtype="float64", always_2d=True)
        return SoundFacts(file.format, file.subtype, len(samples) / rate, measure(samples, rate))

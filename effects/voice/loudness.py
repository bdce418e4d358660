"""Loudness by ITU-R BS.1770, with pyloudnorm: everything that is spoken is equally loud. Only for the studio's child:
NumPy and SciPy are large, and the bot itself needs neither.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyloudnorm
import soundfile

from effects.voice.studio import TARGET, SoundFacts

CEILING = 10 ** (-1.2 / 20)
"""The highest sample: below −1 dBFS."""
BLOCK = 0.4
"""Seconds: the shortest that BS.1770 measures."""
WINDOW = 0.01
QUIET = 10 ** (-45 / 20)
"""What counts as silence, beside the loudest sample."""
MARGIN = 0.03
"""Seconds of silence that stay at both ends."""
SILENCE = -70.0
MAX_RATE = 192_000

Samples = Any
"""An array of floats: frames, or frames by channels."""


def measure(samples: Samples, rate: int) -> float:
    """LUFS. What is shorter than a block is repeated until it is long enough; silence is SILENCE."""
    if len(samples) == 0:
        return SILENCE
    times = int(np.ceil(2 * BLOCK * rate / len(samples)))
    long_enough = np.concatenate([samples] * times) if times > 1 else samples
    loudness = float(pyloudnorm.Meter(rate).integrated_loudness(long_enough))
    return loudness if np.isfinite(loudness) else SILENCE


def trimmed(samples: Samples, rate: int) -> Samples:
    """Without the silence at both ends."""
    loud = np.flatnonzero(np.abs(samples) > QUIET * max(float(np.max(np.abs(samples), initial=0.0)), 1e-6))
    if len(loud) == 0:
        return samples[:0]
    margin = int(MARGIN * rate)
    return samples[max(loud[0] - margin, 0) : loud[-1] + margin]


def levelled(samples: Samples, rate: int) -> Samples:
    """Trimmed, at TARGET, no sample above CEILING. Peaks that would be are rounded off; what that costs in loudness is
    made good again.
    """
    samples = trimmed(samples, rate)
    for _ in range(4):
        loudness = measure(samples, rate)
        if loudness <= SILENCE or abs(loudness - TARGET) < 0.1:
            break
        samples = _limited(samples * 10 ** ((TARGET - loudness) / 20))
    return _limited(samples)


def _limited(samples: Samples) -> Samples:
    knee = CEILING * 0.7
    size = np.abs(samples)
    over = knee + (CEILING - knee) * np.tanh((size - knee) / (CEILING - knee))
    return np.where(size > knee, np.sign(samples) * over, samples)


def level_file(source: Path, target: Path, *, volume: float = 1.0) -> float:
    """Write `source` levelled, as mono 16-bit WAV, to `target`; returns its seconds."""
    samples, rate = soundfile.read(source, dtype="float64", always_2d=True)
    mono = samples.mean(axis=1)
    done = levelled(mono, rate) * volume
    soundfile.write(target, done, rate, format="WAV", subtype="PCM_16")
    return float(len(done) / rate)


def inspect(path: Path, *, most: float) -> SoundFacts:
    """Look into a file: decoded in full, so that what is here plays. What says itself that it lasts longer than `most`
    seconds is not decoded: a small file may hold hours. Raises ValueError, or soundfile.LibsndfileError for no sound.
    """
    with soundfile.SoundFile(path) as file:
        rate = file.samplerate
        if file.channels > 2:
            raise ValueError(f"it has {file.channels} channels, and two are the most")
        if rate > MAX_RATE:
            raise ValueError(f"it has {rate} samples a second, and {MAX_RATE} are the most")
        if file.frames / rate > most:
            return SoundFacts(file.format, file.subtype, file.frames / rate, SILENCE)
        samples = file.read(frames=int(most * rate) + 1, dtype="float64", always_2d=True)
        return SoundFacts(file.format, file.subtype, len(samples) / rate, measure(samples, rate))

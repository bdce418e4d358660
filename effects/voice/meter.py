"""Integrated loudness by ITU-R BS.1770-4 of one or two channels, with NumPy alone.

pyloudnorm, with which the tests compare it, filters with SciPy, which takes 60 MB of memory for that.
"""

from __future__ import annotations

from typing import Any

import numpy as np

# Seconds: loudness is that of blocks, each beginning a step after the one before.
BLOCK, STEP = 0.4, 0.1
# LUFS, and LU below the mean of what is louder than that: quieter blocks do not count.
ABSOLUTE_GATE, RELATIVE_GATE = -70.0, -10.0
# Samples that are filtered at once; more than the longest tail takes at the highest rate of a sound.
FFT_SIZE = 1 << 17
# Seconds after which nothing is left of the filters' response (the high-pass: 1e-19).
TAIL = 0.2
# The two filters of the K-weighting, as pyloudnorm has them: the head's, and the high-pass.
SHELF_HZ, SHELF_DB, SHELF_Q = 1500.0, 4.0, 1 / np.sqrt(2)
HIGH_PASS_HZ, HIGH_PASS_Q = 38.0, 0.5

# An array of floats: frames, or frames by channels.
Samples = Any


def integrated_loudness(samples: Samples, rate: int) -> float:
    """Return the loudness in LUFS; minus infinity where no block is above the absolute gate. At least a BLOCK long."""
    powers = _block_powers(_weighted_powers(samples.reshape(len(samples), -1), rate), rate)
    powers = powers[powers >= _power(ABSOLUTE_GATE)]
    if len(powers) == 0:
        return float("-inf")
    powers = powers[powers > powers.mean() * 10 ** (RELATIVE_GATE / 10)]
    return float(-0.691 + 10 * np.log10(powers.mean()))


def _power(loudness: float) -> float:
    return float(10 ** ((loudness + 0.691) / 10))


def _block_powers(powers: Samples, rate: int) -> Samples:
    """Return the mean of each block."""
    # Rounded as pyloudnorm does: the last block may lack half a step.
    count = round((len(powers) / rate - BLOCK) / STEP) + 1
    starts = BLOCK * (np.arange(count) * (STEP / BLOCK)) * rate
    ends = np.minimum((starts + BLOCK * rate).astype(int), len(powers))
    sums = np.concatenate([[0.0], np.cumsum(powers)])
    return (sums[ends] - sums[starts.astype(int)]) / (BLOCK * rate)


def _weighted_powers(samples: Samples, rate: int) -> Samples:
    """Return the K-weighted power of each frame, summed over its channels."""
    # Overlap-save: each piece is filtered with the frames before it, and where those are filtered wrong, is cut off.
    tail = int(TAIL * rate)
    piece = FFT_SIZE - tail
    padded = np.concatenate([np.zeros((tail, samples.shape[1])), samples])
    response = _k_weighting(rate)[:, np.newaxis]
    powers = np.empty(len(samples))
    for start in range(0, len(samples), piece):
        spectrum = np.fft.rfft(padded[start : start + FFT_SIZE], FFT_SIZE, axis=0)
        filtered = np.fft.irfft(spectrum * response, FFT_SIZE, axis=0)[tail:]
        powers[start : start + piece] = np.square(filtered).sum(axis=1)[: len(samples) - start]
    return powers


def _k_weighting(rate: int) -> Samples:
    """Return the response of both filters at the frequencies of a spectrum of FFT_SIZE."""
    delay = np.exp(-2j * np.pi * np.fft.rfftfreq(FFT_SIZE))
    filters = (_shelf(2 * np.pi * SHELF_HZ / rate), _high_pass(2 * np.pi * HIGH_PASS_HZ / rate))
    shelf, high_pass = (np.polyval(b[::-1], delay) / np.polyval(a[::-1], delay) for b, a in filters)
    return shelf * high_pass


# The biquads of Robert Bristow-Johnson's “Audio EQ Cookbook”: b and a, from z^0 on. `w`: the angle of the frequency.
Biquad = tuple[list[float], list[float]]


def _shelf(w: float) -> Biquad:
    a, cos = 10 ** (SHELF_DB / 40), np.cos(w)
    root = np.sqrt(a) * np.sin(w) / SHELF_Q
    numerator = [
        a * (a + 1 + (a - 1) * cos + root),
        -2 * a * (a - 1 + (a + 1) * cos),
        a * (a + 1 + (a - 1) * cos - root),
    ]
    return numerator, [a + 1 - (a - 1) * cos + root, 2 * (a - 1 - (a + 1) * cos), a + 1 - (a - 1) * cos - root]


def _high_pass(w: float) -> Biquad:
    alpha, cos = np.sin(w) / (2 * HIGH_PASS_Q), np.cos(w)
    return [(1 + cos) / 2, -(1 + cos), (1 + cos) / 2], [1 + alpha, -2 * cos, 1 - alpha]

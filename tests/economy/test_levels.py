"""The XP curve."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from economy.ledger.levels import Curve, describe, step, thresholds

bases = st.integers(1, 10**6)
exponents = st.floats(0.25, 5.0, allow_nan=False).map(lambda value: round(value, 4))


def test_the_defaults_begin_as_documented() -> None:
    """Level 2 takes 100 XP, level 3 floor(100 × 2^1.8) = 348 more."""
    assert [Curve().begins(level) for level in (1, 2, 3, 4, 5)] == [0, 100, 448, 1170, 2382]


def test_progress_reads_as_people_read_it() -> None:
    """Level 5 with 118 of 1811 XP on the way to level 6."""
    assert describe(Curve(), 2500) == "Level 5 · XP 2500 · 118/1811 (6%)"


def test_whole_powers_are_not_rounded_down() -> None:
    """32^1.8 is 512, whatever floating point makes of it; 243^1.2 is 729."""
    assert step(100, 1.8, 32) == 51_200
    assert step(1, 1.2, 243) == 729
    assert [step(1, 0.5, n * n) for n in range(1, 100)] == list(range(1, 100))


@pytest.mark.journey
@pytest.mark.parametrize("exponent", [0.25, 1.0, 1.8, 2.5, 5.0])
@pytest.mark.parametrize("base", [1, 7, 100, 10**6])
def test_every_level_of_the_curve_is_exact_at_its_edges(base: int, exponent: float) -> None:
    """At a threshold the level is reached, one XP below it is not: for all 9,999 levels."""
    curve = Curve(base, exponent, 9999)
    begins = thresholds(curve)
    assert len(begins) == 9999
    for level, xp in enumerate(begins, start=1):
        assert curve.level(xp) == level
        if xp:
            assert curve.level(xp - 1) == level - 1


def test_xp_beyond_the_top_stays_at_the_top() -> None:
    """There is no level 10,000."""
    curve = Curve()
    assert curve.level(curve.begins(9999) * 3) == 9999
    assert describe(curve, 10**18).endswith("top level")


@given(base=bases, exponent=exponents, level=st.integers(1, 9999))
def test_a_step_is_the_floor_of_the_exact_power(base: int, exponent: float, level: int) -> None:
    """Checked against 120 digits."""
    with localcontext() as context:
        context.prec = 120
        exact = base * Decimal(level) ** Decimal(repr(exponent))
        floor = int((exact + Decimal("1e-60") * exact).to_integral_value(ROUND_FLOOR))
    assert step(base, exponent, level) == floor


@settings(deadline=None, max_examples=60)
@given(base=bases, exponent=exponents, top=st.integers(2, 400), xp=st.integers(0, 10**15))
def test_level_from_xp_agrees_with_counting_up(base: int, exponent: float, top: int, xp: int) -> None:
    """The level is the highest whose running sum of steps is not above the XP."""
    curve = Curve(base, exponent, top)
    level, total = 1, 0
    while level < top and total + step(base, exponent, level) <= xp:
        total += step(base, exponent, level)
        level += 1
    assert curve.level(xp) == level
    assert curve.progress(xp) == (level, xp - total, 0 if level == top else step(base, exponent, level))


@given(xp=st.integers(0, 10**12), more=st.integers(0, 10**9))
def test_more_xp_never_means_a_lower_level(xp: int, more: int) -> None:
    """The curve is monotonic."""
    assert Curve().level(xp + more) >= Curve().level(xp)

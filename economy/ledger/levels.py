"""The XP curve: pure arithmetic, exact for every XP.

To go from level L to L+1 takes floor(base × L^exponent) XP. Level 1 begins at 0 XP; a level's threshold is the running
sum of the steps below it.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import lru_cache
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class Curve:
    """The curve `base × level^exponent`. base ≥ 1, exponent 0.25–5; `top` is the highest level."""

    base: int = 100
    exponent: float = 1.8
    top: int = 9999

    def level(self, xp: int) -> int:
        """Return the level of `xp` (≥ 0)."""
        return bisect_right(thresholds(self), xp)

    def begins(self, level: int) -> int:
        """Return the XP at which `level` (1 to top) begins."""
        return thresholds(self)[level - 1]

    def progress(self, xp: int) -> tuple[int, int, int]:
        """Return (level, XP within it, XP from its beginning to the next). At the top the last is 0."""
        level = self.level(xp)
        within = xp - self.begins(level)
        return level, within, 0 if level >= self.top else step(self.base, self.exponent, level)


def describe(curve: Curve, xp: int) -> str:
    """Return the standing for people: `Level 5 · XP 2500 · 118/1811 (6%)`."""
    level, within, needed = curve.progress(xp)
    if needed == 0:
        return f"Level {level} · XP {xp} · top level"
    return f"Level {level} · XP {xp} · {within}/{needed} ({within * 100 // needed}%)"


@lru_cache(maxsize=4)
def thresholds(curve: Curve) -> list[int]:
    """Return the XP at which each level begins, ascending; index 0 is level 1."""
    steps = (step(curve.base, curve.exponent, level) for level in range(1, curve.top))
    return list(accumulate(steps, initial=0))


def step(base: int, exponent: float, level: int) -> int:
    """floor(base × level^exponent), exactly.

    Floats go wrong next to whole numbers (where 32^1.8, which is 512, comes out below it) and beyond 2^53;
    there the same is computed with 60 digits.
    """
    quick = base * level**exponent
    if abs(quick - round(quick)) > quick * 1e-12:
        return int(quick)
    with localcontext() as context:
        context.prec = 60
        exact = base * Decimal(level) ** Decimal(repr(exponent))
        nearest = exact.to_integral_value()
        if abs(exact - nearest) < exact * Decimal("1e-50"):
            return int(nearest)  # a whole number but for rounding in the last digits
        return int(exact)

"""The bounds of amounts, and the checks that refuse what is outside of them."""

from __future__ import annotations

# The most that a viewer can have, so that sums over millions of viewers fit 64 bits.
MAX_BALANCE = 10**12
# The most that can be taken at once: a balance from before MAX_BALANCE may be above it, and can always be lowered.
MAX_TAKEN = 2**62
# The greatest integer of a BigIntegerField.
MAX_INTEGER = 2**63 - 1


def require_amount(amount: object, *, least: int = 1, most: int = MAX_BALANCE) -> None:
    """Raise ValueError, with the number, for what is no whole number from `least` to `most`."""
    if isinstance(amount, bool) or not isinstance(amount, int) or not least <= amount <= most:
        raise ValueError(f"an amount must be a whole number from {least} to {most}, not {amount!r}")


def require_change(delta: object) -> None:
    """Raise ValueError, with the number, for what is no change: zero, True, more than may be given or taken."""
    if isinstance(delta, int) and delta < 0:
        require_amount(-delta, most=MAX_TAKEN)
    else:
        require_amount(delta)


def counted(amount: int, noun: str = "point") -> str:
    """Return an amount with its noun, in the plural where needed: `1 point`, `2 points`."""
    return f"{amount} {noun}" if abs(amount) == 1 else f"{amount} {noun}s"

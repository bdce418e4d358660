"""Joystick's own wheel stopped."""

from __future__ import annotations

from economy.earning.pay import Award
from joystick.models import Trigger
from joystick.protocol.events import WheelSpin
from joystick.reactions import Occasion
from joystick.registry import Outcome, on
from joystick.settings_table import Rules


@on(WheelSpin)
def on_wheel(spin: WheelSpin, rules: Rules) -> Outcome:
    """So much for each token that the spin cost, by a rate of its own; the streamer's reaction to the prize."""
    award = Award(
        spin.username,
        source="wheel",
        event=spin.uid,
        at=spin.occurred_at,
        points=rules.worth(spin.tokens, rules.points_per_wheel_token),
        xp=rules.worth(spin.tokens, rules.xp_per_wheel_token),
    )
    words: dict[str, str | int] = {"tokens": spin.tokens, "prize": spin.prize}
    return Outcome(
        awards=(award,), occasions=(Occasion(Trigger.WHEEL_PRIZE, spin.username, subject=spin.prize, words=words),)
    )

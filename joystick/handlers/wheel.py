"""What a spin of Joystick's own wheel does. (Ours is `effects.wheel`.)"""

from __future__ import annotations

from economy.earning.pay import Award
from joystick.protocol.events import WheelSpin
from joystick.registry import Outcome, on
from joystick.settings_table import Rules


@on(WheelSpin)
def on_wheel(spin: WheelSpin, rules: Rules) -> Outcome:
    """Award points and XP per token that the spin cost, by rates of their own."""
    award = Award(
        spin.username,
        source="wheel",
        event=spin.uid,
        at=spin.occurred_at,
        points=rules.worth(spin.tokens, rules.points_per_wheel_token),
        xp=rules.worth(spin.tokens, rules.xp_per_wheel_token),
    )
    return Outcome(awards=(award,))

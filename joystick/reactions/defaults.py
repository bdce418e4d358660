"""The rows of a first start."""

from __future__ import annotations

from collections.abc import Iterator

from joystick.models import Reaction
from joystick.settings_table import TipSettings

# (occasion, line in chat, what is spoken).
DEFAULTS: tuple[tuple[str, str, str], ...] = (
    ("follow", "Welcome, {user}, and thank you for following!", ""),
    ("subscribe", "Thank you for subscribing, {user}!", "{user} subscribed. Thank you!"),
    ("resubscribe", "Thank you for staying, {user}!", "{user} subscribed again. Thank you!"),
    ("gift", "{user} gave away {count} subscriptions. Thank you!", "{user} gave away {count} subscriptions!"),
    (
        "raid",
        "{user} drops in with {viewers} viewers: welcome, everybody! Have a look at {user}'s channel, too.",
        "{user} drops in with {viewers} viewers. Welcome!",
    ),
    ("stream_started", "", ""),
    ("stream_ended", "", ""),
)
# The same for tips, from low to those beyond extreme.
TIPS: tuple[tuple[str, str], ...] = (
    ("", ""),
    ("Thank you for {tokens} tokens, {user}!", ""),
    ("Thank you for {tokens} tokens, {user}!", "{user} tipped {tokens} tokens!"),
    ("Wow, {tokens} tokens! Thank you, {user}!", "Wow! {user} tipped {tokens} tokens!"),
    ("{tokens} tokens! Thank you, {user}!", "Incredible! {user} tipped {tokens} tokens!"),
)


def seed() -> None:
    """Create the rows of a first start, where there are none. What the streamer changed or deleted stays so."""
    if Reaction.objects.exists():
        return
    Reaction.objects.bulk_create([*_tips(), *(_row(name, line, spoken) for name, line, spoken in DEFAULTS)])


def tip_ranges(sizes: TipSettings) -> list[tuple[int | None, int | None]]:
    """Return from where to where tips are low, medium, high, extreme and beyond."""
    borders = [sizes.tip_low_max, sizes.tip_medium_max, sizes.tip_high_max, sizes.tip_extreme_max]
    return list(zip([None, *(border + 1 for border in borders)], [*borders, None], strict=True))


def _tips() -> Iterator[Reaction]:
    for order, ((least, most), (line, spoken)) in enumerate(zip(tip_ranges(TipSettings.current()), TIPS, strict=True)):
        row = _row("tip", line, spoken)
        row.order, row.least, row.most = order, least, most
        yield row


def _row(occasion: str, line: str, spoken: str) -> Reaction:
    # The voice for tips where it is one, else the system's.
    source = "tip" if occasion == "tip" else "system"
    effects = [{"kind": "speak", "text": spoken, "source": source}] if spoken else []
    return Reaction(occasion=occasion, lines=line, effects=effects)

"""The rows of a first start."""

from __future__ import annotations

from collections.abc import Iterator

from joystick.models import Reaction

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
# (largest tip, line in chat, what is spoken), from low to those beyond extreme.
TIPS: tuple[tuple[int | None, str, str], ...] = (
    (14, "", ""),
    (100, "Thank you for {tokens} tokens, {user}!", ""),
    (500, "Thank you for {tokens} tokens, {user}!", "{user} tipped {tokens} tokens!"),
    (1000, "Wow, {tokens} tokens! Thank you, {user}!", "Wow! {user} tipped {tokens} tokens!"),
    (None, "{tokens} tokens! Thank you, {user}!", "Incredible! {user} tipped {tokens} tokens!"),
)


def seed() -> None:
    """Create the rows of a first start, where there are none. What the streamer changed or deleted stays so."""
    if Reaction.objects.exists():
        return
    Reaction.objects.bulk_create([*_tips(), *(_row(name, line, spoken) for name, line, spoken in DEFAULTS)])


def _tips() -> Iterator[Reaction]:
    for order, (most, line, spoken) in enumerate(TIPS):
        row = _row("tip", line, spoken)
        row.order, row.most = order, most
        row.least = (TIPS[order - 1][0] or 0) + 1 if order else None
        yield row


def _row(occasion: str, line: str, spoken: str) -> Reaction:
    # The voice for tips where it is one, else the system's.
    source = "tip" if occasion == "tip" else "system"
    effects = [{"kind": "speak", "text": spoken, "source": source}] if spoken else []
    return Reaction(occasion=occasion, lines=line, effects=effects)

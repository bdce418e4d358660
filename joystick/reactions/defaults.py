"""The rows of a first start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from joystick.models import Reaction
from pixelbot_site.kit.steps import Step

# Design, line, and smaller line; None: no alert.
Alert = tuple[str, str, str] | None
# (occasion, line in chat, what is spoken, what is shown on the overlay).
DEFAULTS: tuple[tuple[str, str, str, Alert], ...] = (
    (
        "follow",
        "Welcome, {user}, and thank you for following!",
        "",
        ("toast", "*{user}* is following now", "Welcome!"),
    ),
    (
        "subscribe",
        "Thank you for subscribing, {user}!",
        "{user} subscribed. Thank you!",
        ("card", "*{user}* subscribed!", "Thank you!"),
    ),
    (
        "resubscribe",
        "Thank you for staying, {user}!",
        "{user} subscribed again. Thank you!",
        ("card", "*{user}* subscribed again!", "Thank you for staying!"),
    ),
    (
        "gift",
        "{user} gave away {count} subscriptions. Thank you!",
        "{user} gave away {count} subscriptions!",
        ("ribbon", "*{user}* gave away {count} subscriptions!", "Thank you!"),
    ),
    (
        "raid",
        "{user} drops in with {viewers} viewers: welcome, everybody! Have a look at {user}'s channel, too.",
        "{user} drops in with {viewers} viewers. Welcome!",
        ("banner", "*{user}* drops in with {viewers} viewers", "Welcome, everybody!"),
    ),
    ("shout_out", "Have a look at {user}: {link}", "", ("ribbon", "*{user}* is here", "{link}")),
    ("stream_started", "", "", None),
    ("stream_ended", "", "", None),
)
# (largest tip, and the same as above), from low tips to those beyond extreme.
TIPS: tuple[tuple[int | None, str, str, Alert], ...] = (
    (14, "", "", ("toast", "*{user}* tipped *{tokens} tokens*", "")),
    (100, "Thank you for {tokens} tokens, {user}!", "", ("toast", "*{user}* tipped *{tokens} tokens*", "Thank you!")),
    (
        500,
        "Thank you for {tokens} tokens, {user}!",
        "{user} tipped {tokens} tokens!",
        ("card", "*{user}* tipped *{tokens} tokens*", "Thank you!"),
    ),
    (
        1000,
        "Wow, {tokens} tokens! Thank you, {user}!",
        "Wow! {user} tipped {tokens} tokens!",
        ("ribbon", "*{user}* tipped *{tokens} tokens*!", "Wow! Thank you!"),
    ),
    (
        None,
        "{tokens} tokens! Thank you, {user}!",
        "Incredible! {user} tipped {tokens} tokens!",
        ("words", "*{user}* tipped *{tokens} tokens*!", "Incredible! Thank you!"),
    ),
)
# Small tips come often.
TOAST_SECONDS = 4


def seed() -> None:
    """Create the rows of a first start, where there are none. What the streamer changed or deleted stays so."""
    if Reaction.objects.exists():
        return
    Reaction.objects.bulk_create([*_tips(), *(_row(*row) for row in DEFAULTS)])


def _tips() -> Iterator[Reaction]:
    for order, (most, line, spoken, shown) in enumerate(TIPS):
        row = _row("tip", line, spoken, shown)
        row.order, row.most = order, most
        row.least = (TIPS[order - 1][0] or 0) + 1 if order else None
        yield row


def _row(occasion: str, line: str, spoken: str, alert: Alert) -> Reaction:
    # The voice for tips where it is one, else the system's.
    source = "tip" if occasion == "tip" else "system"
    effects = [{"kind": "speak", "text": spoken, "source": source}] if spoken else []
    return Reaction(occasion=occasion, lines=line, effects=[*_shown(alert), *effects])


def _shown(alert: Alert) -> list[Step]:
    if alert is None:
        return []
    design, text, detail = alert
    step: dict[str, Any] = {"kind": "alert", "text": text, "design": design}
    if detail:
        step["detail"] = detail
    if design == "toast":
        step["seconds"] = TOAST_SECONDS
    return [step]

"""What the sources of the ledgers' rows are called."""

from __future__ import annotations

NAMES = {
    "api": "API",
    "batch": "Batch",
    "chat": "Chat",
    "dashboard": "By hand",
    "dropin": "Coming in",
    "effect": "Effect",
    "follow": "Follow",
    "gift": "Gifted subscriptions",
    "give": "Gift",
    "import": "Import",
    "level": "Level reward",
    "merge": "Merge",
    "moderator": "By a moderator in chat",
    "raid": "Raid",
    "redeem": "Redeem",
    "resub": "Subscription renewed",
    "reversal": "Reversed",
    "start": "Start amount",
    "sub": "Subscription",
    "tip": "Tip",
    "wheel": "Wheel",
}


def name_of(source: str) -> str:
    """Return what people call a source; one without a name, as it is."""
    return NAMES.get(source, source)

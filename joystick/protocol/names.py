"""The names of Joystick.tv's own chat commands."""

from __future__ import annotations

# The words after ! that the platform answers itself in every chat (Joystick's support page for viewers).
COMMANDS = frozenset(
    [
        "tip",
        "tokens",
        "cleartimers",
        "uptime",
        "giphy",
        "dropin",
        "so",
        "social",
        "timers",
        "timer",
        "wishlist",
        "whisper",
        "highlight",
    ]
)

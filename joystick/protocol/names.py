"""The names of Joystick.tv's OAuth scopes and chat commands."""

from __future__ import annotations

# OAuth scopes (Joystick's developer page, July 2026).
SCOPES = frozenset(
    [
        "identity:read",
        "stream:read",
        "stream:manage",
        "chat:read",
        "chat:write",
        "chat:whisper:write",
        "chat:moderate",
        "followers:read",
        "subscribers:read",
        "moderators:read",
        "moderators:manage",
    ]
)

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

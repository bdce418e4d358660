"""What Joystick.tv's pages list by name. Pure: the settings read it, too."""

from __future__ import annotations

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
"""OAuth scopes (developer page, July 2026)."""

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
"""What the platform answers in every chat, as its support page for viewers lists it."""

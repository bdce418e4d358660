"""How a simulated gateway differs from the friendliest one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True)
class Options:
    """Change them at any time: each is looked at when it matters."""

    token: str | None = None
    """The one that is let in; None lets everybody in who brings any."""
    unauthorized: Literal["disconnect", "4401"] = "disconnect"
    """A wrong token's end: Rails' disconnect frame and close 1000, or Joystick's documented close code."""
    reject: bool = False
    hang_up: bool = False
    """Accept every connection and close it at once."""
    speed: float = 1.0
    """So many times faster than life scenarios run."""
    confirm_after: float = 0.0
    """Seconds until a subscription is confirmed. An action sent before is lost in silence, as measured."""
    reorder_within: float = 0.0
    """Actions that arrive within so many seconds of each other may be carried out in any order, as measured; and of
    subscribes so soon after an unsubscribe, some are never confirmed."""
    ping_every: float = 3.0
    action_error: str = ""
    """Answer every action with this error frame. Joystick documents such frames, Rails has none."""
    nested_errors: bool = False
    echo: bool = False
    """Show what the bot says in chat, as the platform does."""
    bot_username: str = "PixelBot"

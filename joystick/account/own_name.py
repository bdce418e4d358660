"""The name of the bot's own account in chat."""

from __future__ import annotations

from economy.models import viewer_key
from joystick.settings_table import ChatSettings


def own_key() -> str:
    """Return the bot's name as the key of a viewer; "" where it was not set."""
    return viewer_key(ChatSettings.current().bot_username)

"""The commands of one's own that a first start creates, switched off."""

from __future__ import annotations

from joystick.models import CustomCommand

COMMANDS = {
    "discord": "Join our Discord: write your link here",
    "socials": "Find {streamer} elsewhere: write your links here",
    "lurk": "{user} lurks in the shadows. Have fun!",
    "hug": "{user} hugs {1|everybody}.",
    "rules": "Be kind, no spam, and ask before you share something private.",
}


def seed() -> None:
    """Create them where the streamer has no command of their own yet."""
    if not CustomCommand.objects.exists():
        CustomCommand.objects.bulk_create(
            CustomCommand(word=word, answers=answer, enabled=False) for word, answer in COMMANDS.items()
        )

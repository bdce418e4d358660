"""What a line in chat does."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from django.utils import timezone

from economy.earning.pay import Award
from economy.models import viewer_key
from joystick.chat import dispatch
from joystick.chat.moderation import judging
from joystick.protocol.events import ChatMessage
from joystick.registry import NOTHING, Outcome, on
from joystick.settings_table import Rules


@on(ChatMessage)
def on_chat(message: ChatMessage, rules: Rules) -> Outcome:
    """Award points and XP, each with its own cooldown, and run the command, if the line is one.

    Where a filter acts on the line, its command is not run; what the line earned stays.
    Nothing comes of lines by bots and of whispers, except that a bot's badge is stored.
    """
    # Two bots that answer each other would never stop. An answer in chat would make a whisper public.
    if not message.is_public or viewer_key(message.username) == viewer_key(rules.bot_username):
        return NOTHING
    badges = {
        "is_bot": message.is_bot,
        "is_streamer": message.is_streamer,
        "is_moderator": message.is_moderator,
        "is_subscriber": message.is_subscriber,
    }
    flags = ((message.username, badges),)
    if message.is_bot:
        return Outcome(flags=flags)
    outcome = Outcome(awards=_awards(message, rules), present=(message.username,), flags=flags)
    command = dispatch.find(message.text)
    run = None
    if command is not None:
        name, words = command
        run = partial(dispatch.run, message=message, name=name, words=words, rules=rules, now=timezone.now())
    met = judging.suspects(message)
    if met:
        return replace(outcome, after_paying=partial(judging.judge, message=message, met=met, otherwise=run))
    # After paying, so that `!points` counts what was earned up to now.
    return replace(outcome, after_paying=run) if run is not None else outcome


def _awards(message: ChatMessage, rules: Rules) -> tuple[Award, ...]:
    if dispatch.is_command(message.text) and not rules.commands_earn:
        return ()
    award = Award(
        message.username,
        source="chat",
        event=message.uid,
        at=message.occurred_at,
        points=rules.points_per_chat,
        xp=rules.xp_per_chat,
        points_cooldown=rules.chat_cooldown_seconds,
        xp_cooldown=rules.xp_chat_cooldown_seconds,
    )
    return (award,)

"""The lines in chat that the AI answers by chance."""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import partial

from django.utils import timezone

from economy import cooldowns
from economy.models import Viewer, viewer_key
from effects.outside.replies import asking
from effects.outside.replies.options import share
from effects.registry.values import reply
from joystick.chat import dispatch
from joystick.chat.moderation import judging
from joystick.protocol.events import ChatMessage
from joystick.registry import NOTHING, Outcome, on
from joystick.settings_table import Rules
from pixelbot_site.kit.errors import Refused

# Tests put a seeded one in its place.
dice = random.Random()


@on(ChatMessage)
def on_line_to_reply(message: ChatMessage, rules: Rules) -> Outcome:
    """Have the AI asked about a share of viewers' lines: none of bots, commands, whispers and the streamer,
    nor one on which a filter acts.
    """
    percent = share.current().percent
    if not percent or dice.random() * 100 >= percent or not _is_a_viewers(message, rules):
        return NOTHING
    return Outcome(after_paying=partial(_ask, message))


def _is_a_viewers(message: ChatMessage, rules: Rules) -> bool:
    return (
        message.is_public
        and not message.is_bot
        and not message.is_streamer
        and viewer_key(message.username) != viewer_key(rules.bot_username)
        and not dispatch.is_command(message.text)
        and asking.has_words(message.text)
        and not judging.suspects(message)
    )


def _ask(message: ChatMessage, known: Mapping[str, Viewer]) -> Outcome:
    try:
        asking.require_possible(message.text)
    except Refused:
        return NOTHING
    if not cooldowns.take_all({"reply.by_chance": float(share.current().pause)}, now=timezone.now()):
        return NOTHING
    return Outcome(effects=(reply(message.text),), viewer=known.get(viewer_key(message.username)))

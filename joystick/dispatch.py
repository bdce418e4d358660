"""A line that begins with `!` → the command, or the redeem, of that name."""

from __future__ import annotations

import logging
import re
from datetime import datetime

from economy import viewers
from economy.models import viewer_key
from joystick.events import ChatMessage
from joystick.registry import NOTHING, Answer, Call, Outcome, commands
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.rules import Rules
from redeems import purchase
from redeems.registry import catalog

log = logging.getLogger("joystick")

_COMMAND = re.compile(r"!(?P<name>\w{1,40})(?:\s+(?P<words>.*))?$", re.DOTALL)


def find(text: str) -> tuple[str, str] | None:
    """(name, words) of a line that calls a command or redeem we have; None for any other."""
    match = _COMMAND.match(text.strip())
    if match is None:
        return None
    name = match["name"].casefold()
    if commands.get(name) is None and catalog.get(name) is None:
        return None
    return name, (match["words"] or "").strip()


def run(message: ChatMessage, *, name: str, words: str, rules: Rules, now: datetime) -> Outcome:
    """Carry the command out and answer. A refusal is an answer too."""
    viewer = viewers.find(message.username)
    if viewer is None:
        # Somebody whose message earned nothing, with every reward switched off, has no row yet.
        viewer = viewers.seen([message.username], now=now)[viewer_key(message.username)]
    call = Call(name, words, viewer, message, rules, now)
    try:
        said = _answer(name)(call)
    except Refused as error:
        said = f"{error}"
    return Outcome(lines=(f"@{message.username} {said}",)) if said else NOTHING


def _answer(name: str) -> Answer:
    command = commands.get(name)
    return command.answer if command is not None else _buy


def _buy(call: Call) -> str:
    item = purchase.buy(
        viewer=call.viewer,
        key=call.name,
        words=call.words,
        reference=call.message.uid,
        rules=call.rules,
        now=call.now,
    )
    if item.payment is None:
        return "done, it is in the queue."
    return f"done, it is in the queue. {item.payment.balance_after} points left."

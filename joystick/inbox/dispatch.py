"""A line that begins with `!` → the command, or the redeem, of that name."""

from __future__ import annotations

import difflib
import logging
import re
from datetime import datetime

from economy import cooldowns
from economy.ledger.amounts import counted
from economy.models import Viewer, viewer_key
from economy.viewers import people
from economy.viewers.roles import role_of
from effects.models import State
from joystick.protocol import names
from joystick.protocol.events import ChatMessage
from joystick.registry import NOTHING, Call, Command, Outcome, commands
from joystick.settings_table import Rules
from pixelbot_site.kit.errors import Failed, Refused
from redeems import purchase
from redeems.registry import catalog

log = logging.getLogger("joystick")

TYPO_EVERY = 60.0
# Seconds between two answers of that sort to one viewer.
REFUSAL_EVERY = 3.0
ALIKE = 0.75

_COMMAND = re.compile(r"!(?P<name>\w{1,40})(?:\s+(?P<words>.*))?$", re.DOTALL)


def find(text: str) -> tuple[str, str] | None:
    """(name, words) of a line that calls a command; None for any other, and for what the platform answers itself."""
    match = _COMMAND.match(text.strip())
    if match is None:
        return None
    name = match["name"].casefold()
    return None if name in names.COMMANDS else (name, (match["words"] or "").strip())


def _is_ours(name: str) -> bool:
    known = commands.get(name) is not None or catalog.get(name) is not None
    return known or purchase.is_made_by_hand(name)


def _guess(name: str) -> str | None:
    """What was mistyped as `name`, if it is much like one of ours. Any other is another bot's."""
    return next(iter(difflib.get_close_matches(name, [*commands, *catalog], n=1, cutoff=ALIKE)), None)


def run(message: ChatMessage, *, name: str, words: str, rules: Rules, now: datetime) -> Outcome:
    """Carry the command out and answer. A refusal is an answer too, and so is the guess at what was mistyped."""
    if not _is_ours(name):
        return _typo(message, name, now)
    command = commands.get(name)
    viewer = _author(message, now)
    call = Call(name, words, viewer, message, rules, now, command.usage if command else "")
    try:
        if command is None:
            return _said(message, _buy(call))
        if not _is_due(command, call):
            return NOTHING
        # The badges of this very message: its handler returned them as flags, which are stored before the command runs.
        if role_of(viewer) < command.role:
            raise Refused(f"!{name} is for {command.role.label}")
        return _said(message, command.answer(call), whisper=command.whisper)
    except (Refused, Failed) as error:
        # Somebody who goes on trying would fill the chat with refusals.
        once = f"refused:{viewer.key}"
        return _said(message, f"{error}.") if once in cooldowns.take({once: REFUSAL_EVERY}, now=now) else NOTHING


def _author(message: ChatMessage, now: datetime) -> Viewer:
    # `find` takes an @ as typed before a name. In an author's name it belongs to it: @Mo may not do what Mo may.
    found = None if message.username.startswith("@") else people.find(message.username)
    return found or people.seen([message.username], now=now)[viewer_key(message.username)]


def _is_due(command: Command, call: Call) -> bool:
    own = call.rules.command_cooldown_seconds if command.cooldown is None else command.cooldown
    wanted = {f"command.{command.name}:{call.viewer.key}": own, f"command.{command.name}": command.global_cooldown}
    return cooldowns.take_all(wanted, now=call.now)


def _typo(message: ChatMessage, name: str, now: datetime) -> Outcome:
    guess = _guess(name)
    if guess is None:
        return NOTHING  # another bot's
    once = f"typo:{viewer_key(message.username)}"
    if once not in cooldowns.take({once: TYPO_EVERY}, now=now):
        return NOTHING
    return _said(message, f"I don't know !{name}. Did you mean !{guess}?")


def _said(message: ChatMessage, answer: str, *, whisper: bool = False) -> Outcome:
    if not answer:
        return NOTHING
    if whisper:
        return Outcome(whispers=((message.username, answer),))
    return Outcome(lines=(f"@{message.username} {answer}",))


def _buy(call: Call) -> str:
    return buy(call, call.name, call.words)


def buy(call: Call, key: str, words: str) -> str:
    """Sell the caller a redeem; returns the reply. Raises Refused."""
    bought = purchase.buy(
        viewer=call.viewer,
        key=key,
        words=words,
        reference=call.message.uid,
        rules=call.rules,
        now=call.now,
    )
    item = bought.items.latest("pk")  # of a sequence, the effect that it has come to
    if item.state == State.FAILED:
        return ""  # what needs no lane has failed already, and that was said
    waits = " It waits for approval." if item.state == State.WAITING else ""
    left = f" {counted(bought.payment.balance_after)} left." if bought.payment is not None else ""
    return f"done.{left}" if item.state == State.DONE else f"done, it is in the queue.{waits}{left}"

"""Run the command, or sell the redeem, that a line beginning with `!` names."""

from __future__ import annotations

import difflib
import logging
import re
from collections.abc import Mapping
from datetime import datetime

from economy import cooldowns
from economy.ledger.currencies import POINTS_LEDGER
from economy.models import Viewer, viewer_key
from economy.settings_table import PointsSettings
from economy.viewers import people
from economy.viewers.roles import Role, in_channel, in_words, role_of
from effects.chat import Priority
from effects.models import State
from joystick.chat import answering, built_in
from joystick.protocol import names
from joystick.protocol.events import ChatMessage
from joystick.registry import NOTHING, Call, Command, Outcome
from joystick.settings_table import Rules
from pixelbot_site.kit import phrases, present_channel
from pixelbot_site.kit.errors import Failed, Refused
from pixelbot_site.kit.phrases import Kind, Said
from redeems import purchase
from redeems.registry import catalog

log = logging.getLogger("joystick")

# Seconds between two guesses at what one viewer mistyped.
TYPO_EVERY = 60.0
# Seconds between two refusals to one viewer: somebody who goes on trying would fill the chat.
REFUSAL_EVERY = 3.0
# How similar (difflib's ratio, 0 to 1) a word must be to a name of ours to count as a typo.
MIN_SIMILARITY = 0.75

ONLY_FOR = phrases.refusal("command.only_for", "!{name} is for {role}")
UNKNOWN = phrases.refusal("command.unknown", "I don't know !{name}. Did you mean !{guess}?")
DONE = phrases.result("redeem.done", "done. {left}")
QUEUED = phrases.result("redeem.queued", "done, it is in the queue. {left}")
WAITS = phrases.result("redeem.waits", "done, it is in the queue. It waits for approval. {left}")
LEFT = phrases.result("redeem.left", "{amount} left.")

_COMMAND = re.compile(r"!(?P<name>\w{1,40})(?:\s+(?P<words>.*))?$", re.DOTALL)


def _match(text: str) -> re.Match[str] | None:
    line = text.strip()
    return _COMMAND.match(line) if line.startswith("!") else None  # most lines are no command


def is_command(text: str) -> bool:
    """Return whether a line begins like a command: of ours, of the platform's, or of another bot's."""
    return _match(text) is not None


def find(text: str) -> tuple[str, str] | None:
    """Return (name, words) of a line `!name words`; None for other lines and for the platform's own commands."""
    match = _match(text)
    if match is None:
        return None
    name = match["name"].casefold()
    if name == PointsSettings.current().several_points.casefold() and not _is_ours(name):
        name = built_in.word_of("points") or name  # the streamer's own name for them
    return None if name in names.COMMANDS else (name, (match["words"] or "").strip())


def _is_ours(name: str) -> bool:
    known = name in built_in.current() or answering.find(name) is not None or catalog.get(name) is not None
    return known or purchase.is_made_by_hand(name)


def _guess(name: str, *, is_staff: bool) -> str | None:
    commands = [
        word
        for word, command in built_in.current().items()
        if command.listed and (is_staff or command.role < Role.MODERATOR)
    ]
    own = answering.names(role=Role.MODERATOR if is_staff else Role.SUBSCRIBER)
    sold = purchase.keys_on()
    matches = difflib.get_close_matches(name, [*commands, *own, *sold], n=1, cutoff=MIN_SIMILARITY)
    return matches[0] if matches else None


def run(
    known: Mapping[str, Viewer], *, message: ChatMessage, name: str, words: str, rules: Rules, now: datetime
) -> Outcome:
    """Run the command or sell the redeem `name`, and return the reply: an answer, a refusal, or a guess at a typo.

    `known`: viewers who were read in this transaction, by key.
    """
    if not _is_ours(name):
        return _guess_typo(message, name, now)
    command = built_in.current().get(name)
    viewer = _author(message, known, now)
    call = Call(name, words, viewer, message, rules, now, command.usage if command else "")
    try:
        if command is None:
            own = answering.find(name)
            return _reply(message, _buy(call)) if own is None else _say(own(call))
        if not _is_due(command, call):
            return NOTHING
        # The badges of this very message: its handler returned them as flags, which are stored before the command runs.
        if role_of(viewer) < command.role:
            raise Refused(ONLY_FOR(name=name, role=in_words(command.role)))
        return _reply(message, command.answer(call), whisper=command.whisper)
    except (Refused, Failed) as error:
        # A viewer who goes on trying would fill the chat with refusals.
        key = f"refused:{viewer.key}"
        if key not in cooldowns.take({key: REFUSAL_EVERY}, now=now):
            return NOTHING
        return _refuse(message, error, whisper=command is not None and command.whisper)


def _author(message: ChatMessage, known: Mapping[str, Viewer], now: datetime) -> Viewer:
    # Not `people.find`, which drops a leading @: in an author's name it is part of the name, and @Mo is not Mo.
    key = viewer_key(message.username)
    if key in known:
        return people.without_relations(known[key])
    return in_channel(people.seen([message.username], now=now)[key], message.channel_id)


def _is_due(command: Command, call: Call) -> bool:
    cooldown = call.rules.command_cooldown_seconds if command.cooldown is None else command.cooldown
    seconds = {
        f"command.{command.key}:{call.viewer.key}": cooldown,
        present_channel.apart(f"command.{command.key}"): command.global_cooldown,
    }
    return cooldowns.take_all(seconds, now=call.now)


def _guess_typo(message: ChatMessage, name: str, now: datetime) -> Outcome:
    guess = _guess(name, is_staff=message.is_streamer or message.is_moderator)
    if guess is None:
        return NOTHING  # likely a command of another bot
    key = f"typo:{viewer_key(message.username)}"
    if key not in cooldowns.take({key: TYPO_EVERY}, now=now):
        return NOTHING
    return _reply(message, UNKNOWN(name=name, guess=guess))


def _reply(message: ChatMessage, answer: str, *, whisper: bool = False) -> Outcome:
    if not answer or phrases.is_off(answer):
        return NOTHING
    kind = phrases.kind_of(answer, Kind.ANSWER)
    if whisper:
        return Outcome(whispers=((message.username, answer),), kind=kind)
    return Outcome(lines=(f"@{message.username} {answer}",), priority=Priority.ANSWER, kind=kind)


def _say(line: str) -> Outcome:
    return Outcome(lines=(line,), priority=Priority.ANSWER, kind=Kind.ANSWER) if line else NOTHING


def _refuse(message: ChatMessage, error: Refused | Failed, *, whisper: bool) -> Outcome:
    if phrases.is_off(error.reason):
        return NOTHING
    return _reply(message, Said(phrases.stopped(error.reason), Kind.REFUSAL), whisper=whisper)


def _buy(call: Call) -> str:
    return buy(call, call.name, call.words)


def buy(call: Call, key: str, words: str) -> str:
    """Sell the caller the redeem `key` and return the reply. Raises Refused."""
    bought = purchase.buy(
        viewer=call.viewer,
        key=key,
        words=words,
        reference=call.message.uid,
        rules=call.rules,
        now=call.now,
        event=call.message.uid,
    )
    item = bought.items.latest("pk")  # of a sequence, the effect it has reached
    if item.state == State.FAILED:
        return ""  # an effect without a lane was performed at once; its failure was said in chat
    paid = bought.payment
    left = ""
    if paid is not None:
        # What happened at once may have given points.
        is_over = item.state == State.DONE
        balance = POINTS_LEDGER.amount_of(paid.viewer_id) if is_over else paid.balance_after
        left = LEFT.part(amount=call.rules.amount(balance))
    said = DONE if item.state == State.DONE else WAITS if item.state == State.WAITING else QUEUED
    return said(left=left)

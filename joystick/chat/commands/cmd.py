"""`!cmd add hug {user} hugs {1}`: commands of the streamer's own, made and changed in chat."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError

from economy.viewers.roles import Role
from joystick.chat import answering, taken
from joystick.models import CustomCommand
from joystick.registry import Call, command
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.transactions import after_commit

ADDED = phrases.result("cmd.added", "!{word} is there now.")
EDITED = phrases.result("cmd.edited", "!{word} says something else now.")
DELETED = phrases.result("cmd.deleted", "!{word} is gone.")
ON = phrases.result("cmd.on", "!{word} is on.")
OFF = phrases.result("cmd.off", "!{word} is off.")
TAKEN = phrases.refusal("cmd.taken", "!{word} is taken: {owner}")
NO_SUCH = phrases.refusal("cmd.no_such", "there is no own command !{word}")

_WORD = re.compile(r"!?(\w{1,40})")


@command(
    "cmd",
    help="make, change, delete or switch off a command of your own",
    usage="add WORD TEXT, edit WORD TEXT, del WORD, on WORD, off WORD",
    role=Role.MODERATOR,
    cooldown=0,
)
def cmd(call: Call) -> str:
    """Do what the first word says with the command that the second names."""
    verb, _, more = call.words.partition(" ")
    typed, _, text = more.strip().partition(" ")
    match = _WORD.fullmatch(typed)
    if match is None or (verb in ("add", "edit")) != bool(text.strip()):
        raise call.misused()
    word = match[1].casefold()
    said = _add(word, text.strip()) if verb == "add" else _change(call, verb, word, text.strip())
    after_commit(answering.read_again)
    return said


def _add(word: str, text: str) -> str:
    owner = taken.owner_of(word)
    if owner:
        raise Refused(TAKEN(word=word, owner=owner))
    _save(CustomCommand(word=word, answers=text))
    return ADDED(word=word)


def _change(call: Call, verb: str, word: str, text: str) -> str:
    row = CustomCommand.objects.filter(word=word).first()
    if row is None:
        raise Refused(NO_SUCH(word=word))
    match verb:
        case "edit":
            row.answers = text
            _save(row)
            return EDITED(word=word)
        case "del":
            row.delete()
            return DELETED(word=word)
        case "on" | "off":
            row.enabled = verb == "on"
            _save(row)
            return (ON if row.enabled else OFF)(word=word)
    raise call.misused()


def _save(row: CustomCommand) -> None:
    try:
        row.full_clean()
    except ValidationError as error:
        raise Refused(" ".join(error.messages).rstrip(".")) from error
    row.save()

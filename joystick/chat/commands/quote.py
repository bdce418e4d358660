"""`!quote`: something that was said on the stream."""

from __future__ import annotations

from economy.viewers.roles import Role, role_of
from joystick.chat import quotes
from joystick.models import Quote
from joystick.registry import Call, command
from joystick.settings_table import ChatSettings
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Refused

TOLD = phrases.answer("quote.told", "{number}: “{text}” {whose}")
WHOSE = phrases.answer("quote.whose", "– {name}")
NONE = phrases.refusal("quote.none", "there is no such quote")
ADDED = phrases.result("quote.added", "kept as quote {number}.")
SUGGESTED = phrases.result("quote.suggested", "thanks, quote {number} waits for a moderator.")
ONLY_MODERATORS = phrases.refusal("quote.only_moderators", "only moderators add quotes")
NO_LINE = phrases.refusal("quote.no_line", "I have no line of {name}")
DELETED = phrases.result("quote.deleted", "quote {number} is deleted.")


@command("quote", help="something that was said here", usage="[N, WORD, add TEXT, last VIEWER, del N]", cooldown=3)
def quote(call: Call) -> str:
    """Tell a quote, or keep a new one."""
    verb, _, rest = call.words.partition(" ")
    match verb.casefold():
        case "add" if rest.strip():
            return _add(call, rest.strip())
        case "last" if rest.strip():
            return _last(call)
        case "del" if rest.strip():
            return _delete(call, rest.strip())
    found = quotes.told(call.words.strip())
    if found is None:
        raise Refused(NONE())
    whose = WHOSE(name=found.viewer.username) if found.viewer is not None else ""
    return TOLD(number=found.number, text=found.text, whose=whose)


def _add(call: Call, text: str) -> str:
    _require_may_add(call)
    return _kept(call, quotes.add(text, viewer=None, by=call.viewer, approved=_is_staff(call)))


def _last(call: Call) -> str:
    _require_may_add(call)
    viewer = call.somebody(1)
    line = quotes.newest_line(viewer)
    if not line:
        raise Refused(NO_LINE(name=viewer.username))
    return _kept(call, quotes.add(line, viewer=viewer, by=call.viewer, approved=_is_staff(call)))


def _kept(call: Call, made: Quote) -> str:
    return (ADDED if made.approved else SUGGESTED)(number=made.number)


def _delete(call: Call, number: str) -> str:
    if not _is_staff(call):
        raise Refused(ONLY_MODERATORS())
    rows = Quote.objects.filter(number=int(number)) if number.isdecimal() and len(number) < 9 else Quote.objects.none()
    if not rows.delete()[0]:
        raise Refused(NONE())
    return DELETED(number=number)


def _is_staff(call: Call) -> bool:
    return role_of(call.viewer) >= Role.MODERATOR


def _require_may_add(call: Call) -> None:
    if not _is_staff(call) and not ChatSettings.current().quotes_from_viewers:
        raise Refused(ONLY_MODERATORS())

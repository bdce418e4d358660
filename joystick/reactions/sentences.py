"""Rows in words: what each says, what in it could not work, and why one can never match."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils.text import Truncator

from economy.viewers.roles import Role
from effects.registry import gives
from joystick.models import Match, Reaction
from joystick.reactions import patterns
from joystick.reactions.kinds import VIEWER, OccasionKind, occasions
from joystick.reactions.rules import Rule, rule_of
from pixelbot_site.kit import words
from pixelbot_site.kit.plural import counted
from pixelbot_site.kit.steps import cards, leaves

# Characters of a line, or of an effect's text, in a sentence.
MAX_QUOTED = 60
_SPANS = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
# The conditions about viewers, as the form calls them.
_OF_VIEWERS = (("role", "For"), ("min_level", "From level"), ("viewer_cooldown_seconds", "Cooldown of each viewer"))
# The kinds of effects of which nothing is left without an overlay.
ON_OVERLAYS = frozenset({"alert", "confetti", "credits", "play_sound", "show_media", "speak", "spin_wheel"})
_WHO = {
    Role.FOLLOWER: "a follower",
    Role.SUBSCRIBER: "a subscriber",
    Role.MODERATOR: "a moderator",
    Role.STREAMER: "the streamer",
}


def sentence(row: Reaction) -> str:
    """Return what the row says: “When somebody tips 50–99 tokens: say …, once a minute.”"""
    rule, kind = rule_of(row), occasions.get(row.occasion)
    when = kind.title if kind is not None else f"“{row.occasion}” happens"
    pronoun = "who" if kind is not None and kind.subject == VIEWER else "which"
    subject = f", {pronoun} {_subject(row)}" if row.subject else ""
    amount = _range(rule, kind) if kind is not None else ""
    conditions = [when + (f" {amount}" if amount else "") + subject, *_conditions(rule)]
    return f"When {', '.join(conditions)}: {', '.join([*_deeds(row, rule), *_limits(rule, kind)])}."


def _subject(row: Reaction) -> str:
    verb = {Match.IS: "is", Match.CONTAINS: "contains", Match.BEGINS: "begins with", Match.PATTERN: "matches"}[
        Match(row.match)
    ]
    return f"{verb} “{row.subject}”"


def _range(rule: Rule, kind: OccasionKind) -> str:
    least, most = rule.least, rule.most
    if least is None and most is None:
        return ""
    unit = kind.unit
    if least is None:
        return f"(up to {most} {unit})"
    if most is None:
        return f"({least} {unit} or more)"
    return f"({least} {unit})" if least == most else f"({least}–{most} {unit})"


def _conditions(rule: Rule) -> Iterator[str]:
    if rule.role > Role.EVERYONE:
        who = _WHO[Role(rule.role)]
        yield f"who is {who}" if rule.role == Role.STREAMER else f"who is at least {who}"
    if rule.min_level:
        yield f"who has level {rule.min_level} or more"
    if rule.live_only:
        yield "while live"


def _deeds(row: Reaction, rule: Rule) -> Iterator[str]:
    if rule.lines:
        others = len(rule.lines) - 1
        more = f" or {'one of ' if others > 1 else ''}{counted(others, 'other line')}" if others else ""
        yield f"say “{_short(rule.lines[0])}”{more}"
    for step in row.effects:
        card = cards.get(str(step.get("kind")))
        yield (card.title if card is not None else str(step.get("kind"))).lower() + _detail(step)
    if not rule.lines and not row.effects:
        yield "do nothing"


def _detail(step: dict[str, object]) -> str:
    texts = [value for key, value in step.items() if key in ("text", "name", "title", "sound") and value]
    return f" “{_short(str(texts[0]))}”" if texts else ""


def _short(text: str) -> str:
    return Truncator(text).chars(MAX_QUOTED)


def _limits(rule: Rule, kind: OccasionKind | None) -> Iterator[str]:
    if rule.cooldown:
        yield f"once {_span(rule.cooldown)}"
    elif kind is not None and kind.once:
        yield f"once {kind.once}"
    if rule.viewer_cooldown:
        yield f"once {_span(rule.viewer_cooldown)} for each viewer"
    if rule.chance < 100:
        yield f"in {rule.chance} of 100 times"
    if rule.goes_on:
        yield "and then go on"


def _span(seconds: int) -> str:
    for length, noun in _SPANS:
        if seconds % length == 0:
            number = seconds // length
            article = "an" if noun == "hour" else "a"
            return f"{article} {noun}" if number == 1 else f"in {number} {noun}s"
    return ""


def ignored(row: Reaction) -> list[tuple[str, str]]:
    """Return (field, sentence) for each condition that is set although the occasion has nothing like it."""
    kind = occasions.get(row.occasion)
    if kind is None:
        return []
    found = []
    if row.subject and not kind.subject:
        found.append(("subject", f"“Subject” is ignored: “{kind.title}” has none."))
    for field, label in (("least", "From"), ("most", "To")):
        if getattr(row, field) is not None and not kind.amount:
            found.append((field, f"“{label}” is ignored: “{kind.title}” has no amount."))
    if not kind.has_viewer:
        for field, label in _OF_VIEWERS:
            if getattr(row, field):
                found.append((field, f"“{label}” is ignored: “{kind.title}” is about no viewer."))
    return found


def mistakes(row: Reaction) -> list[tuple[str, str]]:
    """Return (field, sentence) for each thing in the row that could not work."""
    kind = occasions.get(row.occasion)
    if kind is None:
        return [("occasion", "There is no such occasion.")]
    found = []
    if row.least is not None and row.most is not None and row.least > row.most:
        found.append(("most", "This must not be less than “From”."))
    if row.subject and row.match == Match.PATTERN and (wrong := patterns.mistake(row.subject.strip())):
        found.append(("subject", wrong))
    if row.live_only and not kind.is_live:
        found.append(("live_only", "The channel is not live any more then: this would never run."))
    if not kind.has_viewer and any(gives(step) for step in leaves(row.effects)):
        found.append(("effects", f"“{kind.title}” has no viewer to give something to."))
    kinds = {str(step.get("kind")) for step in leaves(row.effects)}
    if kind.without_overlay and kinds and not row.lines.strip() and kinds <= ON_OVERLAYS:
        found.append(("effects", "No overlay is open then to show or play this. Set a line in chat, for example."))
    for column, template in (("lines", row.lines), ("effects", row.effects)):
        found += [(column, mistake) for mistake in words.mistakes(template, kind.known_words)]
    return found


def marks(rows: Sequence[Reaction]) -> dict[int, str]:
    """Return, by id, why a row that is on can never run. `rows`: all of them, in their order."""
    found: dict[int, str] = {}
    before: dict[str, list[tuple[Reaction, Rule]]] = {}
    for row in rows:
        if not row.enabled:
            continue
        rule = rule_of(row)
        earlier = before.setdefault(row.occasion, [])
        kind = occasions.get(row.occasion)
        covering = () if kind is None or kind.once else earlier
        reason = _impossible(row, rule) or next((_shadow(other) for other, own in covering if _covers(own, rule)), "")
        if reason:
            found[row.pk] = reason
        else:
            earlier.append((row, rule))
    return found


def _impossible(row: Reaction, rule: Rule) -> str:
    kind = occasions.get(row.occasion)
    if kind is None:
        return "There is no such occasion any more."
    if rule.least is not None and rule.most is not None and rule.least > rule.most:
        return "Its range is empty."
    if rule.subject and not kind.subject:
        return "This occasion has no subject."
    if (rule.least is not None or rule.most is not None) and not kind.amount:
        return "This occasion has no amount."
    if rule.live_only and not kind.is_live:
        return "The channel is never live then."
    return "" if kind.has_viewer or not rule.needs_viewer else "This occasion is about no viewer."


def _shadow(row: Reaction) -> str:
    return f"An earlier row always runs instead: {sentence(row)}"


def _covers(first: Rule, then: Rule) -> bool:
    """Return whether `first` runs, and ends the chain, whenever `then` could."""
    if first.goes_on or first.chance < 100 or first.cooldown or first.viewer_cooldown:
        return False
    return (
        first.subject in ("", then.subject)
        and (not first.subject or first.match == then.match)
        and _is_wider(first, then)
        and first.role <= then.role
        and first.min_level <= then.min_level
        and first.live_only <= then.live_only
    )


def _is_wider(first: Rule, then: Rule) -> bool:
    low = first.least is None or (then.least is not None and first.least <= then.least)
    high = first.most is None or (then.most is not None and first.most >= then.most)
    return low and high


def specificity(row: Reaction) -> int:
    """Return how special a row's subject and amount are: the smaller, the earlier it stands by default."""
    if row.subject:
        return 0
    if row.least is None and row.most is None:
        return 4
    if row.least is None or row.most is None:
        return 3
    return 1 if row.least == row.most else 2

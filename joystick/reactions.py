"""What the streamer set for an occasion: a line in chat, an effect, or nothing."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from economy import viewers
from effects.registry import Effect, kinds
from joystick.models import Reaction, Trigger
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.rules import Rules
from redeems.registry import Order, catalog

log = logging.getLogger("joystick")

OF_NOBODY = {Trigger.STREAM_STARTED, Trigger.STREAM_ENDED}
"""Occasions without a viewer, for whom a redeem could be."""
WITH_SUBJECT = {Trigger.TIP_ITEM, Trigger.WHEEL_PRIZE}
WORDS = {
    Trigger.SUBSCRIBE: {"months"},
    Trigger.GIFT: {"count"},
    Trigger.RAID: {"viewers"},
    Trigger.WHEEL_PRIZE: {"tokens", "prize"},
    **{tip: {"tokens", "item"} for tip in Trigger if tip.startswith("tip_")},
}
"""What is filled in beside {user}, by occasion."""
REDEEM = "redeem:"
"""Before a redeem's key in `Reaction.effect`; an effect's kind stands alone."""

DEFAULTS: tuple[tuple[Trigger, str, str], ...] = (
    (Trigger.FOLLOW, "Welcome, {user}, and thank you for following!", ""),
    (Trigger.SUBSCRIBE, "Thank you for subscribing, {user}!", "{user} subscribed. Thank you!"),
    (Trigger.RESUBSCRIBE, "Thank you for staying, {user}!", "{user} subscribed again. Thank you!"),
    (Trigger.GIFT, "{user} gave away {count} subscriptions. Thank you!", "{user} gave away {count} subscriptions!"),
    (
        Trigger.RAID,
        "{user} drops in with {viewers} viewers: welcome, everybody! Have a look at {user}'s channel, too.",
        "{user} drops in with {viewers} viewers. Welcome!",
    ),
    (Trigger.TIP_LOW, "", ""),
    (Trigger.TIP_MEDIUM, "Thank you for {tokens} tokens, {user}!", ""),
    (Trigger.TIP_HIGH, "Thank you for {tokens} tokens, {user}!", "{user} tipped {tokens} tokens!"),
    (Trigger.TIP_EXTREME, "Wow, {tokens} tokens! Thank you, {user}!", "Wow! {user} tipped {tokens} tokens!"),
    (Trigger.TIP_BEYOND, "{tokens} tokens! Thank you, {user}!", "Incredible! {user} tipped {tokens} tokens!"),
    (Trigger.STREAM_STARTED, "", ""),
    (Trigger.STREAM_ENDED, "", ""),
)
"""The rows of a first start: (trigger, line in chat, what is spoken)."""


@dataclass(frozen=True, slots=True)
class Cue:
    """An occasion for a reaction. `subject`: the menu item or prize; `words` fill in the streamer's templates.

    `at_most_every` seconds: sooner, with the same viewer, nothing comes of it.
    """

    trigger: Trigger
    username: str = ""
    subject: str = ""
    words: Mapping[str, str | int] = field(default_factory=dict)
    at_most_every: float = 0

    @property
    def key(self) -> str:
        """What the cooldown is kept under."""
        return f"cue.{self.trigger}:{self.username.casefold()}"


def find(cue: Cue, rows: Iterable[Reaction]) -> Reaction | None:
    """The row set for the cue's subject; else the one for the trigger in general."""
    of_trigger = {row.subject.strip().casefold(): row for row in rows if row.trigger == cue.trigger}
    return of_trigger.get(cue.subject.strip().casefold()) or of_trigger.get("")


def effect_of(reaction: Reaction, cue: Cue, rules: Rules) -> Effect | None:
    """The effect that the row names, made of its words; None when it names none, or one that can't be made."""
    if not reaction.effect:
        return None
    words = fill(reaction.words, cue)
    if not reaction.effect.startswith(REDEEM):
        kind = kinds.get(reaction.effect)
        if kind is None or kind.words is None:
            log.warning("the reaction “%s” names an effect that is not there: %s", reaction, reaction.effect)
            return None
        return kind.words(words)
    item = catalog.get(reaction.effect.removeprefix(REDEEM))
    if item is None:
        log.warning("the reaction “%s” names a redeem that is not there: %s", reaction, reaction.effect)
        return None
    viewer = viewers.find(cue.username)
    if viewer is None:
        log.warning("the reaction “%s” came to nothing: a redeem is somebody's, and here is nobody", reaction)
        return None
    try:
        return item.plan(Order(viewer, words, rules))
    except Refused as error:
        log.warning("the reaction “%s” came to nothing: %s", reaction, error)
        return None


def fill(template: str, cue: Cue) -> str:
    """`template` with {user} and the cue's words filled in; other braces stay as they are."""
    for word, value in {"user": cue.username, **cue.words}.items():
        template = template.replace(f"{{{word}}}", str(value))
    return template


def mistakes(row: Reaction) -> list[tuple[str, str]]:
    """(field, sentence) for whatever of the row could not work."""
    said = []
    trigger = Trigger(row.trigger)
    if row.subject and trigger not in WITH_SUBJECT:
        said.append(("subject", "Only menu items and prizes have a name."))
    if row.effect and not row.words.strip():
        said.append(("words", "The effect needs words."))
    if row.words.strip() and not row.effect:
        said.append(("effect", "Which effect are the words for?"))
    if row.effect.startswith(REDEEM) and trigger in OF_NOBODY:
        said.append(("effect", "A redeem is a viewer's, and a stream's beginning or end is nobody's."))
    known = {"user"} | WORDS.get(trigger, set())
    for column, template in (("line", row.line), ("words", row.words)):
        unknown = sorted(set(re.findall(r"\{(\w+)\}", template)) - known)
        if unknown:
            offered = ", ".join(f"{{{word}}}" for word in sorted(known))
            said.append((column, f"Nothing is filled in for {{{unknown[0]}}} here. There is {offered}."))
    return said


def choices() -> list[tuple[str, str]]:
    """What a reaction may do, for the streamer's list."""
    effects = [(kind.name, f"effect: {kind.name}") for kind in kinds.values() if kind.words is not None]
    return [("", "nothing"), *effects, *((f"{REDEEM}{item.key}", f"redeem: {item.title}") for item in catalog.values())]


def seed() -> None:
    """Make the rows of a first start. What the streamer changed, or deleted, stays so."""
    if not Reaction.objects.exists():
        Reaction.objects.bulk_create(
            Reaction(trigger=trigger, line=line, effect="speak" if spoken else "", words=spoken)
            for trigger, line, spoken in DEFAULTS
        )

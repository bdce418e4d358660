"""What the streamer set for an occasion: a line in chat, an effect, or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from economy.viewers import people
from effects.queue import items
from joystick.models import Reaction, Trigger
from pixelbot_site.kit.steps import filled, planned, wanted_words

OF_NOBODY = {Trigger.STREAM_STARTED, Trigger.STREAM_ENDED}
"""Occasions without a viewer, to whom something could be given."""
OF_SOMEBODY = {"grant_points", "grant_xp", "grant_item"}
WITH_SUBJECT = {Trigger.TIP_ITEM, Trigger.WHEEL_PRIZE}
WORDS = {
    Trigger.SUBSCRIBE: {"months"},
    Trigger.GIFT: {"count"},
    Trigger.RAID: {"viewers"},
    Trigger.WHEEL_PRIZE: {"tokens", "prize"},
    **{tip: {"tokens", "item"} for tip in Trigger if tip.startswith("tip_")},
}
"""What is filled in beside {user}, by occasion."""

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
class Occasion:
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


def find(cue: Occasion, rows: Iterable[Reaction]) -> Reaction | None:
    """The row set for the cue's subject; else the one for the trigger in general."""
    of_trigger = {row.subject.strip().casefold(): row for row in rows if row.trigger == cue.trigger}
    return of_trigger.get(cue.subject.strip().casefold()) or of_trigger.get("")


def enqueue_effects(reaction: Reaction, cue: Occasion) -> None:
    """Enqueue the effects that the row names, with the cue's words filled in, for the viewer whom it is about. One that
    is not there any more is left out.
    """
    if not reaction.effects:
        return
    viewer = people.find(cue.username) if cue.username else None
    for effect in planned(reaction.effects, {"user": cue.username, **cue.words}):
        items.enqueue_known(effect, viewer=viewer)


def fill(template: str, cue: Occasion) -> str:
    """`template` with {user} and the cue's words filled in; other braces stay as they are."""
    return str(filled(template, {"user": cue.username, **cue.words}))


def mistakes(row: Reaction) -> list[tuple[str, str]]:
    """(field, sentence) for whatever of the row could not work."""
    said = []
    trigger = Trigger(row.trigger)
    if row.subject and trigger not in WITH_SUBJECT:
        said.append(("subject", "Only menu items and prizes have a name."))
    if trigger in OF_NOBODY and any(step.get("kind") in OF_SOMEBODY for step in row.effects):
        said.append(("effects", "A stream's beginning or end is nobody's: there is nobody to give something to."))
    known = {"user"} | WORDS.get(trigger, set())
    for column, template in (("line", row.line), ("effects", row.effects)):
        unknown = sorted(wanted_words(template) - known)
        if unknown:
            offered = ", ".join(f"{{{word}}}" for word in sorted(known))
            said.append((column, f"Nothing is filled in for {{{unknown[0]}}} here. There is {offered}."))
    return said


def seed() -> None:
    """Make the rows of a first start. What the streamer changed, or deleted, stays so."""
    if not Reaction.objects.exists():
        Reaction.objects.bulk_create(
            Reaction(trigger=trigger, line=line, effects=[spoken_step(trigger, spoken)] if spoken else [])
            for trigger, line, spoken in DEFAULTS
        )


def spoken_step(trigger: str, text: str) -> dict[str, str]:
    """The step that speaks `text`, as a tip's or as the system's."""
    return {"kind": "speak", "text": text, "source": "tip" if trigger.startswith("tip_") else "system"}

"""Reactions: what the streamer set for an occasion, as a line in chat, effects, or both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from economy.viewers import people
from effects import chat
from effects.chat import Priority
from effects.queue import items
from effects.registry import gives
from joystick.models import Reaction, Trigger
from pixelbot_site.kit.steps import filled, leaves, planned, wanted_words

# Triggers that are about no viewer, so that an effect has nobody to give something to.
WITHOUT_VIEWER = {Trigger.STREAM_STARTED, Trigger.STREAM_ENDED}
# Triggers whose rows may be set for one menu item or prize.
WITH_SUBJECT = {Trigger.TIP_ITEM, Trigger.WHEEL_PRIZE}
# The words that are filled in beside {user}, by trigger.
WORDS = {
    Trigger.SUBSCRIBE: {"months"},
    Trigger.GIFT: {"count"},
    Trigger.RAID: {"viewers"},
    Trigger.WHEEL_PRIZE: {"tokens", "prize"},
    **{tip: {"tokens", "item"} for tip in Trigger if tip.startswith("tip_")},
}
# Triggers whose lines are no thanks for something that was paid or brought.
CHATTER = {Trigger.FOLLOW, Trigger.STREAM_STARTED, Trigger.STREAM_ENDED}
# What a subscription, a gift or a raid counts beside tips, in tokens: their events name no amount.
WORTH_WITHOUT_TOKENS = 500

# The rows of a first start: (trigger, line in chat, what is spoken).
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


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something that happened and that the streamer may have set a reaction for.

    `subject` is the menu item or prize, `words` fill in the streamer's templates. With `at_most_every`, occasions of
    this trigger by the same viewer within that many seconds have no reaction. `otherwise`: the trigger whose reaction
    counts where there is none for this one.
    """

    trigger: Trigger
    username: str = ""
    subject: str = ""
    words: Mapping[str, str | int] = field(default_factory=dict)
    at_most_every: float = 0
    otherwise: Trigger | None = None

    @property
    def key(self) -> str:
        """Return the key of the occasion's cooldown."""
        # "cue" is an earlier name of occasions; stored cooldowns have it.
        return f"cue.{self.trigger}:{self.username.casefold()}"


def find(occasion: Occasion, rows: Iterable[Reaction]) -> Reaction | None:
    """Return the row for the occasion's subject, else the one without a subject, else `otherwise`'s, else None."""
    by_subject = {row.subject.strip().casefold(): row for row in rows if row.trigger == occasion.trigger}
    found = by_subject.get(occasion.subject.strip().casefold()) or by_subject.get("")
    if found is None and occasion.otherwise is not None:
        return next((row for row in rows if row.trigger == occasion.otherwise), None)
    return found


def enqueue_effects(reaction: Reaction, occasion: Occasion, *, event: str) -> None:
    """Enqueue the row's effects for the occasion's viewer, with words filled in; skip those of an unknown kind.

    `event`: the uid of the event that was the occasion.
    """
    if not reaction.effects:
        return
    viewer = people.find(occasion.username) if occasion.username else None
    for effect in planned(reaction.effects, {"user": occasion.username, **occasion.words}):
        items.enqueue_known(effect, viewer=viewer, event=event)


def say_line(reaction: Reaction, occasion: Occasion, *, channel_id: str) -> None:
    """Say the row's line in chat, if it has one. What was paid for is thanked for by its size."""
    line = fill(reaction.line, occasion)
    if not line:
        return
    is_thanks = occasion.trigger not in CHATTER
    chat.say(
        line,
        Priority.THANKS if is_thanks else Priority.CHATTER,
        channel_id=channel_id,
        worth=_worth(occasion) if is_thanks else 0,
        template=reaction.line,
        words={"user": occasion.username, **occasion.words},
    )


def _worth(occasion: Occasion) -> int:
    tokens = occasion.words.get("tokens")
    return tokens if isinstance(tokens, int) else WORTH_WITHOUT_TOKENS


def fill(template: str, occasion: Occasion) -> str:
    """Return `template` with {user} and the occasion's words filled in; other braces stay as they are."""
    return str(filled(template, {"user": occasion.username, **occasion.words}))


def mistakes(row: Reaction) -> list[tuple[str, str]]:
    """Return (field, sentence) for each thing in the row that could not work."""
    found = []
    trigger = Trigger(row.trigger)
    if row.subject and trigger not in WITH_SUBJECT:
        found.append(("subject", "Only menu items and prizes have a name."))
    if trigger in WITHOUT_VIEWER and any(gives(step) for step in leaves(row.effects)):
        found.append(("effects", "The start or end of a stream has no viewer to give something to."))
    known = {"user"} | WORDS.get(trigger, set())
    for column, template in (("line", row.line), ("effects", row.effects)):
        unknown = sorted(wanted_words(template) - known)
        if unknown:
            available = ", ".join(f"{{{word}}}" for word in sorted(known))
            found.append((column, f"{{{unknown[0]}}} is not filled in here. Available: {available}."))
    return found


def seed() -> None:
    """Create the rows of a first start, where there are none. What the streamer changed or deleted stays so."""
    if Reaction.objects.exists():
        return
    Reaction.objects.bulk_create(
        Reaction(trigger=trigger, line=line, effects=[spoken_step(trigger, spoken)] if spoken else [])
        for trigger, line, spoken in DEFAULTS
    )


def spoken_step(trigger: str, text: str) -> dict[str, str]:
    """Return the step that speaks `text`: with the voice for tips where the trigger is a tip, else the system's."""
    return {"kind": "speak", "text": text, "source": "tip" if trigger.startswith("tip_") else "system"}

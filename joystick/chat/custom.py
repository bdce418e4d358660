"""The streamer's own commands: their rows by word, read once a second, and what using one does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils.text import Truncator

from economy import cooldowns
from economy.models import XP, Viewer
from economy.viewers import roles
from economy.viewers.roles import Role, role_of
from effects.models import State
from effects.queue import items
from effects.registry import Effect
from joystick.models import CustomCommand
from joystick.registry import Call
from pixelbot_site.kit import phrases, present_channel
from pixelbot_site.kit.errors import Failed, Refused
from pixelbot_site.kit.lines import lines_of, picked
from pixelbot_site.kit.live import Live
from pixelbot_site.kit.plural import counted
from pixelbot_site.kit.steps import Step, planned
from pixelbot_site.kit.steps_field import in_words as steps_in_words
from pixelbot_site.kit.stored import Stored
from pixelbot_site.kit.words import Values, fill
from redeems import charge, purchase

ONLY_FOR = phrases.refusal("custom.only_for", "!{name} is for {role}")
NEEDS_LEVEL = phrases.refusal("custom.needs_level", "!{name} is from level {level} on, you are at level {own}")
NEEDS_WORDS = phrases.refusal("custom.needs_words", "write something behind !{name}")
LIVE_ONLY = phrases.refusal("custom.live_only", "!{name} is only for while the stream is live")

# Characters of an answer in a list.
MAX_QUOTED = 60


@dataclass(frozen=True, slots=True)
class Custom:
    """A row as it is used. `cooldown` None: the setting COMMAND_COOLDOWN_SECONDS."""

    pk: int
    word: str
    words: tuple[str, ...]
    answers: tuple[str, ...]
    in_turn: bool
    effects: tuple[Step, ...]
    role: Role
    min_level: int
    cooldown: int | None
    global_cooldown: int
    cost: int
    live_only: bool
    is_listed: bool


def custom_of(row: CustomCommand) -> Custom:
    """Return what a row says."""
    return Custom(
        row.pk,
        row.word,
        (row.word, *row.aliases.split()),
        lines_of(row.answers),
        row.in_turn,
        tuple(row.effects),
        Role(row.role),
        row.min_level,
        row.cooldown_seconds,
        row.global_cooldown_seconds,
        row.cost,
        row.live_only,
        row.is_listed,
    )


def read() -> Mapping[str, Custom]:
    """Return the commands that are on, by each of their words. Where two have a word, the first by name has it."""
    by_word: dict[str, Custom] = {}
    for row in CustomCommand.objects.filter(enabled=True):
        made = custom_of(row)
        for word in made.words:
            by_word.setdefault(word, made)
    return by_word


# None: read from the rows each time.
stored: Live[Mapping[str, Custom] | None] = Live(None)


def current() -> Mapping[str, Custom]:
    """Return the commands that are on, by each of their words."""
    in_force = stored.current()
    return read() if in_force is None else in_force


def follow_rows() -> None:
    """Take the commands from the rows, in this process."""
    stored.use(Stored[Mapping[str, Custom] | None](CustomCommand, read, {}))


def run(custom: Custom, call: Call) -> str:
    """Use the command for the caller, and return what is said in chat, "" for nothing.

    Raise Refused where the caller may not, or what it does can't happen now; nothing was taken then.
    """
    _require_allowed(custom, call)
    # A batch of events opens no savepoint where nothing is to be taken back.
    with transaction.atomic() if custom.cost else nullcontext():
        wanted = _cooldowns(custom, call)
        if not cooldowns.take_all(wanted, now=call.now):
            return ""
        uses = _counted(custom)
        values = {"user": call.viewer.username, "text": call.words, "uses": uses}
        effects = list(planned(custom.effects, values))
        if custom.cost:
            ends = {key: call.now + timedelta(seconds=seconds) for key, seconds in wanted.items() if seconds}
            try:
                bought = charge.sell(
                    viewer=call.viewer, name=f"!{custom.word}", cost=custom.cost, effects=effects,
                    reference=call.message.uid, event=call.message.uid, cooldowns=ends,
                )  # fmt: skip
            except Failed as error:
                if call.words:
                    raise
                raise Refused(NEEDS_WORDS(name=custom.word)) from error  # an effect of nothing but {text}
            last = bought.items.order_by("-pk").first()
            if last is not None and last.state == State.FAILED:
                return ""  # it was refunded at once, and the reason said
        else:
            for effect in effects:
                items.enqueue_known(effect, viewer=call.viewer, event=call.message.uid)
        return fill(picked(custom.answers, in_turn=custom.in_turn, turn=uses - 1), values)


def shown(row: CustomCommand, values: Values) -> tuple[str, Sequence[Effect]]:
    """Return the first answer and the effects of a row that is only tried."""
    made = custom_of(row)
    return fill(made.answers[0], values) if made.answers else "", list(planned(made.effects, values))


def in_words(row: CustomCommand) -> str:
    """Return in a line what a row says and does."""
    answers = lines_of(row.answers)
    others = f" or {counted(len(answers) - 1, 'other answer')}" if len(answers) > 1 else ""
    said = [f"“{Truncator(answers[0]).chars(MAX_QUOTED)}”{others}"] if answers else []
    return ", ".join([*said, steps_in_words(row.effects)] if row.effects else said)


def level_of(viewer: Viewer) -> int:
    """Return the viewer's level as it is now."""
    return XP.objects.filter(viewer=viewer).values_list("level", flat=True).first() or 1


def _require_allowed(custom: Custom, call: Call) -> None:
    if role_of(call.viewer) < custom.role:
        raise Refused(ONLY_FOR(name=custom.word, role=roles.in_words(custom.role)))
    if custom.min_level > 1:
        own = level_of(call.viewer)
        if own < custom.min_level:
            raise Refused(NEEDS_LEVEL(name=custom.word, level=custom.min_level, own=own))
    if custom.live_only and purchase.went_live() is None:
        raise Refused(LIVE_ONLY(name=custom.word))


def _cooldowns(custom: Custom, call: Call) -> dict[str, float]:
    """Return the caller's cooldown and everybody's, in seconds."""
    own = call.rules.command_cooldown_seconds if custom.cooldown is None else custom.cooldown
    return {
        f"custom.{custom.pk}:{call.viewer.key}": float(own),
        present_channel.apart(f"custom.{custom.pk}"): float(custom.global_cooldown),
    }


def _counted(custom: Custom) -> int:
    """Count a use, and return how many there were."""
    rows = CustomCommand.objects.filter(pk=custom.pk)
    rows.update(uses=F("uses") + 1)
    return rows.values_list("uses", flat=True).first() or 1

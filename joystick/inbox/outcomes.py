"""Apply what handlers decided: the outcomes of one batch, whose awards are paid together."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime

from economy.earning import pay
from economy.earning.pay import Award
from economy.ledger.rewards import LevelUp
from economy.models import Viewer, viewer_key
from economy.viewers import people, presence
from effects import chat
from effects.queue import folding
from joystick.channel import actions, streams
from joystick.protocol.events import ChatMessage, Entered, Event
from joystick.reactions import performing
from joystick.reactions.engine import Reacting, Run
from joystick.registry import Outcome, handlers
from joystick.settings_table import Rules
from pixelbot_site.kit import bulk, origin

log = logging.getLogger("joystick")


@dataclass(frozen=True, slots=True)
class Source:
    """The event that an outcome is of: its uid, and the channel that it came from, "" where it names none."""

    event: str
    channel_id: str = ""


@dataclass(slots=True)
class Outcomes:
    """The outcomes of a batch of events. Awards are collected and paid together.

    `viewers` are those loaded so far, by key. `present` is by username: True for who is here, False for who left.
    `taken_out` are the uids of lines that a filter had removed.
    `alerted`: the uids of events that reactions show as alerts, once they have run.
    """

    rules: Rules
    now: datetime
    awards: list[Award] = field(default_factory=list)
    viewers: dict[str, Viewer] = field(default_factory=dict)
    flags: dict[str, dict[str, bool]] = field(default_factory=dict)
    present: dict[str, bool] = field(default_factory=dict)
    taken_out: set[str] = field(default_factory=set)
    alerted: set[str] = field(default_factory=set)
    reacting: Reacting = field(init=False)

    def __post_init__(self) -> None:
        self.reacting = Reacting(self.now)

    def handle(self, event: Event | LevelUp) -> None:
        """Call the handlers of the event's type and apply what they return, and keep what occasions it is."""
        source = Source(event.uid, event.channel_id) if isinstance(event, Event) else Source(event.event)
        before = origin.enter(source.event)
        try:
            log.debug("received: %s", type(event).__name__)
            for handler in handlers(event):
                self.apply(handler(event, self.rules), source)
        finally:
            origin.leave(before)
        if source.event not in self.taken_out and not _is_of_a_bot(event, self.rules):
            self.reacting.collect(event, uid=source.event, channel_id=source.channel_id)

    def apply(self, outcome: Outcome, source: Source) -> None:
        """Do what an outcome asks for, but keep awards and presence for later."""
        if outcome.is_taken_out:
            self.taken_out.add(source.event)
        self.awards += outcome.awards
        for username, flags in outcome.flags:
            # Popped, so that the latest spelling of a name comes last and wins in `load_viewers`.
            self.flags[username] = {**self.flags.pop(username, {}), **flags}
        self.present |= dict.fromkeys(outcome.present, True) | dict.fromkeys(outcome.left, False)
        for effect in outcome.effects:
            folding.enqueue(effect, viewer=outcome.viewer, event=source.event or None)
        for line in outcome.lines:
            chat.say(line, outcome.priority, channel_id=source.channel_id, kind=outcome.kind)
        for username, text in outcome.whispers:
            actions.answer(username, text, channel_id=source.channel_id, kind=outcome.kind)
        if outcome.after_paying is not None:
            self.pay_awards()
            self.apply(outcome.after_paying(self.viewers), source)

    def finish(self) -> None:
        """Pay, store presence and run reactions at the end of the batch."""
        self.pay_awards()
        if self.present:
            presence.mark(
                here=[self.viewers[viewer_key(name)] for name, is_here in self.present.items() if is_here],
                gone=[name for name, is_here in self.present.items() if not is_here],
                seconds=self.rules.presence_seconds,
                now=self.now,
            )
        if self.reacting.candidates:
            runs = self.reacting.runs(self.viewers)
            performing.perform(runs, now=self.now)
            self.alerted = {run.candidate.event for run in runs if run.shows_alert and _is_of_an_event(run)}

    def pay_awards(self) -> None:
        """Pay the awards collected so far, and handle the levels that were reached by them."""
        self.load_viewers()
        while self.awards:  # handlers of a level-up may return awards again
            awards, self.awards = self.awards, []
            with origin.of(None):  # they are those of many events
                level_ups = pay.pay(
                    awards, rules=self.rules, now=self.now, viewers=self.viewers, stream=self._stream_id()
                )
            for level_up in level_ups:
                self.handle(level_up)
            if self.awards:
                self.load_viewers()

    def load_viewers(self) -> None:
        """Load the viewers that are new in this batch, and store what badges say about them."""
        # Before paying: an author whose badge says bot earns nothing.
        by_name, self.flags = self.flags, {}
        flags: dict[str, dict[str, bool]] = {}
        for name, badges in by_name.items():  # one viewer may be spelled two ways within a batch
            flags[viewer_key(name)] = {**flags.get(viewer_key(name), {}), **badges}
        names = {award.viewer: award.username for award in self.awards}
        names |= {viewer_key(name): name for name, is_here in self.present.items() if is_here}
        # Authors with badges but no award (bots) are updated where they are viewers already, but not created.
        unpaid = {viewer_key(name): name for name in by_name if viewer_key(name) not in names}
        names |= {key: unpaid[key] for key in bulk.among(Viewer, "key", unpaid)}
        changed = [name for key, name in names.items() if key not in self.viewers or flags.get(key)]
        self.viewers |= people.seen(changed, now=self.now, flags=flags)

    def _stream_id(self) -> str:
        # Needed only where entering pays once for each stream.
        stream = streams.current() if self.rules.dropin_once_per_stream else None
        return str(stream.pk) if stream else ""


def _is_of_an_event(run: Run) -> bool:
    # A level has the uid of the tip that led to it, and is something else.
    return any(issubclass(kind, Event) for kind in run.candidate.kind.events)


def _is_of_a_bot(event: Event | LevelUp, rules: Rules) -> bool:
    """Return whether a line or an entry is a bot's, or a whisper, which nobody shall see a reaction to."""
    if isinstance(event, ChatMessage):
        return event.is_bot or not event.is_public or viewer_key(event.username) == viewer_key(rules.bot_username)
    return isinstance(event, Entered) and viewer_key(event.username) == viewer_key(rules.bot_username)

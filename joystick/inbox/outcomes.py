"""Apply what handlers decided: the outcomes of one batch, whose awards are paid together."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from economy.earning import pay
from economy.earning.pay import Award
from economy.ledger.rewards import LevelUp
from economy.models import ROLE_FLAGS, Viewer, viewer_key
from economy.viewers import people, presence
from economy.viewers.roles import Elsewhere
from effects import chat
from effects.queue import folding
from joystick.channel import actions, streams
from joystick.protocol.events import ChatMessage, Entered, Event
from joystick.reactions import performing
from joystick.reactions.engine import Reacting, Run, with_alert
from joystick.registry import Outcome, handlers
from joystick.settings_table import Rules
from pixelbot_site.kit import bulk, origin, present_channel

log = logging.getLogger("joystick")


@dataclass(slots=True)  # not frozen: one for each event, and three times as quick to make
class Source:
    """The event that an outcome is of: its uid, and the channel that it came from, "" where it names none."""

    event: str
    channel_id: str = ""


@dataclass(slots=True)
class Outcomes:
    """The outcomes of a batch of events. Awards are collected and paid together.

    `viewers` are those loaded so far, by key. `present` is by username: True for who is here, False for who left.
    `taken_out` are the uids of lines that a filter had removed.
    `alerted`: the uids of events that reactions show as alerts, once they have run. `others` are the channels other
    than the first, whose flags are the viewers' own: `told_there` has what badges say in each of the others, by key.
    """

    rules: Rules
    now: datetime
    others: frozenset[str] = frozenset()
    awards: list[Award] = field(default_factory=list)
    viewers: dict[str, Viewer] = field(default_factory=dict)
    flags: dict[str, dict[str, bool]] = field(default_factory=dict)
    present: dict[str, bool] = field(default_factory=dict)
    taken_out: set[str] = field(default_factory=set)
    alerted: set[str] = field(default_factory=set)
    told_there: dict[str, dict[str, dict[str, bool]]] = field(default_factory=dict)
    elsewhere: dict[str, Elsewhere] = field(init=False)
    reacting: Reacting = field(init=False)

    def __post_init__(self) -> None:
        self.reacting = Reacting(self.now)
        self.elsewhere = {channel: Elsewhere(channel) for channel in self.others}

    def handle(self, event: Event | LevelUp, channel: str = "") -> None:
        """Call the handlers of the event's type and apply what they return, and keep what occasions it is.

        `channel` is that of a level.
        """
        source = Source(event.uid, event.channel_id) if isinstance(event, Event) else Source(event.event, channel)
        with present_channel.within(source.channel_id, is_other=source.channel_id in self.others):
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
        self.awards += (
            (replace(award, channel=source.channel_id) for award in outcome.awards) if self.others else outcome.awards
        )
        for username, flags in outcome.flags:
            own = self._keep_there(username, flags, source.channel_id) if source.channel_id in self.others else flags
            # Popped, so that the latest spelling of a name comes last and wins in `load_viewers`.
            self.flags[username] = {**self.flags.pop(username, {}), **own}
        self._keep_presence(outcome)
        for effect in outcome.effects:
            folding.enqueue(effect, viewer=outcome.viewer, event=source.event or None)
        for line in outcome.lines:
            chat.say(line, outcome.priority, channel_id=source.channel_id, kind=outcome.kind)
        for username, text in outcome.whispers:
            actions.answer(username, text, channel_id=source.channel_id, kind=outcome.kind)
        if outcome.after_paying is not None:
            self.pay_awards()
            self.apply(outcome.after_paying(self.viewers_in(source.channel_id)), source)

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
            runs = self.reacting.runs(self.viewers, self.elsewhere)
            performing.perform(runs, now=self.now)
            self.alerted = {run.candidate.event for run in with_alert(runs) if _is_of_an_event(run)}

    def pay_awards(self) -> None:
        """Pay the awards collected so far, and handle the levels that were reached by them."""
        self.load_viewers()
        while self.awards:  # handlers of a level-up may return awards again
            awards, self.awards = self.awards, []
            channels = {award.channel for award in awards}
            with origin.of(None):  # they are those of many events
                level_ups = pay.pay(
                    awards,
                    rules=self.rules,
                    now=self.now,
                    viewers=self.viewers,
                    there={channel: self.viewers_in(channel) for channel in channels & self.others},
                    streams=self._stream_ids(channels),
                )
            earned_in = {award.event: award.channel for award in awards}
            for level_up in level_ups:
                self.handle(level_up, earned_in.get(level_up.event, ""))
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
        told_there, self.told_there = self.told_there, {}
        for channel, told in told_there.items():
            known = [(self.viewers[key], badges) for key, badges in told.items() if key in self.viewers]
            self.elsewhere[channel].keep(known)

    def viewers_in(self, channel: str) -> Mapping[str, Viewer]:
        """Return the viewers loaded so far, with the flags that they have in a channel."""
        return self.elsewhere[channel].among(self.viewers) if channel in self.others else self.viewers

    def _keep_presence(self, outcome: Outcome) -> None:
        for username in outcome.present:
            self.present[username] = True
        for username in outcome.left:
            self.present[username] = False

    def _keep_there(self, username: str, flags: Mapping[str, bool], channel: str) -> Mapping[str, bool]:
        """Keep what badges say in another channel than the first, and return what is so in every channel."""
        told = self.told_there.setdefault(channel, {}).setdefault(viewer_key(username), {})
        told |= {name: flag for name, flag in flags.items() if name in ROLE_FLAGS}
        return {name: flag for name, flag in flags.items() if name not in ROLE_FLAGS}

    def _stream_ids(self, channels: Iterable[str]) -> dict[str, str]:
        # Needed only where entering pays once for each stream.
        if not self.rules.dropin_once_per_stream:
            return {}
        found: dict[str, str] = {}
        for channel in channels:
            with present_channel.within(channel):
                stream = streams.current()
            found |= {channel: str(stream.pk)} if stream else {}
        return found


def _is_of_an_event(run: Run) -> bool:
    # A level has the uid of the tip that led to it, and is something else.
    return any(issubclass(kind, Event) for kind in run.candidate.kind.events)


def _is_of_a_bot(event: Event | LevelUp, rules: Rules) -> bool:
    """Return whether a line or an entry is a bot's, or a whisper, which nobody shall see a reaction to."""
    if isinstance(event, ChatMessage):
        return event.is_bot or not event.is_public or viewer_key(event.username) == viewer_key(rules.bot_username)
    return isinstance(event, Entered) and viewer_key(event.username) == viewer_key(rules.bot_username)

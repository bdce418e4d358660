"""Carries out what handlers decided: the outcomes of a batch, gathered, paid together, and done."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from economy import cooldowns
from economy.earning import pay
from economy.earning.pay import Award
from economy.ledger.rewards import LevelUp
from economy.models import Viewer, viewer_key
from economy.viewers import people as viewers
from economy.viewers import presence
from effects import chat
from effects.queue import items
from joystick import reactions
from joystick.channel import actions, streams
from joystick.models import Reaction
from joystick.protocol.events import Event
from joystick.reactions import Occasion
from joystick.registry import Outcome, handlers
from joystick.settings_table import Rules
from pixelbot_site.kit import bulk


@dataclass(slots=True)
class Outcomes:
    """The outcomes of a batch. Awards are gathered and paid together; what needs them paid settles first."""

    rules: Rules
    now: datetime
    awards: list[Award] = field(default_factory=list)
    people: dict[str, Viewer] = field(default_factory=dict)
    flags: dict[str, dict[str, bool]] = field(default_factory=dict)
    present: dict[str, bool] = field(default_factory=dict)
    occasions: list[tuple[Occasion, str]] = field(default_factory=list)

    def handle(self, event: Event | LevelUp) -> None:
        channel_id = event.channel_id if isinstance(event, Event) else ""
        for handler in handlers(event):
            self.apply(handler(event, self.rules), channel_id)

    def apply(self, outcome: Outcome, channel_id: str) -> None:
        self.awards += outcome.awards
        for username, flags in outcome.flags:
            # Popped, so that the latest stands last: it decides where somebody's name is spelled in two ways.
            self.flags[username] = {**self.flags.pop(username, {}), **flags}
        self.present |= dict.fromkeys(outcome.present, True) | dict.fromkeys(outcome.left, False)
        self.occasions += [(occasion, channel_id) for occasion in outcome.occasions]
        for effect in outcome.effects:
            items.enqueue_known(effect, viewer=outcome.viewer)
        for line in outcome.lines:
            chat.say(line, channel_id=channel_id)
        for username, text in outcome.whispers:
            actions.answer(username, text, channel_id=channel_id)
        if outcome.after_paying is not None:
            self.pay_awards()
            self.apply(outcome.after_paying(), channel_id)

    def finish(self) -> None:
        """What is left at the end of the batch."""
        self.pay_awards()
        if self.present:
            presence.mark(
                here=[self.people[viewer_key(name)] for name, is_here in self.present.items() if is_here],
                gone=[name for name, is_here in self.present.items() if not is_here],
                seconds=self.rules.presence_seconds,
                now=self.now,
            )
        self.run_reactions()

    def run_reactions(self) -> None:
        due = [(occasion, channel) for occasion, channel in self.occasions if self._is_due(occasion)]
        rows = list(Reaction.objects.filter(enabled=True)) if due else []
        for occasion, channel_id in due:
            row = reactions.find(occasion, rows)
            if row is None:
                continue
            reactions.enqueue_effects(row, occasion)
            line = reactions.fill(row.line, occasion)
            if line:
                chat.say(line, channel_id=channel_id)

    def _is_due(self, occasion: Occasion) -> bool:
        return not occasion.at_most_every or cooldowns.take_all({occasion.key: occasion.at_most_every}, now=self.now)

    def pay_awards(self) -> None:
        self.load_viewers()
        while self.awards:  # what comes of a level-up may be an award again
            awards, self.awards = self.awards, []
            ups = pay.pay(awards, rules=self.rules, now=self.now, viewers=self.people, stream=self.stream())
            for level_up in ups:
                self.handle(level_up)
            if self.awards:
                self.load_viewers()

    def load_viewers(self) -> None:
        """Look up whom we have not met in this batch, or of whom something new is told. Before paying: who turns out
        to be a bot earns nothing."""
        flagged, self.flags = self.flags, {}
        flags = {viewer_key(name): told for name, told in flagged.items()}
        names = {award.viewer: award.username for award in self.awards}
        # Of whom only badges are told (bots), those who are viewers already: they entered, and may tip.
        others = {viewer_key(name): name for name in flagged if viewer_key(name) not in names}
        names |= {key: others[key] for key in bulk.among(Viewer, "key", others)}
        names |= {viewer_key(name): name for name, is_here in self.present.items() if is_here}
        strangers = [name for key, name in names.items() if key not in self.people or flags.get(key)]
        self.people |= viewers.seen(strangers, now=self.now, flags=flags)

    def stream(self) -> str:
        """Names the stream that is on, where entering pays once for each."""
        on = streams.current() if self.rules.dropin_once_per_stream else None
        return str(on.pk) if on else ""

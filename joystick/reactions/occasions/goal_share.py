"""A share of the tip goal, in percent."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from joystick.protocol.events import TipGoal, TipGoalIncreased
from joystick.protocol.frames import ReceivedFrame, read_frame
from joystick.reactions import visits
from joystick.reactions.kinds import Occasion, occasion

# What tells the goal's title and tokens, and what begins or ends one.
TELLING = ("tip_goal_created", "tip_goal_updated", "tip_goal_met")
BORDERS = ("tip_goal_created", "tip_goal_met", "tip_goal_deleted")
KINDS = tuple(dict.fromkeys((*TELLING, *BORDERS)))


@dataclass(slots=True)
class _Goal:
    """The goal as far as it was told. `border`: the uid of the event that began it, or ended the one before."""

    title: str = ""
    target: int = 0
    border: str = ""

    def learn(self, kind: str, uid: str, title: str, target: int | None) -> None:
        """Take what an event of the goal says."""
        if kind in TELLING:
            self.title, self.target = title or self.title, target or self.target
        if kind in BORDERS:
            self.border = uid

    @property
    def once(self) -> str:
        """Return a name for this goal: one with another title is another, although no event says that it began."""
        return f"goal.{hashlib.blake2s(f'{self.border} {self.title}'.encode(), digest_size=12).hexdigest()}"


def _share(increase: Occasion, goal: _Goal) -> Occasion | None:
    current, before = increase.words["current"], increase.before
    assert isinstance(current, int) and before is not None
    if not goal.target:
        return None
    percent, percent_before = (100 * tokens // goal.target for tokens in (current, before))
    words: Mapping[str, str | int] = {
        "percent": percent,
        "current": current,
        "target": goal.target,
        "title": goal.title,
    }
    made = Occasion(increase.username, words=words, before=percent_before, once=goal.once)
    return made if percent > percent_before else None


def _shares(made: Sequence[Occasion], now: datetime) -> list[Occasion | None]:
    """Make of increases what share of the goal is reached by them, and leave out what only tells of the goal."""
    goal = _told_before(now)
    found: list[Occasion | None] = []
    for one in made:
        if one.subject:
            title, target = str(one.words["title"]), int(one.words["target"])
            goal.learn(one.subject, one.once, title, target)
            found.append(None)
        else:
            found.append(_share(one, goal))
    return found


def _told_before(now: datetime) -> _Goal:
    goal = _Goal()
    for row in visits.told_before(KINDS, now):
        read = read_frame(row.raw) if row.raw else None
        event = read.event if isinstance(read, ReceivedFrame) else None
        title, target = (event.title, event.tokens) if isinstance(event, TipGoal) else ("", None)
        goal.learn(row.kind, row.uid, title, target)
    return goal


# Events of the goal go with its increases, so that the sieve has both in their order.
@occasion(
    "goal_share",
    TipGoal,
    TipGoalIncreased,
    title="a share of the tip goal is reached",
    words={"percent": 50, "current": 500, "target": 1000, "title": "new camera"},
    amount="percent",
    sieve=_shares,
    once="for each goal",
)
def goal_share(event: TipGoal | TipGoalIncreased) -> Occasion | None:
    """Return what the event says; the sieve makes a share of it."""
    if isinstance(event, TipGoal):
        words: dict[str, str | int] = {"title": event.title, "target": event.tokens or 0}
        return Occasion(subject=event.kind, words=words, once=event.uid)
    before = event.previous
    if before is None and event.current is not None and event.added is not None:
        before = event.current - event.added
    if event.current is None or before is None:
        return None
    return Occasion(event.username, words={"current": event.current}, before=before)

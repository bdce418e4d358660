"""A goal with milestones: Joystick's tip goal, or one's own, counted anew from what is stored."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from typing import Any, Literal

from django.db.models import Sum
from pydantic import BaseModel, Field

from effects.models import Purchase
from effects.overlays import facts
from effects.overlays.onscreen import OnScreen
from effects.overlays.registry import Box, Options, widget

TIPS = ("tipped", "wheel_spin_claimed")
SUBSCRIPTIONS = ("subscribed", "resubscribed")
TIP_GOAL = ("tip_goal_created", "tip_goal_updated", "tip_goal_increased", "tip_goal_met", "tip_goal_deleted")


class Milestone(BaseModel):
    """A smaller goal on the way."""

    at: int = Field(ge=1)
    label: str = Field("", max_length=60)


class Goal(Options):
    """What is counted, from when on, and up to which number.

    `since`: a moment, as 2026-08-01T20:00+02:00; without one, from the beginning of the stream. `redeem`: the key of
    the redeem whose points go into the pot. `joystick` takes title, number and target from Joystick's own tip goal.
    """

    counts: Literal["joystick", "tokens", "points", "follows", "subscriptions"] = "joystick"
    title: str = Field("", max_length=80)
    target: int = Field(1000, ge=1, le=10**9)
    since: datetime | None = None
    redeem: str = Field("", max_length=40)
    milestones: list[Milestone] = Field(default_factory=list, max_length=10)


def _stamp(options: Goal) -> Hashable:
    if options.counts == "points":
        return Purchase.objects.filter(redeem=options.redeem).values_list("id", "refunded_at").first()
    return facts.mark()


@widget("goal", title="Goal", box=Box(30, 3, 34, 11), vertical=Box(3, 3, 94, 7), options=Goal, stamp=_stamp, every=1)
def goal(options: Goal, screen: OnScreen) -> dict[str, Any]:
    """Return title, number, target and milestones; with `target` 0 there is no goal now."""
    title, now, target = of_joystick() if options.counts == "joystick" else ("", _counted(options), options.target)
    return {
        "title": screen.text(options.title or title),
        "now": now,
        "target": target,
        "unit": "" if options.counts == "joystick" else options.counts,
        "milestones": [
            {"at": one.at, "label": screen.text(one.label)}
            for one in sorted(options.milestones, key=lambda one: one.at)
            if one.at < target
        ],
    }


def _counted(options: Goal) -> int:
    since = options.since or facts.stream_began()
    if options.counts == "points":
        bought = Purchase.objects.filter(redeem=options.redeem, refunded_at=None)
        bought = bought.filter(created_at__gte=since) if since else bought
        return -(bought.aggregate(sum=Sum("payment__delta"))["sum"] or 0)
    if options.counts == "tokens":
        return facts.counted(TIPS, since)[1]
    return facts.counted(("followed",) if options.counts == "follows" else SUBSCRIPTIONS, since)[0]


def of_joystick() -> tuple[str, int, int]:
    """Return title, number and target of Joystick's tip goal, from what its events last said of each."""
    title, now, target = "", 0, 0
    for fact in reversed(facts.latest(TIP_GOAL, 50)):
        if fact.kind == "tip_goal_deleted":
            title, now, target = "", 0, 0
        elif fact.kind == "tip_goal_increased":
            now = int(fact.more.get("current", now))
        else:
            now = 0 if fact.kind == "tip_goal_created" else now
            title, target = fact.more.get("title", title), int(fact.more.get("tokens", target))
            now = target if fact.kind == "tip_goal_met" else now
    return title, now, target

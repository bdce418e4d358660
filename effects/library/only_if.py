"""Run effects only if something is so, else others."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from pydantic import Field

from economy.models import Viewer
from economy.viewers.roles import Role, in_channel, role_of
from effects.models import QueueItem
from effects.registry import Card, FlowKind, Group, Payload, StepItem, register
from pixelbot_site.kit.hooks import Hook
from pixelbot_site.kit.steps import Step

ROLES = {role.label: role for role in Role}

live_since = Hook[[], datetime | None](
    "stream_live_since", __name__, "Return since when the channel is live, or None while it is not."
)


class OnlyIf(Payload):
    """All conditions must hold. Where nobody is the viewer, those about the viewer do not."""

    least_role: Literal["everybody", "followers", "subscribers", "moderators", "the streamer"] = Field(
        "everybody", title="For", description="For these viewers and those above them."
    )
    least_level: int = Field(1, ge=1, le=1_000_000, description="The level that the viewer has at least.")
    live: bool = Field(False, title="Only while live", description="Only while the stream is on.")
    chance: float = Field(
        100.0,
        ge=0.01,
        le=100,
        description="How often it is so, by chance: 100 is always.",
        json_schema_extra={"unit": "per cent"},
    )
    effects: list[StepItem] = Field(min_length=1, description="They happen where all of this is so.")
    otherwise: list[StepItem] = Field(default_factory=list, description="They happen where it is not. None: nothing.")


@register
class OnlyIfKind(FlowKind[OnlyIf]):
    """Conditions, asked when its turn comes."""

    name = "only_if"
    payload = OnlyIf
    card = Card(Group.SEVERAL, "Only if", "Runs effects only for some viewers, while live, or by chance; else others.")

    def choose(self, item: QueueItem, payload: OnlyIf) -> Sequence[Step]:
        """Return the effects where all conditions hold, which counts as so in a test; else those for otherwise."""
        viewer = item.viewer and in_channel(item.viewer, item.channel_id or "")
        return payload.effects if item.is_test or _holds(viewer, payload) else payload.otherwise


def _holds(viewer: Viewer | None, payload: OnlyIf) -> bool:
    if not _suits(viewer, payload):
        return False
    if payload.live and all(since is None for since in live_since.call()):
        return False
    return secrets.randbelow(10_000) < round(payload.chance * 100)


def _suits(viewer: Viewer | None, payload: OnlyIf) -> bool:
    least = ROLES[payload.least_role]
    if least == Role.EVERYONE and payload.least_level == 1:
        return True
    return viewer is not None and role_of(viewer) >= least and viewer.xp.level >= payload.least_level

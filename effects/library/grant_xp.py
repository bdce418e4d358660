"""Give XP to the queue item's viewer. Level-ups are celebrated like any others."""

from __future__ import annotations

from django.utils import timezone
from pydantic import Field

from economy.earning import pay
from economy.earning.pay import Award
from economy.ledger import accounts
from economy.settings_table import EconomySettings
from effects.models import QueueItem
from effects.queue import level_ups
from effects.registry import INSTANT, Card, Group, Payload, effect
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Failed

NOBODY = phrases.refusal("grant_xp.nobody", "nobody is there to get the XP")


class GrantXP(Payload):
    """The amount of XP."""

    xp: int = Field(ge=1, le=10**12, title="XP", description="How much XP the viewer gets.")


def _untested(payload: GrantXP) -> str:
    return f"give {payload.xp} XP"


@effect(
    "grant_xp",
    lane=INSTANT,
    repeatable=False,
    payload=GrantXP,
    card=Card(Group.REWARD, "Give XP", "Gives XP to the viewer."),
    gives=True,
    untested=_untested,
)
def grant_xp(item: QueueItem, payload: GrantXP) -> None:
    """Grant it, once per queue item, unless the viewer is excluded from rewards. Raise Failed without a viewer."""
    if item.viewer is None:
        raise Failed(NOBODY())
    viewer = accounts.hold_one(item.viewer)  # they may have been merged since the item was stored
    award = Award(viewer.username, source="effect", event=f"{item.pk:012d}", xp=payload.xp)
    rules = EconomySettings.current()
    for level_up in pay.pay([award], rules=rules, now=timezone.now(), viewers={award.viewer: viewer}):
        level_ups.celebrate(level_up, rules, event=item.event)

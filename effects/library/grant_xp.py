"""Give XP to the queue item's viewer. Level-ups are celebrated like any others."""

from __future__ import annotations

from django.utils import timezone
from pydantic import Field

from economy.earning import pay
from economy.earning.pay import Award
from economy.ledger import accounts, xp
from economy.models import XPTransaction
from economy.settings_table import EconomySettings
from effects.models import QueueItem
from effects.queue import level_ups
from effects.registry import INSTANT, Card, Group, Payload, effect
from pixelbot_site.kit import phrases
from pixelbot_site.kit.errors import Failed

TOO_MUCH = phrases.refusal("grant_xp.too_much", "nobody can have so much XP")
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
    """Grant it, once per queue item. What nobody bought or won is earned: within the daily caps, and by those who are
    not excluded. Raise Failed without a viewer, or where what was bought or won can't be given.
    """
    if item.viewer is None:
        raise Failed(NOBODY())
    viewer = accounts.hold_one(item.viewer)  # they may have been merged since the item was stored
    rules = EconomySettings.current()
    award = Award(viewer.username, source="effect", event=f"{item.pk:012d}", xp=payload.xp)
    if item.is_earned:
        ups = pay.pay([award], rules=rules, now=timezone.now(), viewers={award.viewer: viewer})
    else:
        up = xp.award(viewer, payload.xp, source=award.source, reference=award.reference, reason=item.title)
        if not XPTransaction.objects.filter(reference=award.reference).exists():
            raise Failed(TOO_MUCH())
        ups = [] if up is None else [up]
    for level_up in ups:
        level_ups.celebrate(level_up, rules, event=item.event, is_earned=item.is_earned)

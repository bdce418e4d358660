"""Give XP to the viewer whom it is about; the levels that come of it are celebrated like any."""

from __future__ import annotations

from django.utils import timezone
from pydantic import Field

from economy.earning import pay
from economy.earning.pay import Award
from economy.settings_table import EconomySettings
from effects import announcements
from effects.models import QueueItem
from effects.registry import INSTANT, Payload, effect
from pixelbot_site.kit.errors import Failed


class GrantXP(Payload):
    """So much XP."""

    xp: int = Field(ge=1, le=10**12)


@effect("grant_xp", lane=INSTANT, repeatable=False, payload=GrantXP)
def grant_xp(item: QueueItem) -> None:
    """Once for each queue item. Who is excluded from rewards gets none."""
    if item.viewer is None:
        raise Failed("nobody is there to get the XP")
    wish = GrantXP.model_validate(item.payload)
    award = Award(item.viewer.username, source="effect", event=f"{item.pk:012d}", xp=wish.xp)
    rules = EconomySettings.current()
    for up in pay.pay([award], rules=rules, now=timezone.now(), people={award.viewer: item.viewer}):
        announcements.celebrate(up, rules)

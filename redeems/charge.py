"""Selling effects that are no redeem's: those of a command with a price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from economy.ledger import accounts, points
from economy.models import Viewer
from economy.viewers.roles import Role, role_of
from effects.models import Purchase
from effects.queue import items
from effects.registry import Effect
from effects.settings_table import EffectsSettings
from pixelbot_site.kit.steps import SEQUENCE
from pixelbot_site.kit.transactions import again_after_deadlock
from redeems import purchase


@again_after_deadlock
def sell(
    *,
    viewer: Viewer,
    name: str,
    cost: int,
    effects: Sequence[Effect],
    reference: str,
    event: str,
    cooldowns: Mapping[str, datetime],
) -> Purchase:
    """Take `cost` points of `viewer`, enqueue `effects`, one after another, and return the purchase.

    `name` is how the purchase is called, such as “!hug”. `reference` names the cause and must be unique. `cooldowns`
    are those that the purchase began, with their ends. Raise Refused with the reason for the viewer, before anything
    was taken: too few points, a full lane, what can't happen now; Failed where the fields of an effect do not fit. What
    fails later is refunded, as of any redeem, and its cooldowns end.
    """
    rules = EffectsSettings.current()
    steps = [effect.step for effect in effects]
    with transaction.atomic():
        viewer = accounts.hold_one(viewer)
        whole = effects[0] if len(effects) == 1 else Effect(SEQUENCE, {"effects": steps}, name) if effects else None
        if whole is not None:
            purchase.check_possible(whole, is_free=True)
            purchase.check_room(whole, rules)
        is_free = rules.streamer_redeems_free and role_of(viewer) == Role.STREAMER
        payment = None
        if cost and not is_free:
            payment = points.spend(
                viewer, cost, source="redeem", reference=f"redeem:{reference}", reason=name, event=event
            )
        ends = {key: until.isoformat() for key, until in cooldowns.items()}
        bought = Purchase.objects.create(viewer=viewer, redeem=name, payment=payment, cooldowns=ends)
        if whole is not None:
            items.enqueue(whole, viewer=viewer, purchase=bought, event=event)
        return bought

"""Redeems in code: what the viewer's words become."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from economy.models import Viewer
from effects.registry import Effect
from pixelbot_site.kit.registry import Registry
from pixelbot_site.kit.rules import Rules


@dataclass(frozen=True, slots=True)
class Order:
    """What a viewer asked for: `words` is the text after the command, stripped, maybe empty."""

    viewer: Viewer
    words: str
    rules: Rules


Plan = Callable[[Order], Effect]


@dataclass(frozen=True, slots=True)
class Item:
    """A redeem of the catalog: its plan, and the defaults of its row."""

    key: str
    title: str
    cost: int
    plan: Plan
    cooldown: Callable[[Rules], float]
    queue_max: Callable[[Rules], int]


catalog: Registry[Item] = Registry("redeem")


def redeem(
    key: str,
    *,
    title: str,
    cost: int,
    cooldown: Callable[[Rules], float] = lambda rules: 0,
    queue_max: Callable[[Rules], int] = lambda rules: 100,
) -> Callable[[Plan], Plan]:
    """Register the decorated function as the plan of the redeem `key`.

    The plan turns an Order into an Effect, or raises Refused with the sentence for the viewer. `cooldown`: seconds for
    one viewer where the row leaves it blank; `queue_max`: how many items may wait in the effect's lane.
    """

    def register(plan: Plan) -> Plan:
        catalog.add(key, Item(key, title, cost, plan, cooldown, queue_max), plan.__module__)
        return plan

    return register

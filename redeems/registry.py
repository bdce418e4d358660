"""Redeems in code: what the viewer's words become."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from economy.models import Viewer
from effects.registry import Effect
from effects.settings_table import EffectsSettings
from pixelbot_site.kit.registry import Registry

if TYPE_CHECKING:
    from redeems.models import Redeem


@dataclass(frozen=True, slots=True)
class Order:
    """What a viewer asked for: `words` is the text after the command, stripped, maybe empty; `row` what the streamer
    set for this redeem.
    """

    viewer: Viewer
    words: str
    rules: EffectsSettings
    row: Redeem


@dataclass(frozen=True, slots=True)
class Planned:
    """An effect, and its own price, if it has one."""

    effect: Effect
    cost: int | None = None


Plan = Callable[[Order], Effect | Planned]


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """A redeem of the catalog: its plan, and the defaults of its row."""

    key: str
    title: str
    cost: int
    plan: Plan
    cooldown: Callable[[EffectsSettings], float]
    enabled: bool
    needs_text: bool


catalog: Registry[CatalogEntry] = Registry("redeem")


def redeem(
    key: str,
    *,
    title: str,
    cost: int,
    cooldown: Callable[[EffectsSettings], float] = lambda rules: 0,
    enabled: bool = True,
    needs_text: bool = False,
) -> Callable[[Plan], Plan]:
    """Register the decorated function as the plan of the redeem `key`.

    The plan turns an Order into an Effect, or a Planned, or raises Refused with the sentence for the viewer.
    `cooldown`: seconds for one viewer where the row leaves it blank. `cost`, `enabled`, `needs_text` are those of the
    row that a first start makes.
    """

    def register(plan: Plan) -> Plan:
        catalog.add(key, CatalogEntry(key, title, cost, plan, cooldown, enabled, needs_text), plan.__module__)
        return plan

    return register

"""The redeems of the catalog: each has a plan, which turns a viewer's order into an effect."""

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
    """A viewer's order. `words` is the stripped text after the command, maybe empty; `row` is the redeem's row."""

    viewer: Viewer
    words: str
    rules: EffectsSettings
    row: Redeem


@dataclass(frozen=True, slots=True)
class Planned:
    """An effect, and its price where it differs from the row's cost."""

    effect: Effect
    cost: int | None = None


Plan = Callable[[Order], Effect | Planned]


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """A redeem in code: its plan, and the defaults of its row."""

    key: str
    title: str
    effect: str
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
    effect: str,
    cost: int,
    cooldown: Callable[[EffectsSettings], float] = lambda rules: 0,
    enabled: bool = True,
    needs_text: bool = False,
) -> Callable[[Plan], Plan]:
    """Register the decorated function as the plan of the redeem `key`.

    The plan returns an Effect, or a Planned where the effect has its own price; it raises Refused with the reason for
    the viewer. `effect` is the kind of the effect that it returns. `cooldown` returns the seconds between two purchases
    of one viewer where the row leaves them blank.
    `title`, `cost`, `enabled` and `needs_text` are the defaults of the row, which the first start creates.
    """

    def register(plan: Plan) -> Plan:
        catalog.add(key, CatalogEntry(key, title, effect, cost, plan, cooldown, enabled, needs_text), plan.__module__)
        return plan

    return register

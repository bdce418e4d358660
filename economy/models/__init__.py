"""The economy's tables."""

from __future__ import annotations

from economy.models.batches import Batch, BatchState, Currency, Operation
from economy.models.inventory import Item, ItemGrant
from economy.models.ledgers import UNDOING, Audit, Transaction, TransactionKind, XPTransaction
from economy.models.rewards import MAX_COOLDOWN, MAX_PRICE, Cooldown, DailyTotal, GivenReward, LevelReward
from economy.models.viewers import (
    FLAGS,
    KEY_MAX,
    NOTES_MAX,
    ROLE_FLAGS,
    STAFF_MAX,
    USERNAME_MAX,
    XP,
    ChannelRole,
    ForgottenName,
    ListedName,
    Merge,
    Points,
    Presence,
    Viewer,
    viewer_key,
)

__all__ = [
    "FLAGS",
    "KEY_MAX",
    "MAX_COOLDOWN",
    "MAX_PRICE",
    "NOTES_MAX",
    "ROLE_FLAGS",
    "STAFF_MAX",
    "UNDOING",
    "USERNAME_MAX",
    "XP",
    "Audit",
    "Batch",
    "BatchState",
    "ChannelRole",
    "Cooldown",
    "Currency",
    "DailyTotal",
    "ForgottenName",
    "GivenReward",
    "Item",
    "ItemGrant",
    "LevelReward",
    "ListedName",
    "Merge",
    "Operation",
    "Points",
    "Presence",
    "Transaction",
    "TransactionKind",
    "Viewer",
    "XPTransaction",
    "viewer_key",
]

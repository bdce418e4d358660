"""The dashboard's pages about viewers, their points and XP, and batches."""

from __future__ import annotations

from economy.admin import batches, ledger, rewards, viewers

__all__ = ["batches", "ledger", "rewards", "viewers"]

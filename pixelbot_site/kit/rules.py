"""What the way of an event needs to know of the settings, as one typed value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Rules:
    """Amounts, cooldowns (seconds), curve and limits. Each field is the setting of the same name in capitals."""

    points_enabled: bool
    points_per_chat: int
    points_per_tip_token: float
    points_per_follow: int
    points_per_sub: int
    points_per_dropin: int
    points_per_resub: int
    points_per_gifted_sub: int
    points_per_raid: int
    points_per_wheel_token: float
    chat_cooldown_seconds: int
    dropin_cooldown_seconds: int
    dropin_once_per_stream: bool
    points_daily_caps: Mapping[str, int]

    xp_enabled: bool
    xp_per_chat: int
    xp_per_tip_token: float
    xp_per_follow: int
    xp_per_sub: int
    xp_per_dropin: int
    xp_per_resub: int
    xp_per_gifted_sub: int
    xp_per_raid: int
    xp_per_wheel_token: float
    xp_chat_cooldown_seconds: int
    xp_base: int
    xp_exponent: float
    xp_max_level: int
    xp_daily_caps: Mapping[str, int]
    excluded_usernames: frozenset[str]

    tip_low_max: int
    tip_medium_max: int
    tip_high_max: int
    tip_extreme_max: int

    bot_username: str
    command_cooldown_seconds: int
    presence_seconds: int

    tts_queue_max: int
    wheel_queue_max: int
    effect_queue_max: int
    tts_cooldown_seconds: int
    tts_prefix_username: bool
    tts_max_chars: int

    def queue_max(self, lane: str) -> int:
        """How many items may wait in a lane."""
        return int(getattr(self, f"{lane}_queue_max", self.effect_queue_max))

    @staticmethod
    def worth(tokens: int, rate: float) -> int:
        """tokens × rate, rounded down. Decimal, since 100 × 0.29 in floats is 28.999…"""
        return int(tokens * Decimal(repr(rate)))


def current() -> Rules:
    """The rules as they stand now. Take them once per batch of events: within one batch they must not change."""
    return Rules(**{field.name: getattr(settings, field.name.upper()) for field in fields(Rules)})

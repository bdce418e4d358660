"""Amounts that staff type are bounded: a price beyond what the ledger holds would fail each purchase."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import models

from economy.ledger.accounts import MAX_BALANCE
from economy.models import MAX_COOLDOWN, MAX_PRICE, LevelReward
from effects.models import Sound
from joystick.models import CustomCommand
from pixelbot_site.live_settings.store import DECLARED
from redeems.models import Redeem


@pytest.mark.parametrize(
    ("model", "name", "most"),
    [
        (Redeem, "cost", MAX_PRICE),
        (Sound, "cost", MAX_PRICE),
        (CustomCommand, "cost", MAX_PRICE),
        (LevelReward, "points", MAX_PRICE),
        (Redeem, "cooldown_seconds", MAX_COOLDOWN),
        (Redeem, "global_cooldown_seconds", MAX_COOLDOWN),
        (CustomCommand, "cooldown_seconds", MAX_COOLDOWN),
        (CustomCommand, "global_cooldown_seconds", MAX_COOLDOWN),
    ],
)
def test_the_largest_that_may_be_typed(model: type[models.Model], name: str, most: int) -> None:
    field: Any = model._meta.get_field(name)
    assert field.clean(most, None) == most
    with pytest.raises(ValidationError, match="less than or equal"):
        field.clean(most + 1, None)


def test_the_largest_price_of_each_character_of_a_line_is_within_the_ledgers_limit() -> None:
    assert MAX_PRICE * DECLARED["TTS_MAX_CHARS"].maximum <= MAX_BALANCE

"""A streamer's redeems, and viewers with points who order them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from economy.models import Viewer
from effects import wheel
from effects.media import sounds
from effects.models import QueueItem
from joystick.settings_table import Rules
from redeems import purchase


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lanes: list[str] = []
    monkeypatch.setattr("effects.queue.wakeups.send_drain", lanes.append)
    return lanes


@pytest.fixture
def order(viewer: Callable[..., Viewer], rules: Rules, now: datetime) -> Callable[..., QueueItem]:
    """Somebody with 1,000 points buys something."""
    purchase.seed()
    sounds.seed()
    wheel.seed()
    count = iter(range(1000))

    def it(key: str, words: str = "", *, who: str = "Bob", **more: Any) -> QueueItem:
        person = Viewer.objects.filter(username=who).first() or viewer(who, points=1000)
        asked = {"rules": rules, "now": now, "reference": f"order-{next(count)}", **more}
        return purchase.buy(viewer=person, key=key, words=words, **asked).items.earliest("pk")

    return it

"""Different viewers in processes of their own buy the same redeem at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from economy.ledger import audit
from economy.models import Cooldown, Points, Viewer
from effects.models import Purchase, QueueItem
from joystick.settings_table import Rules
from pixelbot_site.kit.errors import Refused
from redeems import purchase
from redeems.models import Redeem
from tests.processes import at_once_in_processes
from tests.threads import wait_for_a_waiter

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.journey, pytest.mark.usefixtures("stage")]

BUYERS, ROUNDS = 4, 15

# Each process is one viewer, who tries again and again; it prints how many purchases were made, and the last reason.
PROGRAM = f"""
import sys
import django; django.setup()
from django.core.cache import cache
from django.utils import timezone
from economy.models import Viewer
from effects.obs import health
from joystick.settings_table import Rules
from pixelbot_site.kit.errors import Refused
from redeems import purchase

cache.set(health.KEY, "", 600)  # as a check of OBS stores it
number = int(sys.argv[1])
viewer = Viewer.objects.get(key=f"v{{number}}")
bought, reason = 0, ""
for turn in range({ROUNDS}):
    try:
        purchase.buy(viewer=viewer, key="clip", words="", reference=f"{{number}}:{{turn}}", rules=Rules.current(),
                     now=timezone.now())
        bought += 1
    except Refused as error:
        reason = str(error)
print(bought, reason)
"""


@pytest.mark.parametrize(
    ("limits", "sold", "reason"),
    [
        ({"limit_per_stream": 7}, 7, "Save a clip is sold out for this stream (7 sold)"),
        ({"limit_per_viewer": 2}, 2 * BUYERS, "you can have Save a clip only 2 × in one stream"),
        ({"stock": 5}, 5, "Save a clip is sold out"),
    ],
    ids=str,
)
def test_no_limit_is_exceeded_by_viewers_who_buy_at_once(
    viewer: Callable[..., Viewer], limits: dict[str, Any], sold: int, reason: str
) -> None:
    for number in range(BUYERS):
        viewer(f"v{number}", points=1000)
    purchase.seed()
    Redeem.objects.filter(key="clip").update(cost=10, cooldown_seconds=0, **limits)
    answers = at_once_in_processes(BUYERS, PROGRAM, EFFECT_QUEUE_MAX="1000", OBS_ENABLED="true")
    counts = [int(answer.partition(" ")[0]) for answer in answers]
    assert sum(counts) == Purchase.objects.count() == QueueItem.objects.count() == sold
    assert {answer.partition(" ")[2] for answer in answers} == {reason}
    assert sum(Points.objects.values_list("balance", flat=True)) == BUYERS * 1000 - 10 * sold
    assert list(audit.findings()) == []


def test_a_cooldown_for_everybody_lets_one_of_them_through(viewer: Callable[..., Viewer]) -> None:
    for number in range(BUYERS):
        viewer(f"v{number}", points=1000)
    purchase.seed()
    Redeem.objects.filter(key="clip").update(cost=10, global_cooldown_seconds=3600)
    answers = at_once_in_processes(BUYERS, PROGRAM, OBS_ENABLED="true")
    assert sorted(answer.partition(" ")[0] for answer in answers) == ["0"] * (BUYERS - 1) + ["1"]
    assert sum(Points.objects.values_list("balance", flat=True)) == BUYERS * 1000 - 10
    assert Cooldown.objects.filter(key__startswith="redeem.clip").count() == 2  # the buyer's own, and everybody's


@pytest.mark.parametrize(
    ("limits", "reason"),
    [({"limit_per_stream": 1}, "sold out for this stream"), ({"stock": 1}, "is sold out")],
    ids=str,
)
def test_of_two_viewers_who_race_for_the_last_one_the_second_waits_and_is_refused(
    viewer: Callable[..., Viewer], limits: dict[str, Any], reason: str
) -> None:
    ann, bob = viewer("Ann", points=100), viewer("Bob", points=100)
    purchase.seed()
    Redeem.objects.filter(key="clip").update(cost=10, **limits)

    def buy(buyer: Viewer) -> Purchase:
        now = timezone.now()
        return purchase.buy(viewer=buyer, key="clip", words="", reference=buyer.key, rules=Rules.current(), now=now)

    def bob_buys() -> Purchase:
        try:
            return buy(bob)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            buy(ann)
            second = pool.submit(bob_buys)
            wait_for_a_waiter()
        with pytest.raises(Refused, match=reason):
            second.result(30)
    assert Purchase.objects.get().viewer == ann
    assert list(Points.objects.order_by("balance").values_list("balance", flat=True)) == [90, 100]

"""Six minutes in which everything goes wrong, ten times as fast as life. At the end the ledger is right."""

from __future__ import annotations

import asyncio
import bisect
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db.models import Sum

from economy.models import XP, Points, Transaction, XPTransaction
from joystick.account import authorize, oauth
from joystick.account.credentials import ChannelCredentials
from joystick.gateway import lease, listener, pace, session, token_source
from joystick.gateway.listener import Listener
from joystick.models import Connection, Gap, InboundEvent, Install, Stream
from joystick.simulator.accounts import Accounts
from joystick.simulator.happenings import Happening
from joystick.simulator.options import Options
from joystick.simulator.scenarios import play
from joystick.simulator.server import Simulator
from joystick.simulator.site import Site
from tests.joystick.conftest import BACK, query_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]

SPEED = 10
MINUTE = 60 / SPEED


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """The bot's waits, as much shorter as the night."""
    for module, names in {
        pace: ("FIRST_PAUSE", "MAX_PAUSE", "ATTEMPT_EVERY"),
        lease: ("RENEW_EVERY",),
        listener: ("REPORT_EVERY",),
        session: ("STALE_AFTER", "SUBSCRIBE_AGAIN_AFTER", "GIVE_UP_SUBSCRIBING_AFTER", "SETTLED_AFTER"),
        token_source: ("POLL_EVERY", "RENEW_AGAIN_AFTER"),
    }.items():
        for name in names:
            monkeypatch.setattr(module, name, getattr(module, name) / SPEED)
    # Each event pays by itself, whatever came before it: what is due can be added up.
    settings.CHAT_COOLDOWN_SECONDS = settings.XP_CHAT_COOLDOWN_SECONDS = settings.DROPIN_COOLDOWN_SECONDS = 0
    settings.XP_BASE = 10**6
    settings.JOYSTICK_CLIENT_ID, settings.JOYSTICK_CLIENT_SECRET = "the-client", ""


def due(happenings: list[Happening]) -> tuple[int, int]:
    """(points, XP) that these are worth, each counted once and every follower once."""
    amounts: dict[str, Callable[[Happening], tuple[int, int]]] = {
        "new_message": lambda it: (0, 0) if it.text.startswith("!") else (1, 1),  # commands earn nothing
        "enter_stream": lambda it: (25, 5),
        "tipped": lambda it: (it.data["how_much"], it.data["how_much"] // 10),
        "wheel_spin_claimed": lambda it: (it.data["how_much"], it.data["how_much"] // 10),
        "subscribed": lambda it: (200 * it.data["how_much"], 50 * it.data["how_much"]),
        "gifted_subscriptions": lambda it: (200 * it.data["how_much"], 50 * it.data["how_much"]),
    }
    paid = [amounts[it.kind](it) for it in happenings if it.kind in amounts]
    followers = {it.username for it in happenings if it.kind == "followed"}
    paid += [(50, 10)] * len(followers)
    return sum(points for points, _ in paid), sum(xp for _, xp in paid)


def owned() -> tuple[int, int]:
    """What all viewers have; the rows of the ledger say the same."""
    points, xp = Points.objects.aggregate(total=Sum("balance")), XP.objects.aggregate(total=Sum("total"))
    assert points["total"] == Transaction.objects.aggregate(total=Sum("delta"))["total"]
    assert xp["total"] == XPTransaction.objects.aggregate(total=Sum("delta"))["total"]
    return points["total"], xp["total"]


def most_in_a_minute(moments: list[float]) -> int:
    """The largest number of connections in any minute of the night."""
    return max(bisect.bisect_right(moments, at + MINUTE) - number for number, at in enumerate(moments))


async def test_a_bad_night(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    accounts = Accounts("the-client")
    simulator = Simulator(Options(ping_every=3 / SPEED, speed=SPEED), accounts=accounts)
    site = Site(accounts, simulator.channel)
    await simulator.start()
    site.start()
    settings.JOYSTICK_SITE_URL = settings.JOYSTICK_API_URL = site.url

    def connect_channel() -> None:
        attempt = oauth.begin(BACK)
        authorize.finish(accounts.allow(query_of(attempt.url)), verifier=attempt.verifier, redirect_uri=BACK)

    await sync_to_async(connect_channel)()
    line = asyncio.create_task(Listener(url=simulator.url, credentials=ChannelCredentials(), rate_limit=0).run())
    try:
        await asyncio.wait_for(play(simulator, "bad-night"), 240)
        await simulator.flush()
        async with asyncio.timeout(20):
            while await sync_to_async(InboundEvent.objects.count)() < len(simulator.delivered):
                await asyncio.sleep(0.05)
        assert (await sync_to_async(Connection.objects.get)()).state == "connected"
    finally:
        line.cancel()
        await asyncio.wait([line])
        site.stop()
        await simulator.stop()

    def check() -> None:
        # Nothing that was told is missing, nothing counts twice, and every viewer's balance follows from it.
        assert set(InboundEvent.objects.values_list("uid", flat=True)) == set(simulator.delivered)
        assert not InboundEvent.objects.exclude(state="handled").exists()
        assert owned() == due(list(simulator.delivered.values()))
        assert Stream.objects.filter(ended_at__isnull=True).count() == 1
        install = Install.objects.get()
        assert install.trouble == "" and accounts.refreshes >= 1
        gaps = list(Gap.objects.order_by("id"))
        assert len(gaps) >= 8 and all(gap.ended_at is not None for gap in gaps)
        assert all(one.ended_at <= two.began_at for one, two in itertools.pairwise(gaps))  # type: ignore[operator]

    await sync_to_async(check)()
    assert most_in_a_minute(simulator.connected_at) <= 10
    assert "Traceback" not in caplog.text
    assert len(simulator.delivered) > 100

"""Every limit of a redeem: alone, together with others, and while the channel is offline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from economy.models import XP, Cooldown, Points, Transaction, Viewer
from economy.viewers.roles import Role
from effects.models import Purchase, QueueItem, State
from effects.queue import control, items
from joystick.channel import streams
from joystick.settings_table import Rules
from pixelbot_site.kit.errors import Refused
from redeems import purchase
from redeems.models import Approval, Pricing, Redeem

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken", "stage")]

Order = Callable[..., QueueItem]
CLIP = Redeem.objects.filter(key="clip")


@pytest.fixture(autouse=True)
def crowd(viewer: Callable[..., Viewer]) -> None:
    """Everybody who buys is there before, so that `taken` compares the same viewers."""
    for name in ("Bob", "Ann", "Cat"):
        viewer(name, points=1000)


def taken() -> tuple[Any, ...]:
    """Return all that a purchase may take: balances, ledger rows, cooldowns, stock, purchases and queue items."""
    return (
        list(Points.objects.order_by("pk").values_list("viewer__key", "balance")),
        Transaction.objects.count(),
        list(Cooldown.objects.order_by("key").values_list("key", "until")),
        list(Redeem.objects.order_by("key").values_list("key", "stock")),
        Purchase.objects.count(),
        QueueItem.objects.count(),
    )


def refused(order: Order, *args: Any, **options: Any) -> str:
    """Order something that must be refused without anything taken; return the reason."""
    before = taken()
    with pytest.raises(Refused) as error:
        order(*args, **options)
    assert taken() == before
    return str(error.value)


def backdate(item: QueueItem, moment: datetime) -> None:
    """Pretend that the item was bought at `moment`: purchases are stamped by the real clock."""
    assert item.purchase is not None
    Purchase.objects.filter(pk=item.purchase.pk).update(created_at=moment)


# --- stock -----------------------------------------------------------------------------------------------------------


def test_a_stock_is_sold_one_by_one_to_anybody_until_nothing_is_left(order: Order) -> None:
    CLIP.update(stock=2, cooldown_seconds=0)
    order("clip")
    order("clip", who="Ann")
    assert CLIP.get().stock == 0
    assert refused(order, "clip", who="Cat") == "Save a clip is sold out"


def test_a_redeem_without_a_stock_never_sells_out(order: Order) -> None:
    CLIP.update(stock=None, cooldown_seconds=0)
    bought = [order("clip").purchase for _ in range(5)]
    assert [row.took_stock for row in bought if row is not None] == [False] * 5
    assert CLIP.get().stock is None


def test_what_failed_does_not_limit_a_stock_that_was_made_unlimited_meanwhile(order: Order) -> None:
    CLIP.update(stock=1)
    item = order("clip")
    CLIP.update(stock=None)
    items.end(item, State.FAILED, "OBS is away")
    assert CLIP.get().stock is None


# --- limits of a stream ----------------------------------------------------------------------------------------------


def test_a_limit_per_stream_counts_all_viewers_together(order: Order, now: datetime) -> None:
    CLIP.update(limit_per_stream=2, cooldown_seconds=0)
    streams.begin("a-channel", now)
    order("clip")
    order("clip", who="Ann")
    assert refused(order, "clip", who="Cat") == "Save a clip is sold out for this stream (2 sold)"


def test_a_limit_per_viewer_counts_each_viewer_alone(order: Order, now: datetime) -> None:
    CLIP.update(limit_per_viewer=1, cooldown_seconds=0)
    streams.begin("a-channel", now)
    order("clip")
    assert refused(order, "clip") == "you can have Save a clip only 1 × in one stream"
    assert order("clip", who="Ann").state == State.PENDING


def test_a_limit_counts_its_own_redeem_alone(order: Order, now: datetime) -> None:
    Redeem.objects.update(limit_per_stream=1, cooldown_seconds=0)
    streams.begin("a-channel", now)
    order("clip")
    assert order("shoutout", "Bob").redeem == "shoutout"
    assert "sold out for this stream" in refused(order, "clip")


def test_a_new_stream_counts_from_its_beginning(order: Order, now: datetime) -> None:
    CLIP.update(limit_per_stream=1, cooldown_seconds=0)
    streams.begin("a-channel", now)
    backdate(order("clip"), now + timedelta(minutes=5))
    assert "sold out" in refused(order, "clip", now=now + timedelta(hours=1))
    streams.end("a-channel", now + timedelta(hours=2))
    streams.begin("a-channel", now + timedelta(hours=3))
    assert order("clip", now=now + timedelta(hours=3, minutes=1)).redeem == "clip"


def test_while_the_channel_is_offline_the_last_twelve_hours_count_as_a_stream(order: Order, now: datetime) -> None:
    CLIP.update(limit_per_viewer=1, cooldown_seconds=0)
    backdate(order("clip"), now)
    just_before, at_last = now + timedelta(hours=11, minutes=59), now + timedelta(hours=12, seconds=1)
    assert "only 1 ×" in refused(order, "clip", now=just_before)
    assert order("clip", now=at_last).redeem == "clip"


def test_a_stream_that_goes_on_for_longer_than_twelve_hours_still_counts_as_one(order: Order, now: datetime) -> None:
    CLIP.update(limit_per_viewer=1, cooldown_seconds=0)
    streams.begin("a-channel", now)
    backdate(order("clip"), now + timedelta(minutes=1))
    assert "only 1 ×" in refused(order, "clip", now=now + timedelta(hours=20))


@pytest.mark.parametrize("state", [State.CANCELLED, State.FAILED, State.EXPIRED])
def test_what_did_not_happen_does_not_count_for_the_limits(order: Order, now: datetime, state: State) -> None:
    CLIP.update(limit_per_stream=1, limit_per_viewer=1, cooldown_seconds=0)
    streams.begin("a-channel", now)
    items.end(order("clip"), state, "for a test")
    assert order("clip").state == State.PENDING


def test_what_waits_for_approval_counts_for_the_limits(order: Order, now: datetime) -> None:
    CLIP.update(limit_per_stream=1, cooldown_seconds=0, approval=Approval.ALWAYS)
    streams.begin("a-channel", now)
    waiting = order("clip")
    assert "sold out for this stream" in refused(order, "clip", who="Ann")
    control.reject(waiting, by="fox")
    assert order("clip", who="Ann").state == State.WAITING


# --- cooldowns -------------------------------------------------------------------------------------------------------


def test_a_viewers_cooldown_holds_back_that_viewer_alone(order: Order, now: datetime) -> None:
    CLIP.update(cooldown_seconds=60)
    order("clip")
    assert refused(order, "clip", now=now + timedelta(seconds=59)) == "You can use !clip again in 1 s"
    assert order("clip", who="Ann", now=now + timedelta(seconds=1)).redeem == "clip"
    assert order("clip", now=now + timedelta(seconds=60)).redeem == "clip"


def test_of_two_cooldowns_the_longer_is_named_and_the_other_not_begun_anew(order: Order, now: datetime) -> None:
    CLIP.update(cooldown_seconds=20, global_cooldown_seconds=50)
    order("clip")
    later = now + timedelta(seconds=30)  # the viewer's own is over
    assert refused(order, "clip", now=later) == "You can use !clip again in 20 s"
    assert order("clip", now=now + timedelta(seconds=50)).redeem == "clip"


def test_the_cooldown_of_one_redeem_does_not_hold_another(order: Order) -> None:
    Redeem.objects.update(cooldown_seconds=60, global_cooldown_seconds=60)
    order("clip")
    assert order("shoutout", "Bob").redeem == "shoutout"


def test_a_purchase_keeps_when_its_cooldowns_end(order: Order, now: datetime) -> None:
    CLIP.update(cooldown_seconds=20, global_cooldown_seconds=0)
    bought = order("clip").purchase
    assert bought is not None
    assert bought.cooldowns == {"redeem.clip:bob": (now + timedelta(seconds=20)).isoformat()}


# --- who may ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "may"),
    [
        ({}, Role.EVERYONE),
        ({"is_follower": True}, Role.FOLLOWER),
        ({"is_subscriber": True}, Role.SUBSCRIBER),
        ({"is_moderator": True}, Role.MODERATOR),
    ],
)
def test_a_role_may_what_the_roles_below_it_may_and_nothing_above(
    order: Order, viewer: Callable[..., Viewer], flags: dict[str, bool], may: Role
) -> None:
    Viewer.objects.filter(pk=viewer("Bob").pk).update(**flags)
    CLIP.update(cooldown_seconds=0)
    for role in (Role.EVERYONE, Role.FOLLOWER, Role.SUBSCRIBER, Role.MODERATOR):
        CLIP.update(least_role=role)
        if role <= may:
            assert order("clip").redeem == "clip"
        else:
            assert refused(order, "clip") == f"Save a clip is for {role.label}"


def test_a_level_is_enough_once_it_is_reached(order: Order, viewer: Callable[..., Viewer]) -> None:
    bob = viewer("Bob")
    CLIP.update(least_level=7)
    XP.objects.filter(viewer=bob).update(level=6)
    assert refused(order, "clip") == "Save a clip needs level 7, you are at level 6"
    XP.objects.filter(viewer=bob).update(level=7)
    assert order("clip").redeem == "clip"


def test_a_redeem_for_live_streams_ends_with_the_stream(order: Order, now: datetime) -> None:
    CLIP.update(live_only=True, cooldown_seconds=0)
    assert refused(order, "clip") == "Save a clip is only for while the stream is live"
    streams.begin("a-channel", now)
    assert order("clip").redeem == "clip"
    streams.end("a-channel", now + timedelta(hours=1))
    assert "only for while" in refused(order, "clip")


# --- together --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "broken",
    [
        {"enabled": False},
        {"live_only": True},
        {"least_role": Role.MODERATOR},
        {"least_level": 99},
        {"limit_per_stream": 0},
        {"limit_per_viewer": 0},
        {"stock": 0},
        {"cost": 1001},
        {"cost": 101, "pricing": Pricing.CHARACTER},
        {"cost": 101, "pricing": Pricing.SECOND},
    ],
    ids=str,
)
def test_with_every_limit_set_a_single_one_that_is_broken_refuses_and_takes_nothing(
    order: Order, broken: dict[str, Any]
) -> None:
    """Whatever is checked last must give back what was taken before it."""
    rest = {
        "stock": 5, "limit_per_stream": 5, "limit_per_viewer": 5, "cooldown_seconds": 30, "global_cooldown_seconds": 10,
        "cost": 10,
    }  # fmt: skip
    row = Redeem.objects.create(
        key="party",
        title="Party",
        effects=[{"kind": "alert", "text": "{text}", "seconds": 10}],
        **{**rest, **broken},
    )
    refused(order, "party", "ten chars!")
    Redeem.objects.filter(pk=row.pk).update(
        enabled=True, live_only=False, least_role=0, least_level=1, pricing=Pricing.FIXED, **rest
    )
    assert order("party", "ten chars!").state == State.PENDING
    assert Redeem.objects.get(key="party").stock == 4


def test_a_full_lane_takes_nothing_from_a_redeem_with_stock_and_cooldowns(order: Order, rules: Rules) -> None:
    Redeem.objects.update(stock=3, global_cooldown_seconds=0, cooldown_seconds=0)
    order("clip")
    full = replace(rules, effect_queue_max=1)
    assert refused(order, "clip", who="Bob", rules=full) == "the queue is full (1 waiting), try again in a moment"


def test_a_refund_gives_back_points_stock_and_cooldowns_together(order: Order) -> None:
    CLIP.update(cost=10, stock=1, limit_per_viewer=1, cooldown_seconds=60, global_cooldown_seconds=60)
    before = taken()
    control.cancel(order("clip"), by="fox")
    assert taken()[0] == before[0] and taken()[2:4] == before[2:4]
    assert order("clip").state == State.PENDING


# --- prices ----------------------------------------------------------------------------------------------------------


def spent() -> int:
    """Return the points of the latest payment."""
    delta: int = Transaction.objects.filter(kind="spend").latest("pk").delta
    return -delta


def test_a_price_for_each_character_counts_the_text_that_is_used(order: Order, rules: Rules) -> None:
    Redeem.objects.create(
        key="say", title="Say", cost=2, pricing=Pricing.CHARACTER, effects=[{"kind": "alert", "text": "{text}"}]
    )
    order("say", "  a   b ")
    assert spent() == 2 * 3
    order("say", "x" * 500, rules=replace(rules, tts_max_chars=20))
    assert spent() == 2 * 20


def test_a_price_for_each_second_is_rounded_up_and_never_nothing(order: Order) -> None:
    CLIP.update(cost=7, pricing=Pricing.SECOND)  # a clip lasts no time on the stream
    order("clip")
    assert spent() == 7


def test_who_can_not_pay_the_price_for_all_characters_pays_nothing(order: Order) -> None:
    Redeem.objects.filter(key="tts").update(cost=100, pricing=Pricing.CHARACTER)
    assert refused(order, "tts", "eleven char") == "you need 100 more points (you have 1000)"
    assert order("tts", "ten chars!").state == State.PENDING


# --- approval --------------------------------------------------------------------------------------------------------


def test_what_waits_for_approval_is_paid_and_given_back_where_it_is_rejected(order: Order) -> None:
    CLIP.update(cost=10, stock=1, approval=Approval.ALWAYS)
    item = order("clip")
    assert (item.state, Points.objects.get(viewer__key="bob").balance, CLIP.get().stock) == (State.WAITING, 990, 0)
    control.reject(item, by="fox")
    assert (Points.objects.get(viewer__key="bob").balance, CLIP.get().stock) == (1000, 1)


def test_a_rejected_purchase_does_not_make_a_viewer_known(order: Order) -> None:
    CLIP.update(approval=Approval.FIRST, cooldown_seconds=0)
    control.reject(order("clip"), by="fox")
    assert order("clip").state == State.WAITING


# --- gifts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "limits",
    [
        {"stock": 0},
        {"limit_per_stream": 0},
        {"limit_per_viewer": 0},
        {"live_only": True},
        {"least_role": Role.MODERATOR},
        {"least_level": 99},
        {"cost": 10**6},
        {"enabled": False},
        {"approval": Approval.ALWAYS},
    ],
    ids=str,
)
def test_no_limit_holds_a_gift(order: Order, viewer: Callable[..., Viewer], rules: Rules, limits: Any) -> None:
    bob = viewer("Bob")
    CLIP.update(**limits)
    before = taken()
    item = purchase.give_away(viewer=bob, key="clip", words="", rules=rules)
    assert (item.state, item.purchase, item.viewer) == (State.PENDING, None, bob)
    assert taken()[:-1] == before[:-1]


def test_a_gift_neither_counts_for_the_limits_nor_begins_a_cooldown(order: Order, now: datetime, rules: Rules) -> None:
    CLIP.update(stock=1, limit_per_stream=1, limit_per_viewer=1, cooldown_seconds=60, global_cooldown_seconds=60)
    streams.begin("a-channel", now)
    order("tts", "hi")
    bob = Viewer.objects.get(key="bob")
    purchase.give_away(viewer=bob, key="clip", words="", rules=rules)
    assert CLIP.get().stock == 1
    assert order("clip").state == State.PENDING


def test_a_gift_that_fails_gives_nothing_back(order: Order, viewer: Callable[..., Viewer], rules: Rules) -> None:
    bob = viewer("Bob")
    CLIP.update(cost=10, stock=3)
    before = taken()
    item = purchase.give_away(viewer=bob, key="clip", words="", rules=rules)
    items.end(item, State.FAILED, "OBS is away")
    assert taken()[:-1] == before[:-1]


def test_a_gift_still_needs_words_that_fit(order: Order, viewer: Callable[..., Viewer], rules: Rules) -> None:
    with pytest.raises(Refused, match="write what to say"):
        purchase.give_away(viewer=viewer("Bob"), key="tts", words="...", rules=rules)
    assert not QueueItem.objects.exists()


def test_the_streamers_own_redeems_cost_nothing_and_have_no_cooldowns(order: Order, rules: Rules) -> None:
    Viewer.objects.filter(key="bob").update(is_streamer=True)
    Redeem.objects.filter(key="tts").update(global_cooldown_seconds=60, stock=9)
    first, second = order("tts", "hello"), order("tts", "again")  # at the same moment: no cooldown holds it up
    for item in (first, second):
        assert item.purchase is not None
        assert (item.purchase.payment, item.purchase.cooldowns) == (None, {})
    assert Points.objects.get(viewer__key="bob").balance == 1000
    assert not Cooldown.objects.exists()
    assert Redeem.objects.get(key="tts").stock == 7
    order("tts", "hello", who="Ann")  # whom the streamer's do not keep waiting
    assert Points.objects.get(viewer__key="ann").balance == 975
    assert "again in 60 s" in refused(order, "tts", "hello", who="Cat")
    order("tts", "me again")
    items.end(first, State.FAILED, "it broke")
    assert Points.objects.get(viewer__key="bob").balance == 1000  # nothing was paid, so nothing goes back


def test_the_streamer_pays_where_the_setting_says_so(order: Order, rules: Rules) -> None:
    Viewer.objects.filter(key="bob").update(is_streamer=True)
    order("tts", "hello", rules=replace(rules, streamer_redeems_free=False))
    assert Points.objects.get(viewer__key="bob").balance == 975
    assert Cooldown.objects.exists()

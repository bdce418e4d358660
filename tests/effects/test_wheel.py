"""The prize wheel: drawn by weight, stored before it is shown, paid once, never beyond its stock."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db.models import Sum
from django.test import Client
from django.utils import timezone

from economy.ledger import audit, points
from economy.models import XP, Item, LevelReward, Points, Viewer
from economy.viewers import inventory
from effects import wheel
from effects.library.grant_item import grant_item
from effects.library.grant_points import grant_points
from effects.library.grant_xp import grant_xp
from effects.library.spin_wheel import give, overlay_task, say
from effects.media import sounds
from effects.models import Prize, Purchase, QueueItem, Spin, State, WheelLine
from effects.queue import control, items, playback, worker
from effects.queue.upkeep import rescue
from effects.registry.values import spin_wheel
from pixelbot_site.kit.errors import Failed
from pixelbot_site.kit.steps import mistakes
from tests.threads import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("woken", "frames")]

# What prizes give below.
GIVES = (grant_item, grant_points, grant_xp)


@pytest.fixture
def bob(viewer: Callable[..., Viewer]) -> Viewer:
    return viewer("Bob", points=1000)


@pytest.fixture
def spin(bob: Viewer) -> Callable[..., QueueItem]:
    """Bob pays 100 and spins."""
    count = iter(range(1000))

    def it(**more: Any) -> QueueItem:
        payment = points.spend(bob, 100, source="redeem", reference=f"r:{next(count)}")
        return items.enqueue(
            spin_wheel(),
            viewer=bob,
            purchase=Purchase.objects.create(viewer=bob, redeem="spin", payment=payment),
            **more,
        )

    return it


def balance() -> int:
    return Points.objects.get(viewer__key="bob").balance


def state(item: QueueItem) -> str:
    item.refresh_from_db()
    return item.state


def test_a_hundred_thousand_draws_fit_the_odds() -> None:
    prizes = [Prize(name=str(weight), weight=weight) for weight in (1, 2, 5, 12, 30, 50)]
    count = 100_000
    drawn = Counter(wheel.pick(prizes).name for _ in range(count))
    chi = sum((drawn[prize.name] - count * prize.weight / 100) ** 2 / (count * prize.weight / 100) for prize in prizes)
    print(f"chi-square of {count} draws, 5 degrees of freedom: {chi:.2f}")
    assert chi < 30.9  # one run in a hundred thousand is beyond it


def test_it_is_drawn_and_stored_before_it_is_shown_and_paid_when_it_has_stopped(
    spin: Callable[..., QueueItem], frames: list[dict[str, Any]], said: list[str]
) -> None:
    Item.objects.create(key="hat", name="Silly hat")
    effects = [
        {"kind": "grant_points", "points": 70},
        {"kind": "grant_item", "item": "hat", "quantity": 2},
        {"kind": "speak", "text": "{user} has {prize}"},
    ]
    Prize.objects.create(name="The hat", weight=3, stock=5, effects=effects, line="well done, {user}: {prize}!")
    item = spin()
    worker.drain("wheel")
    drawn = Spin.objects.get()
    assert (drawn.prize_name, drawn.paid_at, Prize.objects.get().stock) == ("The hat", None, 4)
    assert drawn.odds == [{"id": drawn.prize_id, "name": "The hat", "weight": 3, "colour": "#7c4dff"}]
    (frame,) = frames
    assert (frame["show"], frame["prize"], frame["slices"], frame["seconds"]) == ("wheel", 0, drawn.odds, 6.0)
    assert balance() == 900 and said == []
    assert playback.finished(item.pk, 1) and not playback.finished(item.pk, 1)
    give(item)  # paid is paid
    assert balance() == 970 and said == ["well done, Bob: The hat!"]
    assert inventory.held(Viewer.objects.get(key="bob")) == [("Silly hat", 2)]
    spoken = QueueItem.objects.filter(kind="speak").order_by("id")
    assert [one.payload["text"] for one in spoken] == ["well done, Bob: The hat!", "Bob has The hat"]
    assert Spin.objects.get().paid_at is not None and list(audit.findings()) == []


def test_the_history_shows_the_shares_beside_what_the_odds_of_each_draw_let_expect(
    spin: Callable[..., QueueItem], frames: list[Any], admin_client: Client
) -> None:
    Prize.objects.create(name="Old", weight=3)
    wheel.draw(spin())
    Prize.objects.create(name="New", weight=1)
    for _ in range(3):
        wheel.draw(spin())
    shares = {share.prize: share for share in wheel.shares()}
    assert shares["Old"].expected == (1 + 3 * 0.75) / 4 and shares["New"].expected == 3 * 0.25 / 4
    assert sum(share.drawn for share in shares.values()) == 4
    page = admin_client.get("/admin/effects/spin/").text
    assert "81.25%" in page and "18.75%" in page and shares["Old"].percent in page


def test_a_prize_that_is_deleted_while_the_wheel_spins_is_given_all_the_same(
    spin: Callable[..., QueueItem], frames: list[Any], said: list[str]
) -> None:
    Prize.objects.create(name="70 points", effects=[{"kind": "grant_points", "points": 70}])
    item = spin()
    worker.drain("wheel")
    Prize.objects.all().delete()
    assert playback.finished(item.pk, 1) and balance() == 970


NO_ITEM = {"kind": "grant_item", "item": "nosuch"}


@pytest.mark.parametrize("effect", [NO_ITEM, {"kind": "run_effects", "effects": [NO_ITEM]}], ids=["one", "a sequence"])
def test_who_wins_what_does_not_happen_is_told(
    spin: Callable[..., QueueItem], frames: list[Any], said: list[str], effect: dict[str, Any]
) -> None:
    Prize.objects.create(name="A hat", line="{user} wins!", effects=[effect])
    item = spin()
    worker.drain("wheel")
    playback.finished(item.pk, 1)
    assert said[0] == "Bob wins!"
    assert said[1].startswith("@Bob sorry, a part of the prize A hat did not happen: ")


def test_without_an_overlay_the_prize_is_paid_all_the_same(spin: Callable[..., QueueItem], said: list[str]) -> None:
    Prize.objects.create(name="70 points", effects=[{"kind": "grant_points", "points": 70}])
    WheelLine.objects.create(when="prize", text="{user} wins {prize}!", spoken=False)
    item = spin()
    worker.drain("wheel")
    later = timezone.now() + timedelta(seconds=10)
    rescue.rescue(now=later)
    assert (state(item), balance(), said) == (State.DONE, 970, ["Bob wins 70 points!"])
    assert "no overlay began" in item.error
    rescue.rescue(now=later)
    assert balance() == 970


@pytest.mark.parametrize("way", ["skip", "cancel", "panic", "broken", "expired"])
def test_once_drawn_it_is_the_viewers_however_it_ends(spin: Callable[..., QueueItem], way: str) -> None:
    Prize.objects.create(name="70 points", effects=[{"kind": "grant_points", "points": 70}])
    item = spin()
    worker.drain("wheel")
    item.refresh_from_db()
    if way == "expired":
        rescue.put_back_running()
        QueueItem.objects.update(expires_at=timezone.now())
    ends: dict[str, Callable[[], object]] = {
        "skip": lambda: control.skip("wheel", by="fox"),
        "cancel": lambda: control.cancel(item, by="fox"),
        "panic": lambda: control.panic(by="fox"),
        "broken": lambda: playback.failed(item.pk, 1, "no WebGL"),
        "expired": rescue.rescue,
    }
    ends[way]()
    assert (state(item), balance()) == (State.DONE, 970)


def test_after_a_crash_the_same_prize_is_shown_again_and_paid_once(
    spin: Callable[..., QueueItem], frames: list[dict[str, Any]]
) -> None:
    for number in range(20):
        Prize.objects.create(name=f"{number + 1} points", effects=[{"kind": "grant_points", "points": number + 1}])
    item = spin()
    for _ in range(2):
        worker.drain("wheel")
        rescue.recover()
    worker.drain("wheel")
    names = {frame["prize_name"] for frame in frames if frame.get("show") == "wheel"}
    assert len(names) == 1 and Spin.objects.count() == 1
    playback.finished(item.pk, 3)
    assert balance() == 900 + int(names.pop().split()[0])


def test_with_nothing_to_win_the_points_come_back(spin: Callable[..., QueueItem], said: list[str]) -> None:
    Prize.objects.create(name="gone", stock=0)
    item = spin()
    worker.drain("wheel")
    assert (state(item), balance()) == (State.FAILED, 1000)
    assert said == ["@Bob sorry, that did not happen: no prize is left on the wheel. Your 100 points are back."]


def test_eight_spinners_at_once_win_no_prize_beyond_its_stock(viewer: Callable[..., Viewer]) -> None:
    Prize.objects.create(name="rare", weight=1_000_000, stock=5)
    Prize.objects.create(name="common", weight=1)
    people = [viewer(f"v{number}") for number in range(8)]
    spins = [items.enqueue(spin_wheel(), viewer=person) for person in people for _ in range(3)]
    results = at_once(8, lambda number: [wheel.draw(item).prize_name for item in spins[number * 3 : number * 3 + 3]])
    won: Counter[str] = Counter()
    for names in results:
        assert not isinstance(names, Exception)
        won.update(names)
    assert won == {"rare": 5, "common": 19} and Prize.objects.get(name="rare").stock == 0


def test_eight_draws_of_one_spin_at_once_are_one(spin: Callable[..., QueueItem]) -> None:
    for number in range(10):
        Prize.objects.create(name=str(number), stock=10)
    item = spin()
    names = set(at_once(8, lambda n: wheel.draw(item).prize_name))
    assert len(names) == 1
    assert Prize.objects.aggregate(left=Sum("stock"))["left"] == 99


def test_a_prize_is_won_by_one_viewer_so_often_and_no_more(bob: Viewer, viewer: Callable[..., Viewer]) -> None:
    Prize.objects.create(name="once", per_viewer_limit=1, weight=1_000_000)
    Prize.objects.create(name="common", weight=1)
    names = [wheel.draw(items.enqueue(spin_wheel(), viewer=bob)).prize_name for _ in range(3)]
    assert names == ["once", "common", "common"]
    assert wheel.draw(items.enqueue(spin_wheel(), viewer=viewer("Ann"))).prize_name == "once"
    assert wheel.odds(bob) == [("common", 1.0)]
    assert math.isclose(sum(chance for _, chance in wheel.odds()), 1.0)


def test_another_spin_costs_nothing(spin: Callable[..., QueueItem]) -> None:
    Prize.objects.create(name="again", weight=1_000_000, effects=[{"kind": "spin_wheel"}])
    Prize.objects.create(name="else")  # where nothing else can be won, nothing is
    item = spin()
    worker.drain("wheel")
    playback.finished(item.pk, 1)
    again = QueueItem.objects.filter(kind="spin_wheel").latest("id")
    assert again != item and again.purchase is None and again.viewer == item.viewer and balance() == 900


def test_xp_of_a_prize_may_bring_a_level_which_is_celebrated(
    spin: Callable[..., QueueItem], said: list[str], bob: Viewer
) -> None:
    LevelReward.objects.create(level=2, points=50, effects=[{"kind": "alert", "text": "{user}: level {level}!"}])
    Prize.objects.create(name="100 XP", effects=[{"kind": "grant_xp", "xp": 100}])
    item = spin()
    worker.drain("wheel")
    playback.finished(item.pk, 1)
    assert XP.objects.get(viewer=bob).level == 2 and balance() == 950
    assert "Bob reached level 2! (+50 points)" in said
    assert QueueItem.objects.get(kind="alert").payload["text"] == "Bob: level 2!"
    assert QueueItem.objects.get(kind="speak").viewer == bob


def test_a_prize_that_cannot_be_given_fails_the_item_and_the_lane_goes_on(
    spin: Callable[..., QueueItem], monkeypatch: pytest.MonkeyPatch
) -> None:
    Prize.objects.create(name="70 points", effects=[{"kind": "grant_points", "points": 70}])
    item, after = spin(), spin()
    worker.drain("wheel")
    monkeypatch.setattr(items, "enqueue_known", lambda effect, *, viewer, part_of, event: 1 / 0)
    playback.finished(item.pk, 1)
    assert (state(item), state(after)) == (State.FAILED, State.PENDING)
    assert balance() == 900  # the first one's points are back


def test_an_effect_that_is_gone_does_not_keep_a_prize_back(spin: Callable[..., QueueItem]) -> None:
    Prize.objects.create(name="70 points", effects=[{"kind": "nosuch"}, {"kind": "grant_points", "points": 70}])
    item = spin()
    worker.drain("wheel")
    playback.finished(item.pk, 1)
    assert (state(item), balance()) == (State.DONE, 970) and Spin.objects.get().paid_at is not None


def test_a_skipped_wheel_stops_turning(spin: Callable[..., QueueItem], frames: list[dict[str, Any]]) -> None:
    Prize.objects.create(name="nothing")
    item = spin()
    worker.drain("wheel")
    control.skip("wheel", by="fox")
    assert frames[-1] == {"type": "stop", "item": item.pk} and state(item) == State.DONE


def test_the_first_spin_says_that_it_spins(spin: Callable[..., QueueItem], said: list[str]) -> None:
    wheel.seed()
    sounds.seed()
    spin()
    worker.drain("wheel")
    assert said == ["Bob spins the wheel!"]
    assert QueueItem.objects.get(kind="speak").payload == {"text": "Bob spins the wheel!", "source": "wheel"}


def test_what_the_streamer_deleted_stays_deleted(bob: Viewer) -> None:
    wheel.seed()
    assert all(not mistakes(row.effects) for row in Prize.objects.all())
    wheel.draw(items.enqueue(spin_wheel(), viewer=bob))
    Prize.objects.all().delete()
    wheel.seed()
    assert not Prize.objects.exists() and Spin.objects.get().prize is None


def test_nobody_draws_from_an_empty_wheel(bob: Viewer) -> None:
    with pytest.raises(Failed, match="no prize is left"):
        wheel.draw(items.enqueue(spin_wheel(), viewer=bob))


def test_the_dashboard_shows_the_odds_beside_what_was_drawn(spin: Callable[..., QueueItem]) -> None:
    Prize.objects.create(name="A", weight=3)
    Prize.objects.create(name="B", weight=1, stock=0)
    Prize.objects.create(name="C", weight=1)
    for _ in range(4):
        wheel.draw(spin())
    fox = Client()
    fox.force_login(get_user_model().objects.create_superuser("fox", password="x"))
    page = fox.get("/admin/effects/prize/").text
    assert "75.00%" in page and "25.00%" in page and "none" in page
    won = Spin.objects.filter(prize_name="A").count()
    assert f"{won} ({won / 4:.2%})" in page
    assert fox.get("/admin/effects/spin/").status_code == 200
    bad = {"name": "X", "weight": 0, "colour": "red", "effects": '[{"kind": "alert"}]'}
    answer = fox.post("/admin/effects/prize/add/", bad).text
    assert (
        "greater than or equal to 1" in answer and "A colour like" in answer and "alert: text: Field required" in answer
    )


class TestOdds:
    def test_they_are_the_weights_of_what_can_be_won_likeliest_first(self, bob: Viewer) -> None:
        Prize.objects.create(name="A", weight=1)
        Prize.objects.create(name="B", weight=3)
        Prize.objects.create(name="sold out", weight=50, stock=0)
        Prize.objects.create(name="disabled", weight=50, enabled=False)
        assert wheel.odds(bob) == [("B", 0.75), ("A", 0.25)]

    def test_equal_ones_are_sorted_by_name(self) -> None:
        for name in ("c", "a", "b"):
            Prize.objects.create(name=name, weight=5)
        assert [name for name, _ in wheel.odds()] == ["a", "b", "c"]

    def test_with_nothing_to_win_there_are_none(self, bob: Viewer) -> None:
        Prize.objects.create(name="disabled", enabled=False)
        assert wheel.odds(bob) == [] and wheel.winnable(bob) == []

    def test_what_was_won_before_counts_for_its_winner_only(self, bob: Viewer, viewer: Callable[..., Viewer]) -> None:
        prize = Prize.objects.create(name="twice", per_viewer_limit=2)
        ann = viewer("Ann")
        wheel.draw(items.enqueue(spin_wheel(), viewer=bob))
        assert wheel.winnable(bob) == [prize]
        wheel.draw(items.enqueue(spin_wheel(), viewer=bob))
        assert wheel.winnable(bob) == []
        assert wheel.winnable(ann) == [prize]

    def test_a_spin_without_a_viewer_knows_no_limit(self) -> None:
        Prize.objects.create(name="once", per_viewer_limit=1)
        for _ in range(2):
            assert wheel.draw(items.enqueue(spin_wheel())).prize_name == "once"

    def test_the_last_of_a_stock_takes_the_prize_off_the_wheel(self) -> None:
        Prize.objects.create(name="last", stock=1, weight=1_000_000)
        Prize.objects.create(name="common", weight=1)
        assert wheel.draw(items.enqueue(spin_wheel())).prize_name == "last"
        assert wheel.odds() == [("common", 1.0)]

    def test_a_prize_without_a_stock_never_runs_out(self) -> None:
        Prize.objects.create(name="common", stock=None)
        for _ in range(3):
            wheel.draw(items.enqueue(spin_wheel()))
        assert Prize.objects.get().stock is None


class TestShares:
    def test_without_draws_there_are_none(self) -> None:
        Prize.objects.create(name="A")
        assert wheel.shares() == []

    def test_they_count_the_latest_draws(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(wheel, "SHARE_DRAWS", 2)
        old = Prize.objects.create(name="Old")
        wheel.draw(items.enqueue(spin_wheel()))
        old.delete()
        Prize.objects.create(name="New")
        for _ in range(2):
            wheel.draw(items.enqueue(spin_wheel()))
        assert [(share.prize, share.drawn, share.share) for share in wheel.shares()] == [("New", 2, 1.0)]

    def test_a_prize_that_could_be_won_and_never_was_is_listed_with_none(self) -> None:
        Prize.objects.create(name="sure", weight=1_000_000)
        Prize.objects.create(name="rare", weight=1)
        for _ in range(2):
            Spin.objects.create(
                item=items.enqueue(spin_wheel()),
                prize_name="sure",
                odds=[{"name": "sure", "weight": 3}, {"name": "rare", "weight": 1}],
            )
        shares = [(share.prize, share.drawn, share.percent, share.percent_expected) for share in wheel.shares()]
        assert shares == [("sure", 2, "100.00%", "75.00%"), ("rare", 0, "0.00%", "25.00%")]


class TestLines:
    def test_a_disabled_line_is_not_said(self, said: list[str]) -> None:
        WheelLine.objects.create(when="spin", text="off", enabled=False)
        say(WheelLine.When.SPIN, {"user": "Bob"}, None)
        assert said == []

    def test_a_line_that_is_not_spoken_is_said_in_chat_only(self, said: list[str]) -> None:
        WheelLine.objects.create(when="spin", text="{user} spins", spoken=False)
        say(WheelLine.When.SPIN, {"user": "Bob"}, None)
        assert said == ["Bob spins"] and not QueueItem.objects.filter(kind="speak").exists()

    def test_a_spin_is_announced_once_though_it_is_repeated(
        self, spin: Callable[..., QueueItem], said: list[str]
    ) -> None:
        WheelLine.objects.create(when="spin", text="{user} spins", spoken=False)
        Prize.objects.create(name="A")
        spin()
        worker.drain("wheel")
        rescue.put_back_running()
        worker.drain("wheel")
        assert said == ["Bob spins"]


def test_the_wheel_stops_at_the_slice_of_the_prize_that_was_drawn(spin: Callable[..., QueueItem]) -> None:
    drawn = Spin.objects.create(
        item=spin(), prize_name="B", odds=[{"name": "A", "weight": 1}, {"name": "B", "weight": 1}]
    )
    message = overlay_task(drawn, user="").message
    assert (message["prize"], message["prize_name"], message["user"]) == (1, "B", "")

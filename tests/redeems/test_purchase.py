"""Buying: every check, the points and the queue item at once."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from economy.models import Cooldown, Points, Transaction, Viewer
from economy.viewers import merging
from economy.viewers.roles import Role
from effects.models import OverlayPage, Prize, Purchase, QueueItem, Sound, State
from effects.obs import health
from effects.queue import control, items, playback, worker
from effects.queue.upkeep import cleanup
from effects.registry import values
from joystick.channel import streams
from joystick.settings_table import Rules
from pixelbot_site.kit.errors import Refused
from redeems import purchase
from redeems.models import Approval, Pricing, Redeem
from redeems.registry import catalog
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken", "stage")]


@pytest.fixture
def buy(viewer: Callable[..., Viewer], rules: Rules, now: datetime) -> Callable[..., QueueItem]:
    """Bob, with 100 points, buys `!tts`."""
    bob = viewer("Bob", points=100)
    purchase.seed()
    count = iter(range(1000))

    def it(words: str = "hello", *, who: Viewer = bob, at: float = 0, **changed: object) -> QueueItem:
        bought = purchase.buy(
            viewer=who,
            key="tts",
            words=words,
            reference=f"message-{next(count)}",
            rules=replace(rules, **changed),  # type: ignore[arg-type]
            now=now + timedelta(seconds=at),
        )
        return bought.items.get()

    return it


def nothing_was_taken(points: int = 100) -> bool:
    return Points.objects.get(viewer__key="bob").balance == points and not Cooldown.objects.exists()


def test_it_takes_the_points_and_enqueues(buy: Callable[..., QueueItem]) -> None:
    item = buy("hello   there\n friend")
    assert (item.kind, item.lane, item.state) == ("speak", "tts", State.PENDING)
    assert item.payload == {"text": "hello there friend", "source": "redeem"}
    assert item.purchase is not None and item.purchase.payment is not None
    payment = item.purchase.payment
    assert (payment.delta, payment.balance_after, payment.source) == (-25, 75, "redeem")


def test_too_few_points(buy: Callable[..., QueueItem]) -> None:
    Redeem.objects.update(cost=175)
    with pytest.raises(Refused, match=r"you need 75 more points \(you have 100\)"):
        buy()
    assert nothing_was_taken()


def test_a_price_beyond_all_balances_is_too_few_points_as_well(order: Callable[..., QueueItem]) -> None:
    steps = [{"kind": "wait", "seconds": 3600}, {"kind": "chat_line", "text": "an hour later"}]
    Redeem.objects.create(key="hour", title="An hour", cost=10**9, pricing=Pricing.SECOND, effects=steps)
    with pytest.raises(Refused, match="you need 999999999000 more points"):
        order("hour")
    assert nothing_was_taken(1000)


def test_switched_off(buy: Callable[..., QueueItem]) -> None:
    Redeem.objects.update(enabled=False)
    with pytest.raises(Refused, match="switched off"):
        buy()
    assert nothing_was_taken()


def test_cooling_down_names_the_seconds_and_costs_nothing(buy: Callable[..., QueueItem]) -> None:
    buy()
    with pytest.raises(Refused, match="again in 7 s"):
        buy(at=3)
    assert Points.objects.get(viewer__key="bob").balance == 75
    buy(at=10)


def test_a_cooldown_goes_on_under_a_new_name(buy: Callable[..., QueueItem]) -> None:
    buy()
    bob = Viewer.objects.get(key="bob")
    merging.rename(bob, "Robert")
    with pytest.raises(Refused, match="again in 7 s"):
        buy(who=bob, at=3)


def test_a_refund_ends_the_cooldown_under_a_new_name_too(buy: Callable[..., QueueItem]) -> None:
    item = buy()
    bob = Viewer.objects.get(key="bob")
    merging.rename(bob, "Robert")
    control.cancel(item, by="fox")
    assert buy(who=bob, at=3).state == State.PENDING


def test_the_rows_cooldown_wins_over_the_setting(buy: Callable[..., QueueItem]) -> None:
    Redeem.objects.update(cooldown_seconds=0)
    buy()
    buy()


def test_the_global_cooldown_holds_everybody(buy: Callable[..., QueueItem], viewer: Callable[..., Viewer]) -> None:
    Redeem.objects.update(global_cooldown_seconds=30)
    buy()
    with pytest.raises(Refused, match="again in 30 s"):
        buy(who=viewer("Ann", points=100))


def test_a_full_queue_refuses_before_paying(buy: Callable[..., QueueItem]) -> None:
    for at in (0, 10):
        buy(at=at, tts_queue_max=2)
    with pytest.raises(Refused, match=r"full \(2 waiting\)"):
        buy(at=20, tts_queue_max=2)
    assert Points.objects.get(viewer__key="bob").balance == 50


@pytest.mark.parametrize("words", ["", "   ", "!!! ... 😂"])
def test_nothing_to_say(buy: Callable[..., QueueItem], words: str) -> None:
    with pytest.raises(Refused, match="write what to say"):
        buy(words)
    assert nothing_was_taken()


def test_too_much_to_say(buy: Callable[..., QueueItem]) -> None:
    with pytest.raises(Refused, match="301 characters long, and the limit is 300"):
        buy("x" * 301)
    assert nothing_was_taken()


def test_what_does_not_exist(
    buy: Callable[..., QueueItem], viewer: Callable[..., Viewer], rules: Rules, now: datetime
) -> None:
    with pytest.raises(Refused, match="no redeem called fireworks"):
        purchase.buy(viewer=viewer("Bob"), key="fireworks", words="", reference="m", rules=rules, now=now)


def test_free_ones_need_no_payment(buy: Callable[..., QueueItem]) -> None:
    Redeem.objects.update(cost=0)
    bought = buy().purchase
    assert bought is not None and bought.payment is None


def test_one_message_buys_once(viewer: Callable[..., Viewer], rules: Rules, now: datetime) -> None:
    purchase.seed()
    Redeem.objects.update(cooldown_seconds=0)
    bob = viewer("Bob", points=100)
    purchase.buy(viewer=bob, key="tts", words="hello", reference="m-1", rules=rules, now=now)
    with pytest.raises(IntegrityError):
        purchase.buy(viewer=bob, key="tts", words="hello", reference="m-1", rules=rules, now=now)


@pytest.mark.django_db(transaction=True)
def test_eight_purchases_at_once_of_who_can_pay_three(buy: Callable[..., QueueItem]) -> None:
    Redeem.objects.update(cost=30, cooldown_seconds=0)
    results = at_once(8, lambda n: buy(f"line {n}", tts_queue_max=100))
    assert sum(isinstance(result, QueueItem) for result in results) == 3
    assert sum(isinstance(result, Refused) for result in results) == 5
    assert Points.objects.get(viewer__key="bob").balance == 10
    assert Transaction.objects.filter(kind="spend").count() == QueueItem.objects.count() == 3


def points(who: str = "bob") -> int:
    return Points.objects.get(viewer__key=who).balance


@pytest.mark.parametrize(
    ("key", "words", "kind", "cost"),
    [
        ("sound", "Fanfare", "play_sound", 15),
        ("spin", "", "spin_wheel", 100),
        ("clip", "", "obs_clip", 0),
        ("shoutout", "@bob", "alert", 50),
        ("tts", "hello", "speak", 25),
        ("SOUND", "ding", "play_sound", 15),
    ],
)
def test_each_redeem_does_its_thing_at_its_price(
    order: Callable[..., QueueItem], key: str, words: str, kind: str, cost: int
) -> None:
    item = order(key, words)
    assert (item.kind, item.redeem, points()) == (kind, key.lower(), 1000 - cost)
    entry = catalog.get(item.redeem)
    assert entry is not None and entry.effect == kind


def test_scene_and_source_offer_what_the_streamer_chose_and_nothing_else(order: Callable[..., QueueItem]) -> None:
    with pytest.raises(Refused, match="switched off"):
        order("scene", "Game")
    Redeem.objects.update(enabled=True, cooldown_seconds=0)
    with pytest.raises(Refused, match="nothing to choose for !scene yet"):
        order("scene", "Game")
    Redeem.objects.filter(key="scene").update(choices="Game\nKitchen cam\n", seconds=9)
    Redeem.objects.filter(key="source").update(choices="Game/Lamp")
    assert order("scene", "kitchen CAM").payload == {"scene": "Kitchen cam", "seconds": 9}
    assert order("source", "lamp").payload == {"scene": "Game", "source": "Lamp", "visible": True, "seconds": 15}
    with pytest.raises(Refused, match="choose one: Game, Kitchen cam"):
        order("scene", "Desktop")


@pytest.mark.parametrize(
    ("key", "words", "sentence"),
    [
        ("sound", "", "say which sound"),
        ("sound", "nosuch", "there is no sound called nosuch"),
        ("sound", "wheel-loop", "there is no sound called"),
        ("sound", "../../etc/passwd", "there is no sound called"),
        ("shoutout", "", "say whom to shout out"),
        ("shoutout", "Nobody", "I have never seen Nobody here"),
        ("dance", "", "there is no redeem called dance"),
    ],
)
def test_mistakes_cost_nothing(order: Callable[..., QueueItem], key: str, words: str, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        order(key, words)
    assert points() == 1000 and not QueueItem.objects.exists()


@pytest.mark.parametrize("words", [":joy:", ":joy: *** 😂", "<b></b> ..."])
def test_what_nobody_could_hear_is_not_sold(order: Callable[..., QueueItem], words: str) -> None:
    Redeem.objects.create(key="whisper", title="Whisper", effects=[{"kind": "speak", "text": "{text}"}])
    for key in ("tts", "whisper"):
        with pytest.raises(Refused, match=r"nothing to speak|what to say|does not fit"):
            order(key, words)
    assert nothing_was_taken(1000) and not QueueItem.objects.exists()


def test_without_an_open_overlay_nothing_that_needs_one_is_sold_or_offered(
    order: Callable[..., QueueItem], settings: Any
) -> None:
    Redeem.objects.create(key="party", title="Party", effects=[{"kind": "obs_clip"}, {"kind": "alert", "text": "hey"}])
    OverlayPage.objects.update(until=timezone.now())
    for key, words in (("tts", "hello"), ("sound", "ding"), ("spin", ""), ("shoutout", "Bob"), ("party", "")):
        with pytest.raises(Refused, match="the stream's overlay is closed"):
            order(key, words)
        assert not purchase.can_happen(Redeem.objects.get(key=key))
    assert nothing_was_taken(1000) and not QueueItem.objects.exists()
    order("clip")
    settings.WHEEL_WITHOUT_OVERLAY = True
    assert order("spin").kind == "spin_wheel" and purchase.can_happen(Redeem.objects.get(key="spin"))


@pytest.mark.parametrize("case", ["off", "away", "not looked for yet"])
def test_with_obs_off_or_away_nothing_that_needs_it_is_sold_or_offered(
    order: Callable[..., QueueItem], settings: Any, case: str
) -> None:
    settings.OBS_ENABLED = case != "off"
    if case == "away":
        cache.set(health.KEY, "OBS does not answer", 60)  # as the workers' check stores it
    elif case == "not looked for yet":
        cache.delete(health.KEY)
    Redeem.objects.filter(key="scene").update(enabled=True, choices="Game")
    for key, words in (("clip", ""), ("scene", "Game")):
        with pytest.raises(Refused, match="that needs OBS, which is not connected"):
            order(key, words)
        assert not purchase.can_happen(Redeem.objects.get(key=key))
    assert nothing_was_taken(1000) and not QueueItem.objects.exists()
    order("tts", "hello")


def test_an_empty_wheel_is_not_sold(order: Callable[..., QueueItem]) -> None:
    Prize.objects.update(enabled=False)
    with pytest.raises(Refused, match="nothing to win"):
        order("spin")


@pytest.mark.parametrize(
    ("set_to", "flags", "sentence"),
    [
        ({"live_only": True}, {}, "only for while the stream is live"),
        ({"least_role": Role.SUBSCRIBER}, {"is_follower": True}, "is for subscribers"),
        ({"least_role": Role.FOLLOWER}, {}, "is for followers"),
        ({"least_level": 7}, {}, "needs level 7, you are at level 1"),
        ({"needs_text": True}, {}, "write some words with it"),
        ({"stock": 0}, {}, "is sold out"),
        ({"limit_per_stream": 0}, {}, r"is sold out for this stream \(0 sold\)"),
        ({"limit_per_viewer": 0}, {}, "you can have Save a clip only 0 × in one stream"),
        ({"cost": 1075}, {}, "you need 75 more points"),
    ],
)
def test_every_refusal_is_a_sentence_and_nothing_is_taken(
    order: Callable[..., QueueItem], viewer: Callable[..., Viewer], set_to: Any, flags: Any, sentence: str
) -> None:
    Viewer.objects.filter(pk=viewer("Bob", points=1000).pk).update(**flags)
    Redeem.objects.filter(key="clip").update(**set_to)
    with pytest.raises(Refused, match=sentence):
        order("clip")
    assert points() == 1000 and not Cooldown.objects.exists() and not QueueItem.objects.exists()


def test_who_may_may(order: Callable[..., QueueItem], viewer: Callable[..., Viewer], now: datetime) -> None:
    Viewer.objects.filter(pk=viewer("Bob", points=1000).pk).update(is_moderator=True)
    Redeem.objects.filter(key="clip").update(live_only=True, least_role=Role.SUBSCRIBER, cooldown_seconds=0)
    streams.begin("a-channel", now)
    assert order("clip").redeem == "clip"


def test_limits_count_what_happened_in_this_stream(order: Callable[..., QueueItem], now: datetime) -> None:
    Redeem.objects.filter(key="clip").update(limit_per_viewer=1, limit_per_stream=2, cooldown_seconds=0)
    streams.begin("a-channel", now)
    first = order("clip")
    with pytest.raises(Refused, match="you can have Save a clip only 1 ×"):
        order("clip")
    order("clip", who="Ann")
    with pytest.raises(Refused, match=r"sold out for this stream \(2 sold\)"):
        order("clip", who="Cat")
    control.cancel(first, by="fox")
    order("clip", who="Cat")
    with pytest.raises(Refused):
        order("clip")
    Purchase.objects.update(created_at=now - timedelta(hours=1))
    order("clip")


def test_what_did_not_happen_is_in_stock_again_and_does_not_cool_down(order: Callable[..., QueueItem]) -> None:
    Redeem.objects.filter(key="clip").update(stock=1, global_cooldown_seconds=99, cost=10)
    item = order("clip")
    assert Redeem.objects.get(key="clip").stock == 0
    assert items.end(item, State.FAILED, "OBS is away") and not items.end(item, State.FAILED, "again")
    assert Redeem.objects.get(key="clip").stock == 1 and points() == 1000
    order("clip")


def test_what_fails_by_the_viewers_own_words_gives_the_points_back_and_keeps_the_cooldown(
    order: Callable[..., QueueItem], settings: Any, now: datetime
) -> None:
    item = order("tts", "W X " * 60)
    settings.TTS_MAX_SECONDS = 2
    worker.drain("tts")
    item.refresh_from_db()
    assert item.state == State.FAILED and "s to say that, and the limit is 2 s" in item.error
    assert points() == 1000 and item.told_at is None
    with pytest.raises(Refused, match="You can use !tts again in 9 s"):
        order("tts", "hello", now=now + timedelta(seconds=1))


@pytest.mark.django_db(transaction=True)
def test_of_two_effects_that_fail_at_the_same_moment_one_fills_the_stock_again(
    order: Callable[..., QueueItem],
) -> None:
    Redeem.objects.filter(key="clip").update(stock=3, global_cooldown_seconds=99, cost=10)
    first = order("clip")
    second = items.enqueue(values.obs_clip(), viewer=first.viewer, purchase=first.purchase)
    both = [first, second]
    assert at_once(2, lambda number: items.end(both[number], State.FAILED, "OBS is away")) == [True, True]
    assert Redeem.objects.get(key="clip").stock == 3 and points() == 1000
    assert not Cooldown.objects.filter(key__startswith="redeem.").exists()


def test_a_sequence_counts_once_for_the_limits_and_not_at_all_where_a_part_failed(
    order: Callable[..., QueueItem],
) -> None:
    show = {"kind": "alert", "text": "hooray"}
    Redeem.objects.create(key="party", title="Party", limit_per_stream=2, stock=9, effects=[show, show])
    for _ in range(2):
        order("party")
        worker.drain("notification")
        playback.finished(QueueItem.objects.get(state=State.RUNNING).pk, 1)
    with pytest.raises(Refused, match=r"sold out for this stream \(2 sold\)"):
        order("party")
    control.cancel(QueueItem.objects.filter(kind="alert").latest("pk"), by="fox")
    assert Redeem.objects.get(key="party").stock == 8
    order("party")


@pytest.mark.parametrize(
    ("pricing", "key", "words", "cost"),
    [
        ("character", "tts", "hello   there", 25 * 11),
        ("character", "spin", "", 100),
        ("second", "sound", "drumroll", 15 * 2),
        ("second", "tts", "hello", 25),
    ],
)
def test_a_price_may_be_for_each_character_or_second(
    order: Callable[..., QueueItem], pricing: str, key: str, words: str, cost: int
) -> None:
    Redeem.objects.update(pricing=pricing)
    order(key, words)
    assert points() == 1000 - cost


def test_a_sound_may_have_its_own_price(order: Callable[..., QueueItem]) -> None:
    Sound.objects.filter(name="ding").update(cost=3)
    order("sound", "ding")
    assert points() == 997


def test_approval_for_all_or_for_those_who_are_new(order: Callable[..., QueueItem]) -> None:
    Redeem.objects.update(cooldown_seconds=0)
    Redeem.objects.filter(key="clip").update(approval=Approval.ALWAYS)
    Redeem.objects.filter(key="tts").update(approval=Approval.FIRST)
    assert order("clip").state == order("tts", "hi").state == State.WAITING
    QueueItem.objects.update(state=State.DONE)  # that is no approval
    assert order("tts", "hi").state == State.WAITING
    control.approve(order("tts", "hi"), by="fox")
    assert (order("clip").state, order("tts", "hi").state) == (State.WAITING, State.PENDING)
    assert order("tts", "hi", who="Ann").state == State.WAITING


def test_a_redeem_of_the_streamers_own_is_made_of_effects(
    order: Callable[..., QueueItem], said: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    line = {"kind": "chat_line", "text": "{user} hugs {text}"}
    Redeem.objects.create(key="hug", title="Hug", cost=5, effects=[line])
    show = {"kind": "alert", "text": "{text}!"}
    Redeem.objects.create(key="party", title="Party", cost=7, effects=[show, {"kind": "play_sound", "sound": "ding"}])
    with django_capture_on_commit_callbacks(execute=True):
        assert order("hug", "Ann {user}").state == State.DONE
    assert said == ["Bob hugs Ann {user}"] and points() == 995
    order("party", "hooray")
    first = QueueItem.objects.get(kind="alert")
    assert (first.payload["text"], first.redeem, first.sequel) == (
        "hooray!",
        "party",
        [{"kind": "play_sound", "sound": "ding"}],
    )
    control.cancel(first, by="fox")
    assert points() == 995 and not QueueItem.objects.filter(kind="play_sound").exists()


def test_whose_first_one_was_approved_stays_approved_when_the_history_is_pruned(
    order: Callable[..., QueueItem], now: datetime
) -> None:
    Redeem.objects.filter(key="clip").update(approval=Approval.FIRST, cooldown_seconds=0)
    first = order("clip")
    control.approve(first, by="fox")
    control.cancel(first, by="fox")
    cleanup.tidy(now=now + timedelta(days=400))
    assert order("clip").state == State.PENDING


def test_sources_of_one_name_are_chosen_by_their_scene(order: Callable[..., QueueItem]) -> None:
    Redeem.objects.filter(key="source").update(
        enabled=True, choices="Game/Cam\nKitchen/Cam\nGame/Lamp", cooldown_seconds=0
    )
    with pytest.raises(Refused, match="choose one: Game/Cam, Kitchen/Cam, Lamp"):
        order("source", "Cam")
    assert order("source", "kitchen/cam").payload["scene"] == "Kitchen"
    assert order("source", "lamp").payload["source"] == "Lamp"


def test_by_the_second_everything_costs_as_long_as_it_lasts(order: Callable[..., QueueItem], settings: Any) -> None:
    Redeem.objects.update(pricing=Pricing.SECOND, cost=10, cooldown_seconds=0)
    steps = [{"kind": "alert", "text": "{text}", "seconds": 8}, {"kind": "play_sound", "sound": "ding"}]
    Redeem.objects.create(key="party", title="Party", cost=2, pricing=Pricing.SECOND, effects=steps)
    length = Sound.objects.get(name="ding").seconds
    for key, words in (("shoutout", "Bob"), ("spin", ""), ("party", "hooray")):
        order(key, words)
    paid = [-row.delta for row in Transaction.objects.filter(kind="spend").order_by("id")]
    spins = settings.WHEEL_SPIN_SECONDS + settings.WHEEL_HOLD_SECONDS
    assert paid == [10 * 6, 10 * math.ceil(spins), 2 * math.ceil(8 + length)]


def test_a_page_that_was_open_while_it_sold_does_not_fill_the_stock_again(
    order: Callable[..., QueueItem], admin_client: Client
) -> None:
    fox = admin_client
    Redeem.objects.filter(key="clip").update(stock=3)
    row = Redeem.objects.get(key="clip")
    page = fox.get(f"/admin/redeems/redeem/{row.pk}/change/")
    form = {name: "" if value is None else value for name, value in page.context["adminform"].form.initial.items()}
    form |= {"initial-stock": 3, "effects": "[]", "title": "A better clip", "enabled": "on"}
    order("clip")
    answer = fox.post(f"/admin/redeems/redeem/{row.pk}/change/", form)
    assert answer.status_code == 302, answer.context["errors"]
    row.refresh_from_db()
    assert (row.title, row.stock) == ("A better clip", 2)
    fox.post(f"/admin/redeems/redeem/{row.pk}/change/", form | {"stock": 9, "initial-stock": 2})
    row.refresh_from_db()
    assert row.stock == 9


def test_what_does_not_fit_and_a_full_lane_refuse_ones_own_redeems_too(
    order: Callable[..., QueueItem], rules: Rules
) -> None:
    show = {"kind": "alert", "text": "{text}"}
    Redeem.objects.create(key="party", title="Party", cost=7, effects=[{"kind": "chat_line", "text": "go"}, show])
    with pytest.raises(Refused, match="write some words with it: !party"):
        order("party", "")
    order("shoutout", "Bob")
    with pytest.raises(Refused, match=r"full \(1 waiting\)"):
        order("party", "hooray", rules=replace(rules, effect_queue_max=1))


def test_only_the_cooldown_that_it_began_ends_with_it(order: Callable[..., QueueItem], now: datetime) -> None:
    Redeem.objects.filter(key="clip").update(global_cooldown_seconds=30)
    first = order("clip")
    order("clip", who="Ann", now=now + timedelta(seconds=31))
    control.cancel(first, by="fox")
    with pytest.raises(Refused, match="again in 29 s"):
        order("clip", who="Cat", now=now + timedelta(seconds=32))


def test_staff_give_it_away_whatever_its_rules_are(viewer: Callable[..., Viewer], rules: Rules) -> None:
    purchase.seed()
    bob = viewer("Bob", points=1000)
    Redeem.objects.filter(key="clip").update(stock=0, cost=50, enabled=False, approval=Approval.ALWAYS)
    item = purchase.give_away(viewer=bob, key="Clip", words="", rules=rules)
    assert (item.state, item.purchase, points()) == (State.PENDING, None, 1000)
    assert not Cooldown.objects.exists()
    with pytest.raises(Refused, match="there is no redeem called dance"):
        purchase.give_away(viewer=bob, key="dance", words="", rules=rules)


def test_the_dashboard_makes_uses_and_guards_redeems(order: Callable[..., QueueItem]) -> None:
    order("tts", "hi")
    fox = Client()
    fox.force_login(get_user_model().objects.create_superuser("fox", password="x"))
    row = Redeem.objects.get(key="clip")
    use = f"/admin/redeems/redeem/{row.pk}/use/"
    assert "Added to the queue: " in fox.post(use, {"viewer": "@BOB"}, follow=True).text
    assert "This can&#x27;t be a viewer&#x27;s name." in fox.post(use, {"viewer": "a\nb"}, follow=True).text
    Redeem.objects.filter(key="clip").update(enabled=False)
    assert "is switched off" in fox.post(use, {"viewer": "Bob", "charge": "on"}, follow=True).text
    form = {
        "title": "Hug", "cost": 5, "pricing": "fixed", "global_cooldown_seconds": 0, "least_role": 0, "least_level": 1,
        "approval": "none", "priority": 0, "seconds": 0, "enabled": "on",
    }  # fmt: skip
    for key, effects, mistake in (
        ("points", "[]", "!points is a command already."),
        ("tip", "[]", "!tip is a command already."),
        ("hug", "[]", "Add an effect: this redeem does nothing by itself."),
        ("hug", '[{"kind": "speak", "text": "{nobody}"}]', "{nobody} is not filled in here."),
        ("two words", "[]", "One word."),
    ):
        assert mistake in fox.post("/admin/redeems/redeem/add/", {**form, "key": key, "effects": effects}).text
    made = {**form, "key": "Hug", "effects": '[{"kind": "speak", "text": "{user} hugs {text}"}]'}
    assert fox.post("/admin/redeems/redeem/add/", made).status_code == 302
    assert order("hug", "Ann").payload["text"] == "Bob hugs Ann"
    assert fox.post(f"/admin/redeems/redeem/{row.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.journey
@pytest.mark.django_db(transaction=True)
def test_of_fifty_buyers_of_the_last_one_one_gets_it(
    viewer: Callable[..., Viewer], rules: Rules, now: datetime
) -> None:
    purchase.seed()
    Redeem.objects.filter(key="clip").update(stock=1, cost=10, cooldown_seconds=0)
    people = [viewer(f"v{number}", points=10) for number in range(50)]

    def one(number: int) -> QueueItem:
        bought = purchase.buy(
            viewer=people[number], key="clip", words="", reference=f"m-{number}", rules=rules, now=now
        )
        return bought.items.get()

    results = at_once(50, one)
    assert sum(isinstance(result, QueueItem) for result in results) == 1
    assert sum(isinstance(result, Refused) for result in results) == 49
    assert sum(Points.objects.values_list("balance", flat=True)) == 490
    assert QueueItem.objects.count() == 1 and Redeem.objects.get(key="clip").stock == 0


def test_seeding_keeps_what_the_streamer_changed(db: None) -> None:
    purchase.seed()
    Redeem.objects.filter(key="tts").update(cost=7, title="Say it")
    purchase.seed()
    assert (Redeem.objects.get(key="tts").cost, Redeem.objects.get(key="tts").title) == (7, "Say it")

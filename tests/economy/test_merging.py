"""Two rows that are one person; and one who wants to be forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from economy import cooldowns
from economy.earning import pay
from economy.earning.pay import Award, Once
from economy.ledger import audit, points, xp
from economy.models import XP, LevelReward, Merge, Points, Transaction, Viewer, heirs
from economy.viewers import forgetting, merging
from effects.models import QueueItem, State
from effects.queue import items
from effects.registry.values import speak
from joystick.models import InboundEvent
from joystick.simulator.happenings import chat
from pixelbot_site.kit.errors import Refused

pytestmark = pytest.mark.django_db

Make = Callable[..., Viewer]


@pytest.fixture
def pair(viewer: Make) -> tuple[Viewer, Viewer]:
    """Old Bob with 30 points and 150 XP, and New with 5."""
    bob, new = viewer("Bob", points=30), viewer("New", points=5)
    xp.adjust(bob, 150, source="test", reference="x")
    Viewer.objects.filter(pk=bob.pk).update(is_follower=True)
    return bob, new


def held() -> dict[str, tuple[int, int]]:
    rows = Points.objects.values_list("viewer__key", "balance", "viewer__xp__total")
    return {key: (points, total) for key, points, total in rows}


def test_a_merge_moves_everything_and_the_ledgers_say_so(pair: tuple[Viewer, Viewer]) -> None:
    bob, new = pair
    item = items.enqueue(speak("hello"), viewer=bob)
    merging.merge(bob, new, by="fox")
    assert held() == {"bob": (0, 0), "new": (35, 150)}
    assert XP.objects.get(viewer=new).level == 2
    rows = (
        Transaction.objects.filter(kind="merge").order_by("pk").values_list("viewer__key", "delta", "counterpart__key")
    )
    assert list(rows) == [("bob", -30, "new"), ("new", 30, "bob")]
    item.refresh_from_db()
    assert item.viewer == new and Viewer.objects.get(pk=new.pk).is_follower
    assert list(audit.findings()) == []
    with pytest.raises(Refused, match="merged into New already"):
        merging.merge(bob, new)
    with pytest.raises(Refused, match="with themselves"):
        merging.merge(new, new)


def test_a_merge_is_undone_once_unless_the_points_are_gone(pair: tuple[Viewer, Viewer]) -> None:
    bob, new = pair
    item = items.enqueue(speak("hello"), viewer=bob)
    row = merging.merge(bob, new)
    spent = points.spend(new, 10, source="redeem", reference="r:1")
    with pytest.raises(Refused, match="you need 5 more points"):
        merging.undo(row)
    assert Merge.objects.get().undone_at is None
    points.refund(spent, reason="test")
    merging.undo(row)
    item.refresh_from_db()
    assert held() == {"bob": (30, 150), "new": (5, 0)} and item.viewer == bob
    with pytest.raises(Refused, match="undone already"):
        merging.undo(row)
    assert list(audit.findings()) == []


def test_a_rename_changes_the_name_or_merges(pair: tuple[Viewer, Viewer]) -> None:
    bob, new = pair
    assert merging.rename(bob, " @Robert ") is None
    assert Viewer.objects.get(pk=bob.pk).key == "robert"
    merged = merging.rename(Viewer.objects.get(pk=bob.pk), "NEW")
    assert merged is not None and held() == {"robert": (0, 0), "new": (35, 150)}
    with pytest.raises(Refused, match="1 to 100 characters"):
        merging.rename(new, "  ")


def test_who_is_forgotten_leaves_no_name_and_no_words(
    deliver: Callable[..., None], viewer: Make, settle_names: Callable[[], None]
) -> None:
    deliver(chat("Secretive", "my innermost thoughts"), chat("Ann", "hello"))
    person = Viewer.objects.get(key="secretive")
    points.transfer(person, Viewer.objects.get(key="ann"), 1, source="give", reference="g:1")
    item = items.enqueue(speak("Secretive said: thoughts"), viewer=person)
    QueueItem.objects.filter(pk=item.pk).update(state=State.DONE)
    forgetting.forget(person)
    settle_names()
    for model in (Viewer, Transaction, InboundEvent, QueueItem):
        for row in model._default_manager.values():
            assert "secretive" not in str(row).casefold() and "thoughts" not in str(row), model
    assert Points.objects.get(viewer__key="ann").balance == 2
    assert list(audit.findings()) == []


def test_the_dashboard_renames_merges_undoes_forgets_and_reverses(pair: tuple[Viewer, Viewer]) -> None:
    bob, _ = pair
    fox = Client()
    fox.force_login(get_user_model().objects.create_superuser("fox", password="x"))

    def page(path: str, **form: Any) -> str:
        return fox.post(f"/admin/economy/{path}", form, follow=True).content.decode()

    assert "no control characters" in page(f"viewer/{bob.pk}/change/", username="B\u202eob", excluded="unknown")
    assert "Bob is part of New now" in page(f"viewer/{bob.pk}/change/", username="New", excluded="unknown")
    row = Merge.objects.get()
    assert row.by == "fox"
    assert "undone." in page("merge/", action="undo", _selected_action=row.pk)
    assert held()["bob"] == (30, 150)
    grant = Transaction.objects.filter(viewer=bob, kind="grant").get()
    assert "reversed." in page("transaction/", action="reverse", _selected_action=grant.pk)
    assert held()["bob"] == (0, 150)
    assert "you need" not in page("transaction/", action="reverse", _selected_action=grant.pk)
    asked = page("viewer/", action="forget", _selected_action=bob.pk)
    assert "Forget for good?" in asked and "<bdi>Bob</bdi>" in asked and "bob" in held()
    assert "1 forgotten" in page("viewer/", action="forget", sure="yes", _selected_action=bob.pk)
    assert f"forgotten:{bob.pk}" in held()
    assert fox.get("/admin/economy/viewer/?q=ne").content.decode().count("New") >= 1


def test_a_batch_in_the_dashboard_is_previewed_pressed_twice_and_reversed(
    pair: tuple[Viewer, Viewer], monkeypatch: pytest.MonkeyPatch
) -> None:
    from economy import tasks
    from economy.batches import batch
    from economy.models import Batch

    def at_once(batch_id: int) -> None:
        while batch.step(batch_id):
            pass

    monkeypatch.setattr(tasks.batch_step, "delay", at_once)
    bob, _ = pair
    fox = Client()
    fox.force_login(get_user_model().objects.create_superuser("fox", password="x"))
    chosen = fox.post("/admin/economy/viewer/", {"action": "change_balances", "_selected_action": bob.pk})
    assert chosen.status_code == 302 and fox.get(chosen["Location"]).status_code == 200
    everybody = {"action": "change_balances", "_selected_action": bob.pk, "select_across": "1"}
    assert fox.post("/admin/economy/viewer/", everybody)["Location"].endswith("?ids=")
    assert "ids" not in fox.post("/admin/economy/viewer/?is_follower__exact=1", everybody)["Location"]
    form = {"currency": "points", "operation": "subtract", "amount": "40", "reason": "spam", "ids": str(bob.pk)}
    shown = fox.post("/admin/economy/batch/add/", form, follow=True).content.decode()
    assert "1 viewers, -30 points;" in shown and "1 have too little" in shown and "Do it now" in shown
    row = Batch.objects.get()
    for _ in range(2):
        shown = fox.post(f"/admin/economy/batch/{row.pk}/run/", follow=True).content.decode()
    assert held() == {"bob": (0, 150), "new": (5, 0)} and "Reverse …" in shown
    shown = fox.post(f"/admin/economy/batch/{row.pk}/reverse/", follow=True).content.decode()
    assert "1 viewers, 30 points" in shown
    fox.post(f"/admin/economy/batch/{Batch.objects.latest('pk').pk}/run/")
    assert held()["bob"] == (30, 150)
    assert fox.get(f"/admin/economy/batch/{row.pk}/run/").status_code == 403
    twice = {**form, "form_key": fox.get("/admin/economy/batch/add/").context["adminform"].form.initial["form_key"]}
    before = Batch.objects.count()
    pages = [fox.post("/admin/economy/batch/add/", twice) for _ in range(2)]
    assert Batch.objects.count() == before + 1 and pages[0]["Location"] == pages[1]["Location"]
    fox.post("/admin/economy/batch/add/", {**twice, "amount": "41"})
    assert Batch.objects.count() == before + 2
    wrong = fox.post("/admin/economy/batch/add/", {**form, "amount": "0"}).content.decode()
    assert "At least 1." in wrong


def test_an_old_name_goes_on_as_who_it_is_now(pair: tuple[Viewer, Viewer], deliver: Callable[..., None]) -> None:
    bob, new = pair
    spent = points.spend(bob, 10, source="redeem", reference="r:1")
    merging.merge(bob, new)
    deliver(chat("Bob", "it is me"))
    points.refund(spent, reason="test")
    assert held() == {"bob": (0, 0), "new": (5 + 20 + 1 + 10, 151)}
    assert Viewer.objects.get(pk=new.pk).username == "New"
    with pytest.raises(Refused, match="undo that first"):
        merging.rename(new, "Bob")
    with pytest.raises(Refused, match="Bob is merged into New already"):
        merging.merge(new, bob)
    forgetting.forget(new)
    assert set(held()) == {f"forgotten:{bob.pk}", f"forgotten:{new.pk}"}
    assert list(audit.findings()) == []


def test_a_refund_follows_whoever_was_merged_twice(pair: tuple[Viewer, Viewer], viewer: Make) -> None:
    bob, new = pair
    last = viewer("Last")
    spent = points.spend(bob, 10, source="redeem", reference="r:1")
    merging.merge(bob, new)
    merging.merge(Viewer.objects.get(pk=new.pk), last)
    points.refund(spent, reason="test")
    assert held() == {"bob": (0, 0), "new": (0, 0), "last": (35, 150)}
    assert list(audit.findings()) == []


def test_merging_needs_the_permission_to_change_points(pair: tuple[Viewer, Viewer]) -> None:
    bob, _ = pair
    helper = get_user_model().objects.create_user("helper", is_staff=True)
    helper.user_permissions.add(*Permission.objects.filter(codename__in=["view_viewer", "change_viewer"]))
    client = Client()
    client.force_login(helper)
    form = {"username": "New", "excluded": "unknown"}
    page = client.post(f"/admin/economy/viewer/{bob.pk}/change/", form, follow=True).content.decode()
    assert "New is somebody else." in page and not Merge.objects.exists()
    form = {"username": "Robert", "excluded": "unknown"}
    client.post(f"/admin/economy/viewer/{bob.pk}/change/", form, follow=True)
    assert Viewer.objects.get(pk=bob.pk).username == "Robert"


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's query plan")
@pytest.mark.parametrize("order", ["-2", "2", "-3", "3", "-4", "-5", "5", "6"])
def test_every_order_of_the_viewers_list_is_an_index(order: str) -> None:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("fox", password="x"))
    with CaptureQueriesContext(connection) as asked:
        assert client.get(f"/admin/economy/viewer/?o={order}").status_code == 200
    (listing,) = [
        query["sql"]
        for query in asked
        if "ORDER BY" in query["sql"] and query["sql"].startswith('SELECT "economy_viewer"."id"')
    ]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {listing}")
        plan = [row[3] for row in cursor.fetchall()]
    assert not any("TEMP B-TREE" in step for step in plan), plan


def test_an_undone_merge_gives_the_target_its_own_back(pair: tuple[Viewer, Viewer]) -> None:
    bob, new = pair
    Viewer.objects.filter(pk=bob.pk).update(excluded=True)
    XP.objects.filter(pk=bob.pk).update(rewarded_level=7)
    row = merging.merge(Viewer.objects.get(pk=bob.pk), new)
    new.refresh_from_db()
    assert (new.is_follower, new.excluded, XP.objects.get(pk=new.pk).rewarded_level) == (True, True, 7)
    merging.undo(row)
    new.refresh_from_db()
    assert (new.is_follower, new.excluded) == (False, None)


def test_who_was_renamed_is_forgotten_under_every_name(
    deliver: Callable[..., None], viewer: Make, settle_names: Callable[[], None]
) -> None:
    deliver(chat("\u00c9mile", "secret"), chat("\u00e9mile", "secret"))
    person = Viewer.objects.get(key="\u00e9mile")
    merging.rename(person, "Robert")
    viewer(f"forgotten:{person.pk}")
    forgetting.forget(Viewer.objects.get(pk=person.pk))
    settle_names()
    assert set(InboundEvent.objects.values_list("username", "text", "raw")) == {("", "", "")}


def test_a_follow_pays_once_over_a_merge(pair: tuple[Viewer, Viewer], rules: Any, now: Any) -> None:
    bob, new = pair
    pay.pay([Award("Bob", "follow", "1", points=5, once=Once.EVER)], rules=rules, now=now)
    merging.merge(bob, new)
    pay.pay([Award("New", "follow", "2", points=5, once=Once.EVER)], rules=rules, now=now)
    assert held()["new"] == (40, 150)


def test_a_cooldown_holds_over_a_rename(viewer: Make, rules: Any, now: Any) -> None:
    bob = viewer("Bob")
    pay.pay([Award("Bob", "chat", "1", points=5, points_cooldown=60)], rules=rules, now=now)
    merging.rename(bob, "Robert")
    pay.pay([Award("Robert", "chat", "2", points=5, points_cooldown=60)], rules=rules, now=now)
    assert held()["robert"] == (5, 0)


def test_a_cooldown_holds_over_a_merge_and_a_name_that_is_a_number_ends_nobody_elses(
    viewer: Make, rules: Any, now: Any
) -> None:
    bob, new = viewer("Bob"), viewer("New")
    viewer(str(bob.pk))
    pay.pay([Award("Bob", "chat", "1", points=5, points_cooldown=60)], rules=rules, now=now)
    forgetting.forget(Viewer.objects.get(key=str(bob.pk)))
    pay.pay([Award("Bob", "chat", "2", points=5, points_cooldown=60)], rules=rules, now=now)
    assert held()["bob"] == (5, 0)
    assert cooldowns.take_all({"redeem.tts:bob": 600}, now=now)
    merging.merge(bob, new)
    assert not cooldowns.take_all({"redeem.tts:new": 600}, now=now)


def test_an_award_of_xp_gives_the_levels_rewards(viewer: Make) -> None:
    bob = viewer("Bob")
    LevelReward.objects.create(level=2, points=100)
    up = xp.award(bob, 150, source="test", reference="x:1")
    assert up is not None and (up.to_level, up.rewards[0].points) == (2, 100)
    assert xp.award(bob, 150, source="test", reference="x:1") is None
    assert held()["bob"] == (100, 150)


def test_heirs_are_found_along_chains_and_back(viewer: Make, django_assert_num_queries: Any) -> None:
    first, second, last, other = (viewer(name) for name in ("First", "Second", "Last", "Other"))
    merging.merge(first, second)
    merging.merge(second, last)
    assert heirs.heir_of(first) == last and heirs.heir_of(last) is last
    ids = [first.pk, second.pk, last.pk, other.pk]
    with django_assert_num_queries(3):  # one for each link
        found = heirs.heirs_of(ids)
    assert found == {first.pk: last, second.pk: last, last.pk: last, other.pk: other}
    assert heirs.heirs_of([]) == {}
    assert heirs.merged_into([second.pk, last.pk, other.pk]) == {
        second.pk: {first.pk},
        last.pk: {first.pk, second.pk},
        other.pk: set(),
    }


def test_a_change_of_one_who_was_merged_since_is_taken_back_from_the_heir_once(
    pair: tuple[Viewer, Viewer], viewer: Make
) -> None:
    bob, new = pair
    last = viewer("Last")
    grant = Transaction.objects.get(viewer=bob)
    given = points.transfer(viewer("Ann", points=4), bob, 4, source="give", reference="g:1")
    merging.merge(bob, new)
    merging.merge(new, last)
    points.spend(last, 10, source="redeem", reference="r:1")
    with pytest.raises(Refused, match="you need 1 more point "):
        points.reverse(grant)
    assert held()["last"] == (29, 150) and held()["bob"] == (0, 150 - 150)
    assert points.reverse(given).counterpart == bob
    assert (held()["last"], held()["ann"]) == ((25, 150), (4, 0))
    points.grant(last, 6, source="test", reference="t:1")
    back = points.reverse(grant, by="fox")
    assert (back.viewer, back.delta) == (bob, -30) and points.reverse(grant) == back
    assert held() == {"bob": (0, 0), "new": (0, 0), "last": (1, 150), "ann": (4, 0)}
    assert list(audit.findings()) == []


def test_merges_of_a_chain_are_undone_from_its_end(pair: tuple[Viewer, Viewer], viewer: Make) -> None:
    bob, new = pair
    last = viewer("Last", points=1)
    first = merging.merge(bob, new)
    second = merging.merge(new, last)
    with pytest.raises(Refused, match="New is merged into Last; undo that first"):
        merging.undo(first)
    assert held() == {"bob": (0, 0), "new": (0, 0), "last": (36, 150)}
    merging.undo(second)
    assert held() == {"bob": (0, 0), "new": (35, 150), "last": (1, 0)}
    merging.undo(first, by="fox")
    assert held() == {"bob": (30, 150), "new": (5, 0), "last": (1, 0)}
    assert Transaction.objects.filter(by="fox").count() == 2
    assert list(audit.findings()) == []


def test_undoing_a_merge_keeps_what_was_said_of_the_target_since(pair: tuple[Viewer, Viewer], viewer: Make) -> None:
    bob, new = pair
    row = merging.merge(bob, new)
    Viewer.objects.filter(pk=new.pk).update(excluded=True, is_subscriber=True)
    merging.undo(row)
    new.refresh_from_db()
    assert (new.excluded, new.is_subscriber, new.is_follower) == (True, True, False)
    Viewer.objects.filter(key="bob").update(excluded=True)
    row = merging.merge(Viewer.objects.get(pk=bob.pk), viewer("Ann"))
    Viewer.objects.filter(key="ann").update(excluded=False)
    merging.undo(row)
    assert Viewer.objects.get(key="ann").excluded is False


def test_all_names_of_a_chain_are_forgotten(pair: tuple[Viewer, Viewer], viewer: Make) -> None:
    bob, new = pair
    last = viewer("Last")
    merging.merge(bob, new)
    merging.merge(new, last)
    forgetting.forget(last)
    assert set(held()) == {f"forgotten:{one.pk}" for one in (bob, new, last)}


def test_a_follow_pays_once_over_a_chain_of_merges(
    pair: tuple[Viewer, Viewer], viewer: Make, rules: Any, now: Any
) -> None:
    bob, new = pair
    last = viewer("Last")
    pay.pay([Award("Bob", "follow", "1", points=5, once=Once.EVER)], rules=rules, now=now)
    merging.merge(bob, new)
    merging.merge(new, last)
    pay.pay([Award("Last", "follow", "2", points=5, once=Once.EVER)], rules=rules, now=now)
    assert held()["last"] == (40, 150)


def test_what_was_undone_while_two_were_one_goes_back_with_the_merge(pair: tuple[Viewer, Viewer]) -> None:
    """A refund is of whoever paid; what was taken back of them is not taken from the other once more."""
    bob, new = pair
    spent = points.spend(bob, 20, source="redeem", reference="tts")
    given = points.grant(bob, 7, source="gift", reference="raffle")
    merge = merging.merge(bob, new)
    points.refund(spent, reason="it failed")
    points.reverse(given)
    assert held() == {"bob": (0, 0), "new": (35, 150)}
    merging.undo(merge)
    assert held() == {"bob": (30, 150), "new": (5, 0)} and list(audit.findings()) == []


def test_the_same_over_a_chain_of_merges(pair: tuple[Viewer, Viewer], viewer: Make) -> None:
    bob, new = pair
    spent = points.spend(bob, 20, source="redeem", reference="tts")
    first = merging.merge(bob, new)
    second = merging.merge(new, viewer("Last", points=1))
    points.refund(spent, reason="it failed")
    merging.undo(second)
    assert held() == {"bob": (0, 0), "new": (35, 150), "last": (1, 0)}
    merging.undo(first)
    assert held() == {"bob": (30, 150), "new": (5, 0), "last": (1, 0)} and list(audit.findings()) == []

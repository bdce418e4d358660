"""Saved sequences: used anywhere by their name, and never inside themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from economy.models import Points, Viewer
from effects.library import saved
from effects.models import QueueItem, SavedSequence, State
from effects.obs import names
from effects.queue import again, items, sequences, trying, worker
from effects.registry import Effect, known_parts, seconds
from pixelbot_site.kit.errors import Refused
from pixelbot_site.kit.steps import Step, leaves, planned, unfolded
from pixelbot_site.kit.trying import Trial
from redeems.models import Redeem

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("woken")]

LIST = "/admin/effects/savedsequence/"


def line(text: str) -> dict[str, Any]:
    return {"kind": "chat_line", "text": text}


def use(name: str) -> dict[str, Any]:
    return {"kind": saved.SavedKind.name, "name": name}


def save(name: str, *effects: Any) -> SavedSequence:
    return SavedSequence.objects.create(name=name, effects=list(effects))


def run(*steps: Step, **more: Any) -> list[QueueItem]:
    return [items.enqueue(effect, **more) for effect in planned(steps, {"user": "Bob"})]


def test_it_happens_wherever_it_is_named_with_the_words_of_that_place(said: list[str]) -> None:
    save("Hello", line("hello {user}"))
    save("Both", use("hello"), {"kind": "only_if", "effects": [use("HELLO")]})
    run(use("both"), {"kind": "one_of", "choices": [{"effects": [use("Hello")]}]})
    assert said == ["hello Bob"] * 3
    (effect,) = planned([use("Both")], {"user": "Bob"})
    assert effect.title == "Both" and len(list(known_parts(effect))) == 2


def test_what_was_set_off_stays_as_it_was(said: list[str]) -> None:
    row = save("Hello", line("old"))
    (effect,) = planned([use("Hello")], {})
    row.effects = [line("new")]
    row.save()
    items.enqueue(effect)
    assert said == ["old"]


def test_its_length_and_its_gifts_count() -> None:
    save("Long", {"kind": "wait", "seconds": 3}, {"kind": "grant_points", "points": 5})
    (effect,) = planned([use("Long")], {})
    assert seconds(effect) == 3
    assert [step["kind"] for step in leaves([use("Long")])] == ["wait", "grant_points"]


def test_what_is_tried_or_run_again_leaves_its_gifts_out(viewer: Callable[..., Viewer], said: list[str]) -> None:
    save("Gift", line("x"), {"kind": "grant_points", "points": 5})
    bob = viewer("Bob", points=10)
    run(use("Gift"), viewer=bob, event="e:1")
    assert "give 5 points" in again.run_again("e:1", by="fox")
    told = trying.try_effects(Trial(list(planned([use("Gift")], {}))), "mo")
    assert "nor give 5 points" in told and Points.objects.get(viewer=bob).balance == 15


@pytest.mark.parametrize("way", ["itself", "through others", "gone"])
def test_a_circle_that_is_there_all_the_same_does_not_happen(
    way: str, said: list[str], viewer: Callable[..., Viewer]
) -> None:
    save("A", line("a"), use({"itself": "A", "through others": "B", "gone": "C"}[way]))
    save("B", {"kind": "only_if", "effects": [use("A")]})
    assert unfolded([use("A")]) == [use("A")]
    (item,) = run(use("A"))
    assert item.state == State.FAILED and said == []
    run({"kind": "run_effects", "effects": [use("A"), line("after")]})
    assert said == ["after"]
    with pytest.raises(Refused):
        trying.try_effects(Trial(list(planned([use("A")], {}))), "mo")


def test_a_redeem_with_one_that_is_missing_is_refused(viewer: Callable[..., Viewer], rules: Any, now: Any) -> None:
    from redeems import purchase

    Redeem.objects.create(key="own", title="Own", cost=7, effects=[use("Gone")])
    with pytest.raises(Refused, match="there is no saved sequence called “Gone”"):
        purchase.buy(viewer=viewer("Bob", points=10), key="own", words="", rules=rules, now=now, reference="r")
    assert Points.objects.get(viewer__key="bob").balance == 10


def test_doubling_sequences_do_not_grow_without_end() -> None:
    save("S0", *[line("x")] * 20)
    for number in range(1, 12):
        save(f"S{number}", *[use(f"S{number - 1}")] * 20)
    assert unfolded([use("S11")]) == [use("S11")]
    assert "more than 200" in sequences.mistakes("S12", [use("S11")])[0]


class TestPage:
    """Its page in the dashboard."""

    def post(self, client: Client, address: str, name: str, *effects: Any) -> str:
        import json

        answer = client.post(address, {"name": name, "effects": json.dumps(effects)})
        return "saved" if answer.status_code == 302 else answer.content.decode()

    def test_a_circle_is_refused_when_it_is_saved(self, admin_client: Client) -> None:
        assert self.post(admin_client, f"{LIST}add/", "A", line("x")) == "saved"
        assert self.post(admin_client, f"{LIST}add/", "B", {"kind": "only_if", "effects": [use("a")]}) == "saved"
        page = self.post(admin_client, f"{LIST}{SavedSequence.objects.get(name='A').pk}/change/", "A", use("B"))
        assert "It would contain itself: “A” in “B”." in page
        assert "It would contain itself" in self.post(admin_client, f"{LIST}add/", "C", use("c"))
        assert self.post(admin_client, f"{LIST}add/", "a", line("x")).count("already the name of another")

    def test_one_that_is_named_is_neither_renamed_nor_deleted(self, admin_client: Client) -> None:
        row = save("A", line("x"))
        Redeem.objects.create(
            key="own", title="Own", effects=[{"kind": "one_of", "choices": [{"effects": [use("a")]}]}]
        )
        assert names.rows_naming("saved", "A") == ["redeem “Own”"]
        address = f"{LIST}{row.pk}/"
        assert "It is named by redeem" in self.post(admin_client, f"{address}change/", "B", line("x"))
        admin_client.post(f"{address}delete/", {"post": "yes"})
        assert SavedSequence.objects.get().name == "A"
        Redeem.objects.all().delete()
        assert self.post(admin_client, f"{address}change/", "B", line("x")) == "saved"
        admin_client.post(f"{address}delete/", {"post": "yes"})
        assert not SavedSequence.objects.exists()

    def test_its_name_is_offered(self, admin_client: Client) -> None:
        save("Party", line("x"))
        assert admin_client.get("/admin/effects/obsconnection/names/").json()["saved"] == ["Party"]


def test_a_plain_step_is_no_effect_of_its_own(said: list[str]) -> None:
    save("Hello", line("hello"))
    items.enqueue(Effect("saved", {"name": "hello"}))
    worker.drain("")
    assert said == ["hello"]

"""Rows of the version before purchases come over whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.db.migrations.exceptions import IrreversibleError
from django.utils import timezone

from economy.ledger import points as ledger
from economy.models import Merge, Points, Viewer
from economy.viewers import merging
from effects.models import Purchase, QueueItem, State
from effects.queue import control, playback, worker
from tests.single_migrations import migrate, migrate_back

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("woken", "frames"),
    pytest.mark.journey,  # every test migrates there and back, a second each
]

BEFORE = ("effects", "0004_what_was_done")
BEGAN = timezone.now() - timedelta(minutes=1)


@pytest.fixture
def store() -> Iterator[Callable[..., int]]:
    """Stores a queue item of the old shape; returns its id."""
    rows = migrate_back([BEFORE]).get_model("effects", "QueueItem").objects

    def put(kind: str, **columns: Any) -> int:
        return int(rows.create(kind=kind, created_at=BEGAN, **columns).pk)

    yield put
    migrate()


@pytest.fixture
def bob(viewer: Callable[..., Viewer]) -> Viewer:
    return viewer("Bob", points=100)


def test_a_speech_that_plays_is_told_again_and_ends_in_time(store: Callable[..., int], bob: Viewer) -> None:
    message = {"type": "speak", "text": "Bob said: hi", "seconds": 1.5, "lane": "tts", "attempt": 1}
    result = {
        "said": "Bob said hi", "caption": "Bob said: hi", "speech": "speech/x.wav", "by_browser": False,
        "is_ready": True, "overlay": message, "seconds": 3.0,
    }  # fmt: skip
    told_at = timezone.now()
    number = store("speak", lane="tts", state="running", attempts=1, viewer_id=bob.pk, result=result, told_at=told_at)
    migrate()
    item = QueueItem.objects.get(pk=number)
    assert playback.playing() == [(number, message)]
    assert (item.speech_file, item.speech_seconds, item.overlay_seconds) == ("speech/x.wav", 1.5, 3.0)
    assert (item.speech_text, item.caption, item.is_spoken_by_page) == ("Bob said hi", "Bob said: hi", False)
    assert item.is_prepared and item.purchase is None
    playback.started(number, 1)
    assert playback.finished(number, 1)


def test_a_speech_made_ahead_is_not_made_again(store: Callable[..., int]) -> None:
    result = {"said": "hi", "caption": "hi!", "seconds": 2.5, "by_browser": True, "is_ready": True}
    number = store("speak", lane="tts", result=result)
    migrate()
    item = QueueItem.objects.get(pk=number)
    assert (item.speech_seconds, item.overlay_seconds, item.overlay_message) == (2.5, 0, {})
    assert item.is_prepared and item.is_spoken_by_page and item.speech_file == ""


def test_what_is_paid_and_waits_gives_everything_back_once(store: Callable[..., int], bob: Viewer) -> None:
    payment = ledger.spend(bob, 25, source="redeem", reference="r:1")
    until = (timezone.now() + timedelta(minutes=1)).isoformat()
    took = {"cooldowns": {"redeem.clip:bob": until}, "stock": True}
    number = store(
        "obs_clip", lane="effect", viewer_id=bob.pk, payment_id=payment.pk, redeem="clip", result={"took": took}
    )
    migrate()
    item = QueueItem.objects.get(pk=number)
    purchase = Purchase.objects.get()
    assert item.purchase == purchase and item.redeem == "clip"
    assert (purchase.viewer, purchase.payment, purchase.redeem) == (bob, payment, "clip")
    assert (purchase.took_stock, purchase.cooldowns) == (True, took["cooldowns"])
    assert (purchase.created_at, purchase.refunded_at) == (BEGAN, None)
    assert control.clear("effect", by="fox") == 1
    assert Points.objects.get(viewer=bob).balance == 100


def test_what_was_refunded_is_not_refunded_again(store: Callable[..., int], bob: Viewer) -> None:
    ended = {"lane": "tts", "viewer_id": bob.pk, "finished_at": BEGAN}
    paid = [ledger.spend(bob, 10, source="redeem", reference=f"r:{number}") for number in range(2)]
    back = ledger.refund(paid[0], reason="speak failed")
    store("speak", state="failed", redeem="tts", payment_id=paid[0].pk, **ended)
    store("speak", state="done", payment_id=paid[1].pk, **ended)  # of a version that stored no redeem
    store("speak", state="cancelled", redeem="tts", result={"took": {"cooldowns": {}, "stock": False}}, **ended)
    store("speak", state="done", **ended)
    migrate()
    rows = Purchase.objects.order_by("pk").values_list("payment", "redeem", "refunded_at")
    assert list(rows) == [(paid[0].pk, "tts", back.created_at), (paid[1].pk, "", None), (None, "tts", BEGAN)]
    assert QueueItem.objects.filter(purchase=None).count() == 1


def test_a_sequence_goes_on_where_it_was_and_refunds(
    store: Callable[..., int], bob: Viewer, kind: Callable[..., str], said: list[str]
) -> None:
    kind("note", lambda item: None)
    payment = ledger.spend(bob, 40, source="redeem", reference="r:1")
    columns = {"lane": "test", "viewer_id": bob.pk}
    store("run_effects", state="done", viewer_id=bob.pk, finished_at=BEGAN)  # has handed its payment on
    store(
        "note", payment_id=payment.pk, redeem="party", sequel=[{"kind": "gone"}],
        result={"took": {"cooldowns": {}, "stock": True}, "part_of": "the prize " + "x" * 200}, **columns,
    )  # fmt: skip
    migrate()
    worker.drain("test")
    assert [item.kind for item in Purchase.objects.get().items.order_by("pk")] == ["note", "run_effects"]
    assert QueueItem.objects.latest("pk").state == State.FAILED
    assert Points.objects.get(viewer=bob).balance == 100 and len(said) == 1
    assert set(Purchase.objects.get().items.values_list("part_of", flat=True)) == {("the prize " + "x" * 200)[:100]}


def test_a_merge_of_before_is_undone_whole(
    store: Callable[..., int], bob: Viewer, viewer: Callable[..., Viewer]
) -> None:
    new = viewer("New")
    moved = store("obs_clip", lane="effect", viewer_id=new.pk, redeem="clip")
    own = store("obs_clip", lane="effect", viewer_id=new.pk, redeem="clip")
    merge = Merge.objects.create(source=bob, target=new, points=0, xp=0, moved={"effects.QueueItem.viewer": [moved]})
    migrate()
    merge.refresh_from_db()
    merging.undo(merge)
    assert Purchase.objects.get(items=moved).viewer == bob and Purchase.objects.get(items=own).viewer == new


def test_many_rows_come_over_in_pieces(store: Callable[..., int], monkeypatch: pytest.MonkeyPatch, bob: Viewer) -> None:
    monkeypatch.setattr(import_module("effects.migrations.0006_carry_over_results"), "PIECE", 2)
    numbers = [store("obs_clip", viewer_id=bob.pk, redeem="clip", result={"path": f"/{n}.mkv"}) for n in range(5)]
    migrate()
    items = QueueItem.objects.order_by("pk")
    assert [(item.pk, item.saved_path) for item in items] == [(n, f"/{at}.mkv") for at, n in enumerate(numbers)]
    assert Purchase.objects.count() == 5


def test_there_is_no_way_back_once_there_are_purchases(bob: Viewer) -> None:
    purchase = Purchase.objects.create(viewer=bob, redeem="clip")
    with pytest.raises(IrreversibleError):
        migrate_back([BEFORE])
    migrate()
    assert Purchase.objects.get() == purchase

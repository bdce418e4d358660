"""Commands of one's own, counters and quotes: made in chat and in the dashboard, used by viewers."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.utils import timezone

from economy.ledger import xp
from economy.ledger.currencies import POINTS_LEDGER
from economy.models import Cooldown, Viewer
from economy.viewers import forgetting
from economy.viewers.roles import Role
from effects.models import Deed, Purchase, QueueItem, State
from effects.queue import control, items
from joystick.chat import answering, counters, quotes, seeds, taken
from joystick.inbox import receive
from joystick.models import Count, Counter, CustomCommand, FilterAction, InboundEvent, ModeratedLine, Quote, Stream
from joystick.protocol.frames import ReceivedFrame, read_frame
from joystick.simulator.happenings import chat
from pixelbot_site.kit import phrases, words
from pixelbot_site.kit.phrases import Book
from pixelbot_site.kit.words import fill, mistakes
from redeems import purchase

pytestmark = pytest.mark.django_db

Type = Callable[..., list[str]]


@pytest.fixture
def write(
    viewer: Callable[..., Viewer],
    deliver: Callable[..., None],
    said: list[str],
    django_capture_on_commit_callbacks: Any,
) -> Type:
    """Return what the bot says to lines in chat: `write("Bob", "!hug", "!hug Ann")`; "Mo" is a moderator."""
    viewer("Bob", points=100)
    purchase.seed()

    def type_them(name: str, *lines: str) -> list[str]:
        said.clear()
        for line in lines:
            Cooldown.objects.exclude(key__startswith="custom").delete()
            with django_capture_on_commit_callbacks(execute=True):
                deliver(chat(name, line, *(("mod",) if name == "Mo" else ())))
        return list(said)

    return type_them


def made(word: str, answers: str = "", **fields: Any) -> CustomCommand:
    return CustomCommand.objects.create(word=word, answers=answers, **{"cooldown_seconds": 0, **fields})


@pytest.mark.usefixtures("stage")
def test_a_word_of_full_length_is_sold_and_a_phrase_of_any_length_ends_it(write: Type) -> None:
    word = "x" * 40
    made(word, "yes", cost=30, effects=[{"kind": "speak", "text": "hello"}])
    phrases.book.use(lambda: Book({"queue.cancelled": ("this was cancelled " * 20,)}))
    try:
        assert write("Bob", f"!{word}") == ["yes"]
        assert control.cancel(QueueItem.objects.get(), by="mo")
    finally:
        phrases.book.use(None)
    assert POINTS_LEDGER.amount_of(Viewer.objects.get(key="bob").pk) == 100
    assert Deed.objects.get().what.startswith("this was cancelled")


def test_the_newest_line_of_somebody_is_one_that_all_may_read(write: Type) -> None:
    write("Bob", "one", "two", "three")
    last, second = InboundEvent.objects.order_by("-id")[:2]
    ModeratedLine.objects.create(event=last.uid, action=FilterAction.DELETE)
    bob = Viewer.objects.get(key="bob")
    assert quotes.newest_line(bob) == "two"
    whisper = chat("Bob", "five Elm Street").message("v2")
    whisper["data"]["visibility"] = "private"
    received = read_frame(json.dumps({"message": whisper}))
    assert isinstance(received, ReceivedFrame)
    receive.receive([received])
    assert InboundEvent.objects.order_by("-id").first().text == "five Elm Street"  # type: ignore[union-attr]
    assert quotes.newest_line(bob) == "two"
    InboundEvent.objects.filter(pk=second.pk).update(raw="")  # nobody can tell any more
    assert quotes.newest_line(bob) == "one"


def test_it_answers_with_words_filled_in_once_and_counts_its_uses(write: Type) -> None:
    made("hug", "{user} hugs {1|everybody} ({uses})", aliases="cuddle")
    assert write("Bob", "!hug", "!HUG {user}", "!cuddle Ann x") == [
        "Bob hugs everybody (1)", "Bob hugs {user} (2)", "Bob hugs Ann (3)",
    ]  # fmt: skip


def test_answers_come_in_turn(write: Type) -> None:
    made("say", "one\ntwo\n\nthree", in_turn=True)
    assert write("Bob", *["!say"] * 4) == ["one", "two", "three", "one"]


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"role": Role.MODERATOR}, "@Bob !x is for moderators."),
        ({"min_level": 3}, "@Bob !x is from level 3 on, you are at level 1."),
        ({"live_only": True}, "@Bob !x is only for while the stream is live."),
        ({"cost": 500}, "@Bob you need 400 more points (you have 100)."),
        ({"enabled": False}, None),
    ],
)
def test_who_may_not_is_told_why_and_loses_nothing(write: Type, fields: dict[str, Any], line: str | None) -> None:
    row = made("x", "hello", cooldown_seconds=60, **fields)
    assert write("Bob", "!x") == ([line] if line else [])
    row.refresh_from_db()
    assert row.uses == 0 and not Cooldown.objects.filter(key__startswith="custom").exists()
    viewer = Viewer.objects.get(key="bob")
    assert POINTS_LEDGER.amount_of(viewer.pk) == 100
    if "min_level" in fields:
        xp.award(viewer, 5000, source="test", reference="t")
    Stream.objects.create(started_at=timezone.now())
    CustomCommand.objects.update(role=0, cost=0, enabled=True)
    assert write("Bob", "!x") == ["hello"]


def test_a_counter_is_told_to_one_viewer_now_and_then_and_counts_as_often_as_it_happens(
    write: Type, settings: Any
) -> None:
    settings.COMMAND_COOLDOWN_SECONDS = 60
    Counter.objects.create(name="Ärger")
    assert write("Bob", "!Ärger", "!ärger") == ["ärger: 0"]
    assert write("Mo", "!ärger +1", "!ÄRGER +1") == ["ärger: 1", "ärger: 2"]


def test_help_lists_what_is_for_the_stream_while_it_is_live(write: Type) -> None:
    made("x", "hello", live_only=True)
    assert "!x" not in write("Bob", "!help")[0]
    Stream.objects.create(started_at=timezone.now())
    assert "!x" in write("Bob", "!help")[0]
    CustomCommand.objects.update(min_level=10)
    assert "!x" not in write("Bob", "!help")[0]
    assert write("Bob", "!help x") == ["@Bob !x is a command of this channel's own."]


def test_cooldowns_hold_for_each_viewer_and_for_everybody(write: Type, viewer: Callable[..., Viewer]) -> None:
    viewer("Ann")
    made("own", "own", cooldown_seconds=60)
    made("all", "all", global_cooldown_seconds=60)
    assert write("Bob", "!own", "!own", "!all") == ["own", "all"]
    assert write("Ann", "!own", "!all") == ["own"]


def test_what_has_a_price_is_a_purchase_and_goes_back_where_it_does_not_happen(
    write: Type, said: list[str], stage: None
) -> None:
    made("boo", "boo, {user}!", cost=30, effects=[{"kind": "alert", "text": "{user}: {rest|boo}"}])
    assert write("Bob", "!boo a b") == ["boo, Bob!"]
    bob = Viewer.objects.get(key="bob")
    item = QueueItem.objects.get()
    assert item.payload["text"] == "Bob: b" and item.viewer == bob and item.event and item.redeem == "!boo"
    assert POINTS_LEDGER.amount_of(bob.pk) == 70
    items.end(item, State.FAILED, "no screen")
    assert POINTS_LEDGER.amount_of(bob.pk) == 100
    assert Purchase.objects.get().refunded_at is not None
    # Where no page is open, it is refused before it costs.
    from effects.models import OverlayPage

    OverlayPage.objects.all().delete()
    (line,) = write("Bob", "!boo")
    assert line.startswith("@Bob ") and POINTS_LEDGER.amount_of(bob.pk) == 100


def test_with_the_points_its_cooldowns_come_back(write: Type, said: list[str], stage: None) -> None:
    made("boo", cost=30, cooldown_seconds=600, global_cooldown_seconds=900, effects=[{"kind": "alert", "text": "boo"}])
    assert write("Bob", "!boo", "!boo") == [] and QueueItem.objects.count() == 1
    items.end(QueueItem.objects.get(), State.FAILED, "no screen")
    write("Bob", "!boo")
    assert QueueItem.objects.count() == 2


def test_one_that_needs_words_asks_for_them(write: Type, stage: None) -> None:
    made("show", cost=30, effects=[{"kind": "alert", "text": "{text}"}])
    assert write("Bob", "!show") == ["@Bob write something behind !show."]
    assert POINTS_LEDGER.amount_of(Viewer.objects.get(key="bob").pk) == 100
    assert write("Bob", "!show me") == []
    assert QueueItem.objects.get().payload["text"] == "me"


def test_two_effects_of_a_priced_command_come_one_after_another(write: Type, stage: None) -> None:
    effects = [{"kind": "alert", "text": "{1}"}, {"kind": "alert", "text": "b"}]
    made("two", cost=5, effects=effects)
    made("free", effects=effects)
    # What a viewer typed is no word, in the sequence's own turn either.
    assert write("Bob", "!two {time}") == []
    assert [item.payload["text"] for item in QueueItem.objects.filter(kind="alert")] == ["{time}"]
    write("Bob", "!free")
    assert QueueItem.objects.filter(kind="alert").count() == 3


def test_moderators_make_change_and_delete_them_in_chat(write: Type) -> None:
    assert write("Bob", "!cmd add hug x") == ["@Bob !cmd is for moderators."]
    assert write("Mo", "!cmd add !Hug {user} hugs {1|all}", "!hug Ann") == ["@Mo !hug is there now.", "Mo hugs Ann"]
    CustomCommand.objects.update(cooldown_seconds=0)
    assert write("Mo", "!cmd edit hug no", "!hug", "!cmd off hug", "!hug") == [
        "@Mo !hug says something else now.", "no", "@Mo !hug is off.",
    ]  # fmt: skip
    assert write("Mo", "!cmd on hug", "!cmd del hug", "!cmd del hug") == [
        "@Mo !hug is on.", "@Mo !hug is gone.", "@Mo there is no own command !hug.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("add points x", "!points is taken: it is a word of the command !points."),
        ("add balance x", "!balance is taken: it is a word of the command !points."),
        ("add tts x", "!tts is taken: it is a redeem."),
        ("add so x", "!so is taken: Joystick.tv itself answers it."),
        ("add boo x", "!boo is taken: it is a word of your own command !boo."),
        ("add deaths x", "!deaths is taken: it is a counter."),
        ("add new {nobody}", "{nobody} is not filled in here."),
        ("add new {counter:lives}", "There is no counter called lives."),
        ("add new", "write it like this: !cmd add WORD TEXT"),
        ("add two/words x", "write it like this: !cmd add WORD TEXT"),
        ("del boo x", "write it like this: !cmd add WORD TEXT"),
        ("what boo", "write it like this: !cmd add WORD TEXT"),
        ("", "write it like this: !cmd add WORD TEXT"),
    ],
)
def test_what_can_not_be_a_command_is_refused_with_the_reason(write: Type, line: str, answer: str) -> None:
    from joystick.chat import built_in

    built_in.seed()
    made("boo", "b")
    Counter.objects.create(name="deaths")
    (said,) = write("Mo", f"!cmd {line}")
    assert said.startswith(f"@Mo {answer}")
    assert CustomCommand.objects.count() == 1


def test_they_are_listed_and_guessed_and_keep_redeems_from_their_words(write: Type) -> None:
    made("hug", "x")
    made("secret", "x", is_listed=False)
    made("staff", "x", role=Role.MODERATOR)
    (line,) = write("Bob", "!help")
    assert "!hug" in line and "!secret" not in line and "!staff" not in line
    assert write("Bob", "!huge") == ["@Bob I don't know !huge. Did you mean !hug?"]
    assert set(taken.reserved()).issuperset({"hug", "secret", "points", "so"})


def test_a_counter_is_told_to_all_and_changed_by_moderators(write: Type) -> None:
    Counter.objects.create(name="Deaths", value=4)
    assert write("Bob", "!deaths", "!deaths +1", "!deaths what") == [
        "deaths: 4",
        "@Bob only moderators change !deaths.",
        "@Bob write !deaths, !deaths +1, !deaths -1, !deaths =5 or !deaths reset.",
    ]
    assert write("Mo", "!deaths +1", "!deaths -3", "!deaths =7", "!deaths", "!deaths reset") == [
        f"deaths: {value}" for value in (5, 2, 7, 7, 0)
    ]
    assert [(change.change, change.value, str(change.viewer)) for change in Count.objects.all()] == [
        (-7, 0, "Mo"), (5, 7, "Mo"), (-3, 2, "Mo"), (1, 5, "Mo"),
    ]  # fmt: skip


def test_a_counter_in_a_text_counts_where_a_viewer_set_it_off(viewer: Callable[..., Viewer]) -> None:
    bob = viewer("Bob")
    Counter.objects.create(name="deaths", value=4)
    assert fill("{counter:deaths} {counter:deaths+2} {counter:Deaths-1}", {"user": "Bob"}) == "4 6 5"
    assert fill("{counter:deaths+2} {counter:lives|none} {counter:lives}", {}) == "5 none 0"
    assert Count.objects.filter(viewer=bob).count() == 2
    with words.trial():
        assert fill("{counter:deaths+2}", {"user": "Bob"}) == "5"
    assert mistakes("{counter:deaths+2}", ()) == []
    assert mistakes("{counter:lives} {counter:a b}", ()) == [
        "There is no counter called lives.",
        "{counter:…} takes the name of a counter, as in {counter:deaths} or {counter:deaths+1}.",
    ]


def test_a_counter_begins_anew_with_a_stream_where_it_should() -> None:
    Counter.objects.create(name="falls", value=9, resets=True)
    Counter.objects.create(name="ever", value=9)
    Stream.objects.create(started_at=timezone.now())
    assert (counters.value("falls"), counters.value("ever")) == (0, 9)
    assert counters.count("falls", 1, by=None) == 1 and counters.value("falls") == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_who_count_and_quote_at_once_nobody_is_lost(viewer: Callable[..., Viewer]) -> None:
    bob = viewer("Bob")
    Counter.objects.create(name="deaths")

    def both(number: int) -> None:
        counters.count("deaths", 1, by=bob)
        quotes.add(f"quote {number}", viewer=bob, by=bob, approved=True)
        connection.close()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(both, range(24)))
    assert counters.value("deaths") == 24
    assert sorted(Quote.objects.values_list("number", flat=True)) == list(range(1, 25))


def test_quotes_are_told_by_number_by_word_and_at_random(write: Type, settings: Any) -> None:
    assert write("Bob", "!quote") == ["@Bob there is no such quote."]
    write("Bob", "I said something wise")
    assert write("Mo", "!quote last Bob", "!quote add so be it") == ["@Mo kept as quote 1.", "@Mo kept as quote 2."]
    assert write("Bob", "!quote 1", "!quote BE IT", "!quote 3") == [
        "@Bob 1: “I said something wise” – Bob", "@Bob 2: “so be it”", "@Bob there is no such quote.",
    ]  # fmt: skip
    assert write("Bob", "!quote add mine") == ["@Bob only moderators add quotes."]
    settings.QUOTES_FROM_VIEWERS = True
    assert write("Bob", "!quote add mine") == ["@Bob thanks, quote 3 waits for a moderator."]
    assert quotes.told("3") is None and quotes.told("mine") is None
    assert write("Bob", "!quote del 1") == ["@Bob only moderators add quotes."]
    assert write("Mo", "!quote del 2", "!quote del 99") == ["@Mo quote 2 is deleted.", "@Mo there is no such quote."]
    assert fill("{quote}", {}) == "I said something wise"
    forgetting.forget(Viewer.objects.get(key="bob"))
    assert list(Quote.objects.values_list("number", flat=True)) == [3]
    assert fill("{quote} {quote|-}", {}) == "no quote yet -"


def test_the_dashboard_makes_and_tries_them_and_refuses_words_that_are_taken(
    admin_client: Client, stage: None, django_capture_on_commit_callbacks: Any
) -> None:
    form = {
        "word": "Hug", "aliases": "!cuddle", "answers": "{user} hugs {1|all}", "role": 0, "min_level": 0, "cost": 0,
        "global_cooldown_seconds": 0, "enabled": "on", "is_listed": "on",
        "effects": '[{"kind": "alert", "text": "{target}"}]',
    }  # fmt: skip
    add = "/admin/joystick/customcommand/add/"
    for changed, mistake in (
        ({"word": "so"}, "!so is taken: Joystick.tv itself answers it."),
        ({"aliases": "uptime"}, "!uptime is taken"),
        ({"answers": "{nobody}"}, "{nobody} is not filled in here."),
        ({"answers": "", "effects": "[]"}, "Write an answer, or add an effect."),
    ):
        assert mistake in admin_client.post(add, {**form, **changed}).text
    page = admin_client.post(add, {**form, "_try": "Try", "_try_words": "Ann"}).text
    assert "say in chat “admin hugs Ann”" in page
    assert not CustomCommand.objects.exists()
    admin_client.post(add, form)
    row = CustomCommand.objects.get()
    assert (row.word, row.aliases) == ("hug", "cuddle")
    page = admin_client.get("/admin/joystick/customcommand/").text
    assert "“{user} hugs {1|all}”, Alert" in page
    page = admin_client.post("/admin/joystick/counter/add/", {"name": "cuddle", "value": 0}).text
    assert "!cuddle is taken: it is a word of your own command !hug." in page
    admin_client.post(
        "/admin/joystick/quote/add/",
        {"text": "well", "created_at_0": "2026-08-01", "created_at_1": "20:00:00", "approved": "on"},
    )
    assert Quote.objects.get().number == 1
    assert CustomCommand in admin.site._registry


def test_a_first_start_creates_some_switched_off() -> None:
    seeds.seed()
    assert set(CustomCommand.objects.values_list("word", "enabled")) == {(word, False) for word in seeds.COMMANDS}
    for row in CustomCommand.objects.all():
        row.full_clean()
    CustomCommand.objects.all().delete()
    made("mine", "x")
    seeds.seed()
    assert CustomCommand.objects.count() == 1


def test_what_was_made_or_changed_holds_at_once(
    write: Type, admin_client: Client, django_capture_on_commit_callbacks: Any
) -> None:
    row = made("boo", "b")
    answering.follow_rows()
    try:
        assert write("Mo", "!boo", "!cmd add hug hugs", "!hug") == ["b", "@Mo !hug is there now.", "hugs"]
        with django_capture_on_commit_callbacks(execute=True):
            admin_client.post(f"/admin/joystick/customcommand/{row.pk}/delete/", {"post": "yes"})
        assert write("Mo", "!boo") == []
        with django_capture_on_commit_callbacks(execute=True):
            form = {"name": "deaths", "value": 3, "changes-TOTAL_FORMS": 0, "changes-INITIAL_FORMS": 0}
            admin_client.post("/admin/joystick/counter/add/", form)
        assert write("Mo", "!deaths") == ["deaths: 3"]
    finally:
        answering.use_rows_each_time()


def test_trying_counts_nothing(admin_client: Client, stage: None) -> None:
    Counter.objects.create(name="deaths", value=3)
    row = made("died", "died {counter:deaths+1}")
    page = admin_client.post(
        f"/admin/joystick/customcommand/{row.pk}/change/",
        {"word": "died", "answers": row.answers, "effects": "[]", "role": 0, "min_level": 0, "cost": 0,
         "global_cooldown_seconds": 0, "enabled": "on", "_try": "Try"},
    ).text  # fmt: skip
    assert "say in chat “died 3”" in page and counters.value("deaths") == 3


def test_a_form_that_was_open_does_not_take_back_what_was_counted_meanwhile(admin_client: Client) -> None:
    row = Counter.objects.create(name="hits")
    page = f"/admin/joystick/counter/{row.pk}/change/"
    changes = {"changes-TOTAL_FORMS": 0, "changes-INITIAL_FORMS": 0}
    shown = {"name": "hits", "value": 0, "initial-value": 0, **changes}
    counters.count("hits", 3, by=None)
    assert admin_client.post(page, {**shown, "resets": "on"}).status_code == 302
    row.refresh_from_db()
    assert (row.value, row.resets) == (3, True)
    assert admin_client.post(page, {**shown, "value": 7}).status_code == 302
    row.refresh_from_db()
    assert row.value == 7 and [one.value for one in row.changes.all()] == [7, 3]
    assert "At most 999,999,999" in admin_client.post(page, {**shown, "value": 2**63 - 1}).text

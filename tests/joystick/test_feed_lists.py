"""The feed in the dashboard: what its search and filters find, and that indexes answer them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.translation import override

from joystick.channel import streams
from joystick.models import CustomCommand, InboundEvent
from joystick.simulator.happenings import Happening, chat, tip

pytestmark = pytest.mark.django_db

FEED = "/admin/joystick/inboundevent/"
Deliver = Callable[..., None]
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's query plan")


@pytest.fixture
def fox() -> Client:
    """The streamer at the dashboard."""
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("fox", password="x"))
    return client


@pytest.fixture
def feed(deliver: Deliver) -> None:
    """A line of last year, one of now, a tip that failed, and an unknown kind."""
    deliver(chat("Old", "old"), chat("Ännchen", "hello"), tip("Bob", 5), Happening("something_new", text="well"))
    InboundEvent.objects.filter(username="Bob").update(state="failed")
    InboundEvent.objects.filter(username="Old").update(received_at=timezone.now() - timedelta(days=370))


def found(fox: Client, **query: str) -> list[str]:
    """Return the kinds and names of the rows in the list."""
    rows = fox.get(FEED, query).context["cl"].result_list
    return [f"{row.kind} {row.username}".strip() for row in rows]


@pytest.mark.usefixtures("feed")
class TestWhatIsFound:
    """Rows by search and filter."""

    @pytest.mark.parametrize("words", ["ÄNNCHEN", " @ännchen "])
    def test_a_name_is_found_in_any_case(self, fox: Client, words: str) -> None:
        assert found(fox, q=words) == ["new_message Ännchen"]

    def test_an_events_uid_is_found(self, fox: Client) -> None:
        assert found(fox, q=InboundEvent.objects.get(username="Bob").uid) == ["tipped Bob"]

    def test_a_word_that_is_no_name_finds_nothing(self, fox: Client) -> None:
        assert found(fox, q="hello") == []

    def test_known_unknown_and_each_kind(self, fox: Client) -> None:
        assert found(fox, known="no") == ["something_new"]
        assert found(fox, known="yes") == ["tipped Bob", "new_message Ännchen", "new_message Old"]
        assert found(fox, kind="tipped") == ["tipped Bob"]
        assert found(fox, state__exact="failed") == ["tipped Bob"]

    def test_the_kinds_to_choose_from_are_those_in_the_feed(self, fox: Client) -> None:
        page = fox.get(FEED).content.decode()
        assert set(re.findall(r"\?kind=(\w+)", page)) == {"new_message", "something_new", "tipped"}

    def test_a_time_narrows(self, fox: Client) -> None:
        yesterday = str(timezone.now() - timedelta(days=1))
        assert found(fox, received_at__gte=yesterday) == ["something_new", "tipped Bob", "new_message Ännchen"]
        assert found(fox, received_at__lt=yesterday) == ["new_message Old"]
        assert found(fox, received_at__gte=str(timezone.now() + timedelta(days=1))) == []
        assert fox.get(FEED, {"received_at__gte": "soon"}).status_code == 302


def plans(fox: Client, **query: str) -> list[str]:
    """Return SQLite's plan of each statement that reads the feed for a page of the list."""
    with CaptureQueriesContext(connection) as asked:
        assert fox.get(FEED, query).status_code == 200
    statements = [
        query["sql"]
        for query in asked
        if '"joystick_inboundevent"' in query["sql"]
        and ("WHERE" in query["sql"] or not query["sql"].endswith("LIMIT 1"))  # the first row, or the last
    ]
    assert statements
    with connection.cursor() as cursor:
        steps = [cursor.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall() for sql in statements]
    return [step[3] for plan in steps for step in plan]


@on_sqlite
@pytest.mark.parametrize(
    "query",
    [
        {"q": "missing"},
        {"state__exact": "failed"},
        {"state__exact": "unreadable"},
        {"known": "no"},
        {"known": "yes"},
        {"kind": "tipped"},
        {"received_at__gte": "2026-01-01 00:00:00Z", "received_at__lt": "2027-01-01 00:00:00Z"},
    ],
    ids=str,
)
def test_no_list_reads_the_whole_feed_nor_sorts_it(fox: Client, deliver: Deliver, query: dict[str, str]) -> None:
    deliver(chat("Bob", "hello"), Happening("something_new"))
    InboundEvent.objects.update(received_at="2026-08-01T20:00:00Z")
    steps = plans(fox, **query)
    assert not [step for step in steps if "TEMP B-TREE" in step], steps
    reads = [step for step in steps if step.startswith(("SCAN", "SEARCH"))]
    # A scan in the order of the ids ends with the page where nearly every row is wanted. The indexes named event_… hold
    # no other rows than those.
    if query != {"known": "yes"}:
        assert all(step.startswith("SEARCH") or "stored" in step or "INDEX event_" in step for step in reads), steps


@on_sqlite
def test_a_streams_new_viewers_are_counted_by_an_index() -> None:
    stream = streams.begin("channel", timezone.now() - timedelta(hours=1))
    with CaptureQueriesContext(connection) as asked:
        streams.figures(stream)
    (counting,) = [query["sql"] for query in asked if "first_seen_at" in query["sql"]]
    with connection.cursor() as cursor:
        plan: Any = cursor.execute(f"EXPLAIN QUERY PLAN {counting}").fetchall()
    assert "viewer_first_seen" in str(plan)


@pytest.mark.parametrize(
    "address", ["effects/queueitem/?created_at__year=0", "economy/transaction/?viewer=9" + "9" * 25]
)
def test_a_filter_that_no_column_can_have_is_no_error(admin_client: Client, address: str) -> None:
    assert admin_client.get(f"/admin/{address}", follow=True).status_code == 200


def test_a_list_is_saved_again_after_a_row_was_deleted_meanwhile(admin_client: Client) -> None:
    kept, gone = (CustomCommand.objects.create(word=word, answers="x") for word in ("hug", "wave"))
    page = "/admin/joystick/customcommand/"
    shown = admin_client.get(page).context["cl"].formset
    form = {"form-TOTAL_FORMS": 2, "form-INITIAL_FORMS": 2, "_save": "Save"}
    for number, one in enumerate(shown.forms):
        form |= {f"form-{number}-{name}": one[name].value() or "" for name in one.fields}
        form[f"form-{number}-id"] = one.instance.pk
    gone.delete()
    answer = admin_client.post(page, form, follow=True)
    assert "Nothing was saved: a row was deleted meanwhile." in answer.text
    assert "hug" in answer.text and CustomCommand.objects.get(pk=kept.pk).enabled


def test_no_reward_is_for_a_level_that_there_is_not(admin_client: Client) -> None:
    page = admin_client.post("/admin/economy/levelreward/add/", {"level": 10_000, "points": 5, "effects": "[]"}).text
    assert "less than or equal to 9999" in page


def test_the_box_of_a_row_is_djangos_own_without_a_template_for_each(fox: Client, feed: None) -> None:
    lines = admin.site.get_model_admin(InboundEvent)
    line = InboundEvent(pk=7, kind="tipped", username="<b>\"'&")
    with override("de"):
        assert lines.action_checkbox(line) == admin.ModelAdmin.action_checkbox(lines, line)
    page = fox.get(FEED)
    assert page.content.count(b'class="action-select"') == 4
    assert "django/forms/widgets/checkbox.html" not in [template.name for template in page.templates]

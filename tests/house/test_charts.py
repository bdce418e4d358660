"""Charts: the right figures in the right part of time, tables beside them, and answers along the indexes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import django
import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from economy.ledger import points
from economy.ledger.accounts import Row
from economy.models import XP, Points, TransactionKind, Viewer
from effects.models import Purchase
from joystick.models import InboundEvent, Stream
from pixelbot_site.charts import charts, figures, spans, svg
from pixelbot_site.charts.charts import Chart
from pixelbot_site.charts.spans import SPANS
from pixelbot_site.index import board, live
from pixelbot_site.index.board import View
from redeems.models import Redeem
from tests.processes import ROOT

pytestmark = pytest.mark.django_db

Make = Callable[..., Viewer]
NOW = datetime(2026, 8, 1, 20, 0, tzinfo=UTC)
CSS = ROOT / "pixelbot_site/static/pixelbot_site/charts.css"


@pytest.fixture(autouse=True)
def no_kept_charts() -> Iterator[None]:
    """Begin and end without charts of another test."""
    cache.clear()
    yield
    cache.clear()


def change(viewer: Viewer, delta: int, at: datetime, kind: TransactionKind = TransactionKind.GRANT) -> None:
    held = Points.objects.get(pk=viewer.pk).balance
    points.write_rows([Row(viewer.pk, delta, held + delta, "test", f"test:{at}:{delta}", at)], kind=kind)


def happen(at: datetime, who: str = "bob", kind: str = "new_message", tokens: int | None = None) -> None:
    uid = f"{at}:{who}:{kind}"
    InboundEvent.objects.create(uid=uid, kind=kind, username=who, viewer_key=who, tokens=tokens, received_at=at)


def table(key: str, name: str, now: datetime = NOW) -> dict[str, list[str]]:
    """Return the rows of a chart's table by their first cell, those of nothing but zeros left out."""
    cache.clear()
    (chart,) = (chart for chart in charts.of(key, now=now).charts if chart.key == name)
    return {first: rest for first, *rest in chart.table if set(rest) != {"0"}}


def staff(*permissions: str) -> Client:
    user = get_user_model().objects.create_user("mo", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.mark.parametrize(
    ("zone", "midnight"),
    [("UTC", datetime(2026, 7, 30, 0, 0, tzinfo=UTC)), ("America/New_York", datetime(2026, 7, 30, 4, 0, tzinfo=UTC))],
)
def test_a_day_ends_at_midnight_where_the_streamer_is(viewer: Make, zone: str, midnight: datetime) -> None:
    bob = viewer("Bob")
    second = timedelta(seconds=1)
    with timezone.override(zone):
        for at, delta in ((midnight - second, 1), (midnight, 20), (midnight + timedelta(hours=24) - second, 300)):
            change(bob, delta, at)
            happen(at, tokens=delta)
        change(bob, -40, midnight + second, TransactionKind.SPEND)
        happen(midnight + second, "ann")
        happen(midnight + second, "cat", "enter_stream")
        assert table("week", "points") == {"29 Jul": ["1", "0"], "30 Jul": ["320", "40"]}
        assert table("month", "points") == table("week", "points")
        assert table("week", "viewers") == {"29 Jul": ["1"], "30 Jul": ["2"]}
        assert table("week", "tips") == {"29 Jul": ["1"], "30 Jul": ["320"]}


def test_bots_and_the_streamer_are_no_active_viewers(viewer: Make, settings: Any) -> None:
    settings.BOT_USERNAME = "PixelBot"
    settings.EXCLUDED_USERNAMES = frozenset({"helper"})
    for name, badge in (("Harbour", "is_streamer"), ("Nightbot", "is_bot"), ("Bob", "is_moderator")):
        Viewer.objects.filter(pk=viewer(name).pk).update(**{badge: True})
    for who in ("harbour", "nightbot", "bob", "helper", "pixelbot"):
        happen(NOW - timedelta(minutes=1), who)
    assert list(table("week", "viewers").values()) == [["1"]]


def test_a_day_on_which_the_clock_is_put_forward_has_23_hours() -> None:
    with timezone.override("Europe/Berlin"):
        span = spans.days(7, "week", datetime(2026, 4, 1, 12, 0, tzinfo=UTC))
    lasts = [end - begin for begin, end in zip(span.edges, span.edges[1:], strict=False)]
    assert dict(zip(span.labels, lasts, strict=True))["29 Mar"] == timedelta(hours=23)
    assert sum(lasts, timedelta()) == timedelta(days=7, hours=-1)


def test_points_given_are_earned_and_points_spent_are_less_what_came_back(viewer: Make) -> None:
    bob, ann = viewer("Bob", points=100), viewer("Ann")
    back = points.spend(bob, 30, source="test", reference="t:1")
    points.refund(back, reason="test")
    points.spend(bob, 20, source="test", reference="t:2")
    points.transfer(bob, ann, 10, source="give", reference="t:3")
    assert list(table("week", "points", timezone.now()).values()) == [["100", "20"]]


def test_tonight_goes_by_minutes_of_the_stream_and_longer_ones_by_more(viewer: Make) -> None:
    begun = NOW - timedelta(minutes=30)
    stream = Stream.objects.create(channel_id="c", started_at=begun, ended_at=NOW)
    for at in (begun - timedelta(seconds=1), begun, begun + timedelta(seconds=59), begun + timedelta(minutes=1)):
        change(viewer("Bob"), 5, at)
        happen(at, tokens=5)
    with timezone.override("UTC"):
        assert table("tonight", "points") == {"19:30": ["10", "0"], "19:31": ["5", "0"]}
        assert table("tonight", "tips") == {"19:30": ["10"], "19:31": ["5"]}
        assert table("tonight", "events") == {"19:30": ["2"], "19:31": ["1"]}
        for hours, step in ((5, 5), (11, 10), (23, 20), (200, 20)):
            stream.started_at = NOW - timedelta(hours=hours, minutes=3)
            stream.save()
            span = spans.tonight(NOW)
            assert span.edges[1] - span.edges[0] == timedelta(minutes=step)
            assert len(span.labels) <= spans.MAX_PARTS + 1
            assert span.edges[0].minute % step == 0
            assert span.until >= NOW


def test_months_and_streams_have_the_figures_that_were_kept() -> None:
    for began, given, viewers in ((datetime(2026, 6, 30, 23, 30), 100, 10), (datetime(2026, 7, 1, 3), 7, 20), (datetime(2026, 7, 9), 1, 40)):  # fmt: skip
        at = began.replace(tzinfo=UTC)
        kept = {"events": 1200, "tokens": 3, "points_minted": given, "points_spent": 2, "active_viewers": viewers}
        Stream.objects.create(channel_id="c", started_at=at, ended_at=at + timedelta(hours=2), figures=kept)
    with timezone.override("UTC"):
        assert table("year", "points") == {"Jun 2026": ["100", "2"], "Jul 2026": ["8", "4"]}
        assert table("year", "viewers") == {"Jun 2026": ["10"], "Jul 2026": ["30"]}
        assert table("year", "events") == {"Jun 2026": ["10"], "Jul 2026": ["10"]}
        assert list(table("year", "streams")) == ["30 Jun 23:30", "1 Jul 03:00", "9 Jul 00:00"]
        assert table("month", "streams") == {"9 Jul 00:00": ["1", "2"]}
    with timezone.override("Asia/Tokyo"):
        assert table("year", "points") == {"Jul 2026": ["108", "6"]}


def test_a_year_ago_is_another_month() -> None:
    with timezone.override("UTC"):
        span = spans.months(12, "year", datetime(2026, 2, 28, tzinfo=UTC))
    assert (span.labels[0], span.labels[-1], len(span.labels)) == ("Mar 2025", "Feb 2026", 12)


def test_redeems_by_kind_are_those_that_were_not_given_back(viewer: Make) -> None:
    bob = viewer("Bob")
    Redeem.objects.filter(key="tts").update(title="Say it")
    for key, refunded in (("tts", None), ("tts", None), ("spin", None), ("spin", NOW), ("gone", None)):
        Purchase.objects.create(viewer=bob, redeem=key, created_at=NOW - timedelta(minutes=1), refunded_at=refunded)
    Purchase.objects.create(viewer=bob, redeem="tts", created_at=NOW - timedelta(days=40))
    assert table("week", "redeems")["gone"] == ["1"]
    assert sum(int(bought) for (bought,) in table("week", "redeems").values()) == 4
    for number in range(20):
        Purchase.objects.create(viewer=bob, redeem=f"r{number:02}", created_at=NOW - timedelta(minutes=1))
    rows = list(table("week", "redeems").items())
    assert len(rows) == figures.MAX_REDEEMS + 1
    assert rows[0][1] == ["2"]
    assert rows[-1] == ("Others", ["11"])


def test_levels_are_counted_in_bands(viewer: Make) -> None:
    for number, level in enumerate((1, 4, 5, 9, 10, 99, 100, 5000)):
        XP.objects.filter(pk=viewer(f"Viewer{number}").pk).update(level=level)
    assert table("tonight", "levels") == {"1–4": ["2"], "5–9": ["2"], "10–19": ["1"], "75–99": ["1"], "100+": ["2"]}


@pytest.mark.parametrize("key", SPANS)
def test_an_empty_database_shows_sentences_and_no_axes(admin_client: Client, key: str) -> None:
    page = admin_client.get(reverse("charts"), {"span": key}).text.partition('id="content"')[2]
    shown = re.findall(r'class="chart" id="chart-(\w+)"', page)
    assert len(shown) == (6 if key == "tonight" else 7)
    assert page.count('class="nothing"') == len(shown)
    assert 'role="img"' not in page and "<table" not in page
    assert "Nobody tipped in this time." in page


@pytest.fixture
def filled(viewer: Make) -> None:
    """A channel on which something happened in every chart."""
    now = timezone.now()
    bob = viewer("Bob")
    begun = now - timedelta(hours=2)
    Stream.objects.create(channel_id="c", started_at=begun)
    kept = {"events": 12, "tokens": 5, "points_minted": 9, "points_spent": 4, "active_viewers": 3}
    earlier = begun - timedelta(hours=2)
    Stream.objects.create(channel_id="d", started_at=earlier, ended_at=earlier + timedelta(hours=1), figures=kept)
    for minutes in (90, 60, 30):
        at = now - timedelta(minutes=minutes)
        change(bob, 50, at)
        change(bob, -20, at, TransactionKind.SPEND)
        happen(at, tokens=10, kind="tipped")
        Purchase.objects.create(viewer=bob, redeem="tts", created_at=at)


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("key", SPANS)
def test_each_chart_has_its_figures_as_a_table_and_in_a_sentence(admin_client: Client, key: str) -> None:
    page = admin_client.get(reverse("charts"), {"span": key}).text.partition('id="content"')[2]
    for chart in charts.of(key).charts:
        figure = re.search(rf'<figure class="chart" id="chart-{chart.key}">.*?</figure>', page, re.DOTALL)
        assert figure is not None
        assert f"<figcaption><h2>{chart.title}</h2>" in figure[0]
        assert re.search(rf'<svg [^>]*role="img" aria-label="{chart.title}: \w[^"]*\."', figure[0])
        assert figure[0].count("<tr>") == len(chart.table) + 1
        assert figure[0].count('<th scope="row">') == len(chart.table)
        assert figure[0].count('<th scope="col">') == len(chart.heads) == len(chart.table[0])


@pytest.mark.usefixtures("filled")
def test_the_page_has_no_inline_style_or_script_and_nothing_from_another_host(admin_client: Client) -> None:
    page = admin_client.get(reverse("charts")).text.partition('id="content"')[2].rpartition("</figure>")[0]
    assert page.count("<figure") == 6
    assert not re.search(r"\sstyle=|<style|<script|\son\w+=|https?:", page)


def test_a_title_is_text(admin_client: Client, viewer: Make) -> None:
    markup = '<script>alert("1")</script>'
    Redeem.objects.filter(key="tts").update(title=markup)
    if not Redeem.objects.filter(key="tts").exists():
        Redeem.objects.create(key="tts", title=markup)
    Purchase.objects.create(viewer=viewer("Bob"), redeem="tts")
    page = admin_client.get(reverse("charts"), {"span": "week"}).text
    assert "<script>alert" not in page
    # In the sentence, at the bar, beside it (shortened), and in the table.
    assert page.count("&lt;script&gt;alert(&quot;1&quot;)") == 4


@pytest.mark.parametrize(
    ("permissions", "shown"),
    [
        (("view_stream",), {"viewers", "events", "tips"}),
        (("view_stream", "view_transaction"), {"viewers", "events", "tips", "points", "streams"}),
        (("view_stream", "view_queueitem"), {"viewers", "events", "tips", "redeems"}),
        (("view_stream", "view_viewer"), {"viewers", "events", "tips", "levels"}),
    ],
)
def test_staff_see_the_charts_that_they_may_see(permissions: tuple[str, ...], shown: set[str]) -> None:
    page = staff(*permissions).get(reverse("charts"), {"span": "week"}).text
    assert set(re.findall(r'id="chart-(\w+)"', page)) == shown


def test_the_page_is_for_who_may_see_streams() -> None:
    browser = staff("view_transaction", "view_viewer")
    assert browser.get(reverse("charts")).status_code == 403
    assert reverse("charts") not in browser.get(reverse("admin:index")).text
    assert Client().get(reverse("charts")).status_code == 302


def test_another_span_is_not_found_and_the_index_links_the_page(admin_client: Client) -> None:
    assert admin_client.get(reverse("charts"), {"span": "century"}).status_code == 404
    assert f'href="{reverse("charts")}"' in admin_client.get(reverse("admin:index")).text


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("key", SPANS)
def test_a_look_takes_few_queries_and_the_next_fewer(
    admin_client: Client, django_assert_max_num_queries: Any, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: moment)  # else a step of the axis may begin between two looks
    admin_client.get(reverse("charts"), {"span": key})
    with django_assert_max_num_queries(11):
        kept = figures_of(charts.of(key).charts)
    cache.clear()
    with django_assert_max_num_queries(11):
        assert figures_of(charts.of(key).charts) == kept
    with django_assert_max_num_queries(0):
        charts.of(key)


def figures_of(found: list[Chart]) -> list[tuple[str, int]]:
    return [(chart.key, len(chart.table)) for chart in found]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's query plan")
@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("key", SPANS)
def test_ledger_and_feed_are_read_by_their_indexes_of_the_time(key: str) -> None:
    with CaptureQueriesContext(connection) as asked:
        charts.of(key)
    plans = ""
    with connection.cursor() as cursor:
        for query in asked.captured_queries:
            if query["sql"].startswith("SELECT"):
                cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
                plans += "\n".join(row[3] for row in cursor.fetchall()) + "\n"
    assert "SEARCH joystick_inboundevent USING INDEX" in plans
    assert not re.search("SCAN (economy_transaction|joystick_inboundevent)", plans)


@pytest.mark.usefixtures("filled")
def test_an_open_page_gets_new_figures(admin_client: Client) -> None:
    page = admin_client.get(reverse("charts")).text
    assert 'data-live="/admin/live/charts/"' in page and 'id="part-charts"' in page
    assert "data-live" not in admin_client.get(reverse("charts"), {"span": "year"}).text
    look, view = live._Look(), View("charts", frozenset(board.PERMISSIONS))
    assert set(look.changed({view})[view]) == {"charts"}
    look._slow_at = 0
    assert look.changed({view}) == {view: {}}
    happen(timezone.now() - timedelta(minutes=10), tokens=777)
    cache.clear()
    look._slow_at = 0
    assert "777" in look.changed({view})[view]["charts"]


def test_bars_are_as_high_as_what_they_stand_for() -> None:
    drawing = svg.columns(["a", "b", "c"], [("given", [10, 5, 0]), ("spent", [0, 0, 2.5])])
    heights = {bar.says: bar.height for bar in drawing.bars}
    assert heights.keys() == {"a: 10 given", "b: 5 given", "c: 2.5 spent"}
    assert heights["a: 10 given"] == pytest.approx(2 * heights["b: 5 given"], abs=0.1)
    assert all(bar.y + bar.height == pytest.approx(svg.HEIGHT - svg.BOTTOM, abs=0.11) for bar in drawing.bars)
    assert [name for _, name in drawing.legend] == ["given", "spent"]
    assert [line.series for line in svg.columns([""] * 40, [("", [1] * 40)]).lines] == [0]


@pytest.mark.parametrize(("most", "step"), [(1, 0.5), (4, 1), (5, 2), (37, 10), (4000, 1000), (0.3, 0.1), (10**12, 5 * 10**11)])  # fmt: skip
def test_the_axis_has_round_steps(most: float, step: float) -> None:
    assert svg.nice_step(most) == pytest.approx(step)


def luminance(color: str) -> float:
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("background", ["#ffffff", "#121212"], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["given", "spent"])
def test_colours_stand_out_from_the_background(name: str, background: str) -> None:
    (color,) = re.findall(rf"--{name}: (#\w{{6}});", CSS.read_text(encoding="utf-8"))
    bright, dark = sorted([luminance(color), luminance(background)], reverse=True)
    assert (bright + 0.05) / (dark + 0.05) >= 3


def test_the_backgrounds_are_those_of_the_dashboard() -> None:
    css = Path(django.__file__).parent / "contrib/admin/static/admin/css"
    assert "--body-bg: #fff;" in (css / "base.css").read_text(encoding="utf-8")
    assert "--body-bg: #121212;" in (css / "dark_mode.css").read_text(encoding="utf-8")

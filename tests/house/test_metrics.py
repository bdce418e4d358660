"""`/metrics`: off by default, behind a token, valid, cheap, complete in the docs, and without a word of anybody's."""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
import yaml
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries, Settings

import effects.consumers  # noqa: F401 (this, and the gateway below: so that all metrics are declared)
from economy.models import Viewer
from effects.chat import Priority
from effects.models import Lane, QueueItem, State
from effects.queue import control, playback, worker
from effects.registry import lanes
from joystick.gateway import client as gateway
from joystick.gateway.outgoing import counting as outgoing
from joystick.gateway.outgoing.actions import Action
from joystick.gateway.outgoing.waiting import Outgoing
from joystick.inbox import counting, receive
from joystick.models import Connection, Reaction
from joystick.protocol.frames import ReceivedFrame, read_frame
from joystick.simulator.happenings import Happening, chat, tip
from pixelbot_site.kit.live import Live
from pixelbot_site.kit.settings_table import declared as declared_settings
from pixelbot_site.metrics import database, text
from pixelbot_site.settings_table import WatchSettings
from pixelbot_site.upkeep import heartbeat
from redeems import purchase
from redeems.models import Redeem
from tests.processes import ROOT

TOKEN = "a-token-for-the-metrics-alone"
METRIC_NAME = re.compile(r"pixelbot_[a-z]+(_[a-z]+)*")


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Forget the facts of the test before, and wrong tokens."""
    cache.clear()
    database.forget()
    yield
    database.forget()


def scraped(client: Client, token: str = TOKEN) -> str:
    answer = client.get("/metrics", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    return answer.text


def figures(scrape: str) -> dict[str, float]:
    """Return what Prometheus' own parser reads: `name{label=value}` → value."""
    read: dict[str, float] = {}
    for family in text_string_to_metric_families(scrape):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            key = f"{sample.name}{{{labels}}}" if labels else sample.name
            assert key not in read, f"{key} stands there twice"
            read[key] = sample.value
    return read


@pytest.mark.django_db
def test_who_may_read_them(client: Client, settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    assert client.get("/metrics", headers={"authorization": "Bearer "}).status_code == 404
    assert not text.is_allowed("Bearer ")
    settings.METRICS_TOKEN = TOKEN
    for header in (
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"Basic {TOKEN}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        "Bearer é",
    ):
        refused = client.get("/metrics", headers={"authorization": header} if header else {})
        assert (refused.status_code, refused["WWW-Authenticate"]) == (401, "Bearer"), header
        assert TOKEN not in refused.text
    assert client.post("/metrics", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 405
    assert client.get(f"/metrics?token={TOKEN}").status_code == 401
    answer = client.get("/metrics", headers={"authorization": f"bearer {TOKEN}"})
    assert (
        answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8" and answer["Cache-Control"] == "no-store"
    )
    for _ in range(20):
        refused = client.get("/metrics", headers={"authorization": "Bearer wrong"})
    assert refused.status_code == 429
    assert scraped(client)  # who knows the token is never slowed
    assert TOKEN not in caplog.text


def test_a_token_that_could_be_guessed_is_refused_and_not_repeated() -> None:
    declaration = declared_settings(WatchSettings)["METRICS_TOKEN"]
    assert declaration.is_secret and not WatchSettings.is_live
    for token in ("short", "x" * 19, "with a space in the middle", "x" * 201, "ümlaut-in-a-longer-token"):
        with pytest.raises(ValueError, match="20 to 200 letters") as refusal:
            declaration.parse(token)
        assert token not in str(refusal.value)
    assert declaration.parse(TOKEN) == TOKEN and declaration.parse("x" * 20)


NAME, UID, WORDS, KIND, CHANNEL = PLANTED = (
    "Vivienne_Planted",
    "uid-of-a-line-4711",
    "a planted sentence",
    "kind_that_somebody_made_up",
    "channel-0815",
)


def received(*texts: str) -> list[ReceivedFrame]:
    return [frame for frame in map(read_frame, texts) if isinstance(frame, ReceivedFrame)]


@pytest.mark.django_db(transaction=True)
def test_what_happens_is_counted_and_nobody_is_named(
    client: Client, settings: Settings, viewer: Callable[..., Viewer], stage: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small evening: the figures rise by what happened, and none of its names, words and secrets is among them."""
    monkeypatch.setattr("effects.queue.wakeups.send_drain", lambda lane: None)
    settings.METRICS_TOKEN = TOKEN
    first_text = scraped(client)  # with what other tests of this process have counted
    before = figures(first_text)
    purchase.seed()
    Redeem.objects.filter(key="tts").update(cost=5)
    Reaction.objects.create(occasion="tip", effects=[{"kind": "alert", "text": WORDS}], lines="Thanks, {user}!")
    viewer(NAME, points=100)
    paid = tip(NAME, 5)
    happened = (paid, chat(NAME, f"!tts {WORDS}"), Happening(KIND, NAME, WORDS, uid=UID, channel_id=CHANNEL), paid)
    frames = [json.dumps({"identifier": "{}", "message": one.message("v2")}) for one in happened]
    batch = received(*frames, '{"broken": ')
    receive.receive(batch)
    with monkeypatch.context() as patch:
        patch.setattr("joystick.inbox.outcomes.Outcomes.handle", raises)
        receive.receive(received(json.dumps({"identifier": "{}", "message": tip(NAME, 6).message("v2")})))
    shown = QueueItem.objects.get(kind="alert")
    worker.drain(shown.lane)
    playback.finished(shown.pk, 1)
    assert control.cancel(QueueItem.objects.get(kind="speak"), by="mo")
    QueueItem.objects.create(kind="alert", lane=shown.lane, title=WORDS, payload={"text": WORDS})
    Lane.objects.create(name=shown.lane, paused_at=shown.created_at, paused_by=NAME)
    heartbeat.beat()
    heartbeat.store_round_trip(0)
    database.forget()
    shown_text = scraped(client)
    after = figures(shown_text)
    rises = {
        "pixelbot_events_total{kind=tipped,state=handled}": 1,
        "pixelbot_events_total{kind=new_message,state=handled}": 1,
        "pixelbot_events_total{kind=other,state=handled}": 1,
        "pixelbot_events_total{kind=other,state=repeated}": 1,
        "pixelbot_events_total{kind=unreadable,state=unreadable}": 1,
        "pixelbot_events_total{kind=tipped,state=failed}": 1,
        "pixelbot_event_batch_events_sum": len(batch),
        "pixelbot_event_batch_seconds_count": 1,
        "pixelbot_event_commit_seconds_count": 1,
        f"pixelbot_queue_wait_seconds_count{{lane={shown.lane}}}": 1,
        f"pixelbot_queue_perform_seconds_count{{lane={shown.lane}}}": 1,
        f"pixelbot_queue_items_ended_total{{lane={shown.lane},state=done}}": 1,
        "pixelbot_queue_items_ended_total{lane=tts,state=cancelled}": 1,
        "pixelbot_refunds_total{state=cancelled}": 1,
        f"pixelbot_queue_items{{lane={shown.lane},state=pending}}": 1,
        "pixelbot_queue_items{lane=tts,state=pending}": 0,
        f"pixelbot_queue_lane_paused{{lane={shown.lane}}}": 1,
        "pixelbot_overlay_pages{in_obs=false}": 0,
        "pixelbot_database_up": 0,
    }
    assert {key: after.get(key, 0.0) - before.get(key, 0.0) for key in rises} == rises
    assert after["pixelbot_database_up"] == after["pixelbot_overlay_pages{in_obs=false}"] == 1
    assert 0 < after["pixelbot_event_commit_seconds_sum"] < after["pixelbot_event_batch_seconds_sum"]
    assert 0 <= after[f"pixelbot_queue_oldest_age_seconds{{lane={shown.lane}}}"] < 30
    assert 0 <= after["pixelbot_schedule_age_seconds"] < 30
    assert abs(after["pixelbot_event_lag_seconds"]) < 30
    assert strange_labels(shown_text) <= strange_labels(first_text)
    secrets = (TOKEN, django_settings.SECRET_KEY, "a test's page", "Main")
    assert [word for word in (*PLANTED, *secrets) if word.casefold() in shown_text.casefold()] == []


def strange_labels(scrape: str) -> set[tuple[str, str]]:
    """Return the labels of ours whose values are none of those that docs/metrics.md tells of."""
    ends = {"handled", "failed", "unreadable", "repeated"}
    known: dict[str, set[str]] = {
        "kind": {*counting.KNOWN, "other"},
        "state": ends | set(State.values),
        "lane": {*lanes(), "instant", "other"},
        "priority": set(Priority),
        "outcome": {"sent", "dropped", "late", "answered", "refused", "failed"},
        "in_obs": {"true", "false"},
    }
    return {
        label
        for family in text_string_to_metric_families(scrape)
        if family.name.startswith("pixelbot_")
        for sample in family.samples
        for label in sample.labels.items()
        if label[0] != "le" and label[1] not in known[label[0]]
    }


def raises(*_: object) -> None:
    raise ValueError(f"a bug that names {NAME}")


def test_lines_on_their_way_out_are_counted_by_what_became_of_them() -> None:
    def counted(outcome: str) -> float:
        return REGISTRY.get_sample_value("pixelbot_replies_total", {"priority": "chatter", "outcome": outcome}) or 0.0

    before = {outcome: counted(outcome) for outcome in ("sent", "dropped", "late")}
    queue = Outgoing(interval=60)

    def line(age: float = 0.0) -> Action:
        return Action(
            "send_message", {"text": WORDS}, at=time.time() - age, priority="chatter", event_at=time.time() - 3
        )

    for _ in range(12):  # ten may wait
        queue.add(line())
    queue.add(line(age=3600))
    queue._drop_old()
    queue.keep_answers()
    outgoing.count_sent(line())
    assert {outcome: counted(outcome) - before[outcome] for outcome in before} == {"sent": 1, "dropped": 12, "late": 1}
    assert queue.unsaid == 13
    assert (REGISTRY.get_sample_value("pixelbot_reply_seconds_sum", {"priority": "chatter"}) or 0) >= 3


@pytest.mark.django_db
def test_the_database_is_asked_by_index_once_in_five_seconds_and_may_be_away(
    client: Client,
    settings: Settings,
    django_assert_num_queries: DjangoAssertNumQueries,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.METRICS_TOKEN = TOKEN
    with django_assert_max_num_queries(5) as asked:
        first = figures(scraped(client))
    with django_assert_num_queries(0):
        again = figures(scraped(client))
    assert {key for key in first if key.startswith("pixelbot_queue")} <= again.keys()
    if connection.vendor == "sqlite":
        statement = next(one["sql"] for one in asked.captured_queries if "effects_queueitem" in one["sql"])
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}")
            plan = " ".join(str(row[-1]) for row in cursor.fetchall())
        assert "USING INDEX queue_next (lane=? AND state=?)" in plan
    database.forget()

    def is_away(*_: object, **__: object) -> None:
        raise OperationalError("the database is away")

    monkeypatch.setattr(database, "_read", is_away)
    answer = figures(scraped(client))
    assert answer["pixelbot_database_up"] == 0
    assert not [key for key in answer if key.startswith("pixelbot_queue_items{")]


class Declared(NamedTuple):
    """A metric of ours: its name as Prometheus sees it, its kind, its labels, and what it says."""

    name: str
    kind: str
    labels: tuple[str, ...]
    sentence: str


def declared() -> dict[str, Declared]:
    """Return all metrics of ours, by name."""
    own = [metric for metric in REGISTRY._collector_to_names if isinstance(metric, MetricWrapperBase)]
    rows = [(metric._name, str(metric._type), tuple(metric._labelnames), metric._documentation) for metric in own]
    line = Connection(state="connected", last_frame_at=timezone.now())
    facts = database.Facts(last_frame_at=line.last_frame_at, schedule_at=line.last_frame_at, round_trip=0.1)
    rows += [
        (family.name, family.type, tuple(vars(family)["_labelnames"]), family.documentation)
        for family in database.families(facts)
    ]
    named = (
        Declared(f"{name}_total" if kind == "counter" else name, kind, labels, sentence)
        for name, kind, labels, sentence in rows
    )
    return {metric.name: metric for metric in named}


def row(metric: Declared) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels) or "–"
    return f"| `{metric.name}` | {metric.kind} | {labels} | {metric.sentence} |"


def test_the_table_in_the_docs_is_what_the_code_says() -> None:
    document = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    rows = {line for line in document.splitlines() if line.startswith("| `pixelbot_")}
    assert rows == {row(metric) for metric in declared().values()}


def test_names_follow_prometheus_conventions_and_no_label_is_anybodys_to_choose() -> None:
    for metric in declared().values():
        assert METRIC_NAME.fullmatch(metric.name), metric
        assert metric.name.endswith("_total") == (metric.kind == "counter"), metric
        if metric.kind == "histogram":
            assert metric.name.endswith(("_seconds", "_events")), metric
        assert set(metric.labels) <= {"kind", "state", "lane", "priority", "outcome", "in_obs"}, metric
        assert metric.sentence.endswith("."), metric
    assert gateway.SESSIONS._name == "pixelbot_joystick_sessions"


def test_a_live_value_knows_how_old_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr("pixelbot_site.kit.live.time.monotonic", lambda: clock[0])
    value: Live[str] = Live("first")
    clock[0] += 50
    assert value.age == 0.0  # nobody reads it
    value.use(lambda: "read")
    assert value.current() == "read"
    clock[0] += 7
    assert value.age == 7.0 and value.current() == "read" and value.age == 0.0


WORDS_OF_PROMETHEUS = {
    "sum",
    "max",
    "min",
    "rate",
    "increase",
    "histogram_quantile",
    "topk",
    "by",
    "job",
    "le",
    "instance",
}


def test_the_board_shows_every_metric_and_no_other() -> None:
    board = json.loads((ROOT / "docs/deploy/grafana.json").read_text(encoding="utf-8"))
    panels = [panel for panel in board["panels"] if panel["type"] != "row"]
    assert len(panels) > 20 and len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    known = declared()
    names = {name: metric.labels for name, metric in known.items() if metric.kind != "histogram"}
    names |= {
        f"{name}{end}": (*metric.labels, *(["le"] if end == "_bucket" else []))
        for name, metric in known.items()
        if metric.kind == "histogram"
        for end in ("_bucket", "_sum", "_count")
    }
    of_any_process = {"process_resident_memory_bytes": (), "process_cpu_seconds_total": ()}
    if sys.platform == "linux":
        assert of_any_process.keys() <= figures(text.of_process().decode()).keys()
    shown = set()
    for panel in panels:
        assert panel["title"] and panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
        for target in panel["targets"]:
            expression = target["expr"]
            assert expression.count("(") == expression.count(")") and 'job=~"$job"' in expression, expression
            bare = re.sub(r'"[^"]*"|\[[^]]*\]', "", expression)
            (*used,) = {word for word in re.findall(r"[a-z_]+", bare) if word in names or word in of_any_process}
            assert used, expression
            labels = {label for name in used for label in {**names, **of_any_process}[name]}
            rest = set(re.findall(r"[a-z_]+", bare)) - set(used) - labels - WORDS_OF_PROMETHEUS
            assert rest == set(), f"{expression} has what is no metric, and no label of it"
            in_legend = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            assert in_legend <= labels | {"instance"}, target
            shown |= {re.sub("_(bucket|sum|count)$", "", name) for name in used}
    assert shown == known.keys() | of_any_process.keys()


def test_the_board_overlaps_nowhere_and_prometheus_gets_the_token_by_a_file() -> None:
    board = json.loads((ROOT / "docs/deploy/grafana.json").read_text(encoding="utf-8"))
    places = [panel["gridPos"] for panel in board["panels"]]
    cells = [
        (x, y) for at in places for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])
    ]
    assert len(cells) == len(set(cells))
    (job,) = yaml.safe_load((ROOT / "docs/deploy/prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    assert job["authorization"] == {"type": "Bearer", "credentials_file": "/etc/prometheus/pixelbot-token"}
    assert "metrics_path" not in job and job["static_configs"] == [{"targets": ["127.0.0.1:8000"]}]

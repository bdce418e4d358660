"""What each widget shows: its snapshot, made of what is stored, and when it is made anew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from economy.ledger import points
from economy.models import Viewer
from effects.library.credits import Credits, credits
from effects.models import Overlay, Purchase, WordFilter
from effects.overlays import facts, feed, layout, pages
from effects.overlays.onscreen import OnScreen
from effects.overlays.registry import widgets
from effects.queue import items, worker
from effects.registry import Effect, FunctionKind, kinds
from effects.registry.values import speak
from joystick.channel import actions
from joystick.models import Counter, InboundEvent
from joystick.simulator.happenings import chat, follow, gift, goal, raid, started, subscribe, tip, viewer_count
from pixelbot_site.kit.errors import Refused

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken")]

Deliver = Callable[..., None]
Make = Callable[..., Viewer]


def shown(name: str, **options: Any) -> dict[str, Any]:
    """Return what a widget with these options shows now."""
    made = widgets.get(name)
    assert made is not None
    return made.snapshot(layout.options_of(made, options), OnScreen.now())


def stamp(name: str, **options: Any) -> object:
    made = widgets.get(name)
    assert made is not None and made.stamp is not None
    return made.stamp(layout.options_of(made, options))


@pytest.fixture
def evening(deliver: Deliver) -> None:
    """A stream with tips, followers, subscriptions, a gift, a raid and a few lines; Eve is not to be on screen."""
    deliver(tip("Before", 900), follow("Before"))
    InboundEvent.objects.update(received_at=timezone.now() - timedelta(hours=1))
    deliver(started())
    deliver(tip("Ann", 50), tip("Bob", 120), tip("Ann", 100), follow("Cat"), follow("Dan"), subscribe("Fay"))
    deliver(gift("Gil", 3), raid("Hal", 12), viewer_count(34), chat("Ann", "hello all", "mod"))
    deliver(tip("Eve", 500), follow("Eve"), chat("Eve", "my line"))
    Viewer.objects.filter(key="eve").update(is_unseen=True)


@pytest.mark.usefixtures("evening")
class TestOfTheStream:
    """What happened on the channel."""

    def test_latest_and_top(self) -> None:
        assert [(cell["kind"], cell["name"], cell["tokens"]) for cell in shown("latest")["cells"]] == [
            ("tip", "somebody", 500), ("top_tip", "somebody", 500), ("follower", "somebody", 0), ("subscriber", "Gil", 0),
        ]  # fmt: skip
        assert [cell["kind"] for cell in shown("latest", show=["subscriber", "tip"])["cells"]] == ["subscriber", "tip"]

    def test_stats(self) -> None:
        told = shown("stats", show=["time", "viewers", "tips", "tokens", "followers", "subscriptions"])
        assert [cell["number"] for cell in told["cells"]] == [None, 34, 4, 770, 3, 1]
        assert told["began"] == facts.stream_began().isoformat()  # type: ignore[union-attr]

    def test_text_with_words(self) -> None:
        told = shown(
            "text", text="{followers} new, {tokens} tokens; thanks {top_tipper} and {latest_subscriber}! {this}"
        )
        assert told == {"text": "3 new, 770 tokens; thanks somebody and Fay! {this}"}

    def test_ticker(self) -> None:
        WordFilter.objects.create(word="darn", replacement="gosh")
        told = shown("ticker", lines=["darn good"], events=2)
        assert [(one["text"], one["name"]) for one in told["items"]][:1] == [("gosh good", "")]
        assert [one["name"] for one in told["items"]][1:] == ["somebody", "somebody"]
        assert all("Eve" not in one["text"] for one in told["items"])
        assert [one["text"] for one in shown("ticker", events=0)["items"]] == ["Welcome to the stream!"]

    def test_leaderboard(self) -> None:
        assert shown("leaderboard", of="tokens") == {
            "title": "Most tokens tonight",
            "places": [{"name": "somebody", "amount": 500}, {"name": "Ann", "amount": 150}, {"name": "Bob", "amount": 120}],
        }  # fmt: skip
        assert [place["name"] for place in shown("leaderboard", of="tokens", span="ever")["places"]][:1] == ["Before"]
        by_points = [place["name"] for place in shown("leaderboard", of="points", places=3)["places"]]
        assert "somebody" in by_points and "Eve" not in by_points
        for of in ("points", "xp", "tokens"):
            for span in ("stream", "week", "month", "ever"):
                assert shown("leaderboard", of=of, span=span, places=2)["places"]

    def test_chat_shows_no_commands_no_bots_and_not_who_wishes_so(self, deliver: Deliver) -> None:
        deliver(chat("Bob", "!points"), chat("Robot", "beep", "bot"), chat("Bob", "see you\u202e"))
        assert [(line["username"], line["text"], line["badges"]) for line in shown("chat")["latest"]] == [
            ("Ann", "hello all", ["moderator"]), ("Bob", "see you", []),
        ]  # fmt: skip
        assert [line["text"] for line in shown("chat", lines=1)["latest"]] == ["see you"]

    def test_credits(self, frames: list[dict[str, Any]], viewer: Make) -> None:
        kind = kinds.get("credits")
        assert isinstance(kind, FunctionKind) and kind.performer is credits
        assert Credits.model_validate({}).seconds == 30
        with pytest.raises(Refused):
            kind.require_ready()
        overlay = Overlay.objects.create()
        pages.opened("page", overlay)
        made = widgets.get("credits")
        assert made is not None
        layout.new_row(overlay, made).save()
        kind.require_ready()
        bob = Viewer.objects.get(key="bob")
        items.enqueue(speak("hi"), viewer=bob, purchase=Purchase.objects.create(viewer=bob, redeem="tts"))
        items.enqueue(Effect("credits"))
        worker.drain("effect")
        (frame,) = (frame for frame in frames if frame.get("show") == "credits")
        assert {one["title"]: one["names"] for one in frame["sections"]} == {
            "Most tokens": ["Ann", "Bob"], "Tips": ["Ann", "Bob"], "Followers": ["Dan", "Cat"], "Subscribers": ["Fay"],
            "Gifts": ["Gil"], "Raids": ["Hal"], "Redeems": ["Bob"],
        }  # fmt: skip

    def test_one_stamp_for_all_that_is_stored(self, deliver: Deliver) -> None:
        names = ("latest", "stats", "text", "ticker", "goal")
        before = [stamp(name) for name in names]
        assert before == [stamp(name) for name in names]
        deliver(tip("Bob", 1))
        assert all(old != new for old, new in zip(before, [stamp(name) for name in names], strict=True))


class TestGoal:
    """Goals, counted anew from what is stored."""

    def test_joysticks_own(self, deliver: Deliver) -> None:
        assert shown("goal")["target"] == 0
        created = {"type": "tip_goal_created", "id": "g1", "data": {"title": "New lamp", "amount": 1000}}
        deliver(Raw(created))
        deliver(goal("Bob", 250, 250))
        assert shown("goal") == {"title": "New lamp", "now": 250, "target": 1000, "unit": "", "milestones": []}
        deliver(Raw({"type": "tip_goal_met", "id": "g2", "data": {"title": "New lamp", "amount": 1000}}))
        assert shown("goal")["now"] == 1000
        deliver(Raw({"type": "tip_goal_deleted", "id": "g3", "data": {}}))
        assert shown("goal")["target"] == 0

    @pytest.mark.usefixtures("evening")
    def test_ones_own_counts_from_the_stream_or_from_a_moment(self) -> None:
        milestones = [{"at": 500, "label": "a dance"}, {"at": 100, "label": "a song"}, {"at": 5000, "label": "too far"}]
        assert shown("goal", counts="tokens", target=2000, title="Lamp", milestones=milestones) == {
            "title": "Lamp", "now": 770, "target": 2000, "unit": "tokens",
            "milestones": [{"at": 100, "label": "a song"}, {"at": 500, "label": "a dance"}],
        }  # fmt: skip
        since = (timezone.now() - timedelta(days=1)).isoformat()
        assert shown("goal", counts="tokens", since=since)["now"] == 1670
        assert (shown("goal", counts="follows")["now"], shown("goal", counts="subscriptions")["now"]) == (3, 1)

    def test_points_into_a_pot_are_those_of_a_redeem_that_were_not_given_back(self, viewer: Make) -> None:
        bob = viewer("Bob", points=500)
        for cost, refunded in ((100, None), (30, None), (70, timezone.now())):
            payment = points.spend(bob, cost, source="redeem", reference=f"test:{cost}")
            Purchase.objects.create(viewer=bob, redeem="pot", payment=payment, refunded_at=refunded)
        before = stamp("goal", counts="points", redeem="pot")
        assert shown("goal", counts="points", redeem="pot", target=300)["now"] == 130
        assert shown("goal", counts="points", redeem="other")["now"] == 0
        Purchase.objects.create(viewer=bob, redeem="pot")
        assert stamp("goal", counts="points", redeem="pot") != before


class TestCountdown:
    """The end's moment, whatever is restarted."""

    def test_until_a_moment(self) -> None:
        told = shown("countdown", until="2026-08-01T20:00:00+02:00", title="Start")
        assert (told["end"], told["title"]) == ("2026-08-01T20:00:00+02:00", "Start")
        assert shown("countdown")["end"] is None

    def test_a_subathon_of_ones_own_grows_up_to_its_limit(self, deliver: Deliver) -> None:
        begins = timezone.now() - timedelta(minutes=1)
        options: dict[str, Any] = {
            "kind": "subathon", "begins": begins.isoformat(), "minutes": 10, "seconds_per_token": 2, "seconds_per_subscription": 60,
        }  # fmt: skip

        def length(**more: Any) -> timedelta:
            return datetime.fromisoformat(shown("countdown", **options, **more)["end"]) - begins

        assert length() == timedelta(minutes=10)
        deliver(tip("Bob", 30), subscribe("Fay"))
        assert length() == timedelta(minutes=12) and length(most_hours=0.1) == timedelta(minutes=6)

    def test_joysticks_subathon(self, deliver: Deliver) -> None:
        assert shown("countdown", kind="joystick")["end"] is None
        deliver(Raw({"type": "subathon_started", "id": "s1", "data": {"expires_at": "2026-08-01T20:00:00Z"}}))
        deliver(
            Raw(
                {"type": "subathon_extended", "id": "s2", "data": {"seconds": 60, "expires_at": "2026-08-01T20:01:00Z"}}
            )
        )
        assert shown("countdown", kind="joystick")["end"] == "2026-08-01T20:01:00+00:00"
        deliver(Raw({"type": "subathon_ended", "id": "s3", "data": {}}))
        assert shown("countdown", kind="joystick")["end"] is None


class Raw:
    """A happening by its own message."""

    def __init__(self, message: dict[str, Any]) -> None:
        self._message = message

    def message(self, version: str) -> dict[str, Any]:
        return self._message


class TestCounter:
    """A number that is counted in chat."""

    def test_the_number_follows_the_counter_and_begins_anew_with_a_stream(self, deliver: Deliver) -> None:
        Counter.objects.create(name="Deaths", value=4)
        Counter.objects.create(name="falls", value=9, resets=True)
        assert shown("counter", counter="deaths") == {"label": "deaths", "number": 4}
        before = stamp("counter", counter="deaths"), stamp("counter", counter="falls")
        deliver(chat("Mo", "!deaths +3", "mod"))
        assert shown("counter", counter="Deaths", label="died")["number"] == 7
        assert shown("counter", counter="Deaths", label="died")["label"] == "died"
        assert shown("counter", counter="falls")["number"] == 9
        deliver(started())
        # Nobody has asked for it since: what is shown is what !falls would tell, and looking changes nothing.
        assert shown("counter", counter="falls")["number"] == 0
        assert Counter.objects.get(name="falls").value == 9
        deliver(chat("Mo", "!falls +1", "mod"))
        assert shown("counter", counter="falls")["number"] == 1
        after = stamp("counter", counter="deaths"), stamp("counter", counter="falls")
        assert all(old != new for old, new in zip(before, after, strict=True))

    def test_a_text_that_names_one_follows_it_too(self) -> None:
        Counter.objects.create(name="deaths", value=4)
        line = "died {counter:deaths} times"
        before, other = stamp("text", text=line), stamp("text", text="hello")
        assert shown("text", text=line) == {"text": "died 4 times"}
        Counter.objects.update(value=5)  # as the dashboard does
        assert shown("text", text=line) == {"text": "died 5 times"}
        assert stamp("text", text=line) != before and stamp("text", text="hello") == other

    def test_without_such_a_counter_there_is_no_number(self) -> None:
        assert shown("counter")["number"] is None and shown("counter", counter="nosuch")["number"] is None

    def test_the_editor_offers_the_counters_that_there_are(self, admin_client: Client) -> None:
        for name in ("deaths", "falls"):
            Counter.objects.create(name=name)
        page = admin_client.get(f"/admin/effects/overlay/{Overlay.objects.create().pk}/change/")
        (field, _) = page.context["stage"]["options"]["counter"]
        assert (field["input"], field["choices"]) == ("choice", ["deaths", "falls"])
        assert '"choices": ["deaths", "falls"]' in page.text


class TestQueue:
    """What plays and waits."""

    def test_who_plays_and_how_many_wait(self, viewer: Make) -> None:
        assert shown("queue") == {"playing": [], "waiting": 0}
        before = stamp("queue")
        for _ in range(4):
            items.enqueue(speak("hi"), viewer=viewer("Bob"))
        assert worker.claim("tts") is not None
        assert shown("queue") == {"playing": [{"name": "Bob", "what": "voice"}], "waiting": 3}
        assert stamp("queue") != before


def test_what_is_deleted_or_muted_is_told_to_the_overlays(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr("effects.overlays.messages.group_send", lambda group, message: sent.append(message["frame"]))
    monkeypatch.setattr("joystick.account.scopes.require_for_channel", lambda scope, channel_id: None)
    monkeypatch.setattr("effects.chat.group_send", lambda group, message: None)
    with django_capture_on_commit_callbacks(execute=True):
        actions.delete_message("m1")
        actions.mute("m2")
    assert [(event["kind"], event["uid"]) for frame in sent for event in frame["events"]] == [
        ("message_deleted", "m1"), ("author_muted", "m2"),
    ]  # fmt: skip


def test_whispers_and_failed_events_are_no_facts(deliver: Deliver) -> None:
    deliver(chat("Ann", "for all"), tip("Bob", 5))
    InboundEvent.objects.filter(kind="tipped").update(state="failed")
    row = InboundEvent.objects.get(kind="new_message")
    assert [fact.text for fact in facts.latest(("new_message", "tipped"), 5)] == ["for all"]
    row.raw = row.raw.replace('"visibility": "public"', '"visibility": "private"')
    row.save()
    assert '"private"' not in row.raw or facts.latest(("new_message",), 5) == []


def test_a_widget_that_takes_long_is_not_made_more_often_than_it_says(
    deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr("effects.overlays.feed.time.monotonic", lambda: clock[0])
    made = widgets.get("leaderboard")
    assert made is not None and made.every == 5
    row = layout.new_row(Overlay.objects.create(), made)
    row.options = {"of": "tokens", "span": "ever"}
    look = feed._Look()
    assert len(look.changed([row])) == 1
    deliver(tip("Bob", 5))
    clock[0] += 4.9
    assert look.changed([row]) == {}
    clock[0] += 0.2
    (data,) = look.changed([row]).values()
    assert data["places"] == [{"name": "Bob", "amount": 5}]

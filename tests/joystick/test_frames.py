"""Frames to events: every sample of the fact sheet, and everything that is none."""

from __future__ import annotations

import contextlib
import json
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joystick.protocol import events, frames, kinds
from joystick.protocol.envelope import FrameError
from joystick.protocol.events import ChatMessage, Event, Follow, OtherEvent, Tip
from joystick.protocol.frames import Confirmed, Disconnect, Ping, Rejected, ServerError, Welcome
from pixelbot_site.kit.clean import MAX_TEXT
from tests.conftest import DATA

SAMPLES = [json.loads(line) for line in (DATA / "joystick_frames.jsonl").read_text(encoding="utf-8").splitlines()]

CLASSES: dict[str, type] = {
    "welcome": Welcome,
    "ping": Ping,
    "confirm_subscription": Confirmed,
    "reject_subscription": Rejected,
    "disconnect": Disconnect,
    "error": ServerError,
    "error_nested": ServerError,
    "new_message": ChatMessage,
    "bot_message": events.BotMessage,
    "enter_stream": events.Entered,
    "leave_stream": events.Left,
    "tipped": Tip,
    "wheel_spin_claimed": events.WheelSpin,
    "followed": Follow,
    "subscribed": events.Subscription,
    "resubscribed": events.Resubscription,
    "gifted_subscriptions": events.GiftedSubscriptions,
    "stream_started": events.StreamStarted,
    "stream_ending": events.StreamEnding,
    "stream_resuming": events.StreamResuming,
    "stream_ended": events.StreamEnded,
    "stream_dropped_in": events.DroppedIn,
    "dropin_stream": events.DroppedOut,
    "tip_goal_created": events.TipGoal,
    "tip_goal_updated": events.TipGoal,
    "tip_goal_met": events.TipGoal,
    "tip_goal_deleted": events.TipGoal,
    "tip_goal_increased": events.TipGoalIncreased,
    "milestone_completed": events.MilestoneCompleted,
    "tip_menu_item_locked": events.TipMenuItem,
    "tip_menu_item_unlocked": events.TipMenuItem,
    "chat_timer_started": events.ChatTimer,
    "chat_timers_cleared": events.ChatTimersCleared,
    "viewer_count_updated": events.Count,
    "follower_count_updated": events.Count,
    "subscriber_count_updated": events.Count,
    "device_connected": events.Device,
    "device_disconnected": events.Device,
    "device_settings_updated": events.Device,
    "settings_updated": events.SettingsUpdated,
    "stream_mode_updated": events.StreamModeUpdated,
    "scene_updated": events.Scene,
    "verified_only_chat_started": events.ChatMode,
    "verified_only_chat_ended": events.ChatMode,
    "subscriber_only_started": events.ChatMode,
    "subscriber_only_ended": events.ChatMode,
    "user_muted": events.Mute,
    "user_unmuted": events.Mute,
    "pvp_session_requested": events.PvpSession,
    "pvp_session_ready": events.PvpSession,
    "pvp_session_started": events.PvpSession,
    "pvp_session_ending": events.PvpSession,
    "pvp_session_ended": events.PvpSession,
    "subathon_started": events.SubathonStarted,
    "subathon_extended": events.SubathonExtended,
    "subathon_ended": events.SubathonEnded,
    "chat_message_received": OtherEvent,
    "unknown": OtherEvent,
}
MONEY = {events.Tip, events.WheelSpin, Follow, events.Subscription, events.Resubscription, events.GiftedSubscriptions}


def parse(**message: Any) -> Any:
    return frames.parse(json.dumps({"identifier": "{}", "message": message}))


def v2(kind: str, **data: Any) -> Any:
    return parse(v=2, type=kind, id="e-1", channel_id="c-1", occurred_at="2026-08-02T21:31:37Z", text="", data=data)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: f"v{sample['version']}-{sample['kind']}")
def test_every_sample_becomes_what_it_is(sample: dict[str, Any]) -> None:
    frame = frames.parse(json.dumps(sample["frame"]))
    assert type(frame) is CLASSES[sample["kind"]]
    if isinstance(frame, Event):
        assert frame.uid
        assert sample["kind"] in {frame.kind, "unknown"}
        assert frame.occurred_at is not None and frame.occurred_at.tzinfo is not None


def test_the_samples_cover_all_that_is_acted_on() -> None:
    assert set(kinds.BUILDERS) <= {sample["kind"] for sample in SAMPLES}


def test_a_tip_has_its_viewer_tokens_and_item() -> None:
    for version in (1, 2):
        sample = next(s for s in SAMPLES if s["kind"] == "tipped" and s["version"] == version)
        tip = frames.parse(json.dumps(sample["frame"]))
        assert isinstance(tip, Tip)
        assert (tip.username, tip.tokens, tip.item) == ("quillbadger", 25, "Water break")
        assert tip.channel_id.startswith("7860fca4")


def test_a_chat_line_has_its_author_and_badges_in_both_envelopes() -> None:
    for version in (1, 2):
        lines = [
            frames.parse(json.dumps(s["frame"]))
            for s in SAMPLES
            if s["kind"] == "new_message" and s["version"] == version
        ]
        chat = [line for line in lines if isinstance(line, ChatMessage)]
        assert len(chat) == len(lines) == 7
        assert any(line.is_subscriber for line in chat)
        assert {line.streamer for line in chat} == {"HarbourFox"}
        assert {"MossyLantern", "quillbadger"} <= {line.username for line in chat}


def value_of(kind: str, version: int) -> Any:
    """The Event of the first sample of that kind."""
    sample = next(sample for sample in SAMPLES if (sample["kind"], sample["version"]) == (kind, version))
    return frames.parse(json.dumps(sample["frame"]))


@pytest.mark.parametrize(
    ("kind", "version", "expected"),
    [
        ("wheel_spin_claimed", 1, {"username": "quillbadger", "tokens": 50, "prize": "Silly hat"}),
        ("resubscribed", 1, {"username": "quillbadger", "how_much": 1, "how_long": 4}),
        ("gifted_subscriptions", 1, {"username": "MossyLantern", "count": 5}),
        ("stream_dropped_in", 1, {"username": "CopperKettle", "viewers": 37}),
        ("dropin_stream", 1, {"username": "HarbourFox", "destination": "LowTideLena", "viewers": 52}),
        ("dropin_stream", 2, {"username": "HarbourFox", "destination": "LowTideLena", "viewers": 52}),
        ("tip_goal_met", 2, {"username": "NorthPier77", "title": "New microphone", "tokens": 5500}),
        ("tip_goal_increased", 1, {"username": "quillbadger", "added": 25, "current": 1325, "previous": 1300}),
        ("milestone_completed", 1, {"title": "Sing a shanty", "tokens": 1250}),
        ("tip_menu_item_locked", 2, {"title": "Water break", "price": 25}),
        ("viewer_count_updated", 2, {"number": 41}),
        ("subscriber_count_updated", 2, {"number": 63}),
        ("settings_updated", 2, {"username": "HarbourFox"}),
        ("verified_only_chat_started", 2, {"is_on": True}),
        ("subscriber_only_ended", 1, {"is_on": False}),
        ("pvp_session_requested", 1, {"username": "CopperKettle", "where": "CopperKettle", "cost": 200}),
        ("pvp_session_started", 2, {"state": "started", "cost": None}),
        ("subathon_started", 2, {"starting_duration": 14400}),
        ("subathon_extended", 2, {"username": "TinPanSally", "seconds": 300, "source": "tip", "is_banked": False}),
        ("subathon_ended", 2, {"reason": "expired", "banked_seconds": 0}),
    ],
)
def test_each_kind_has_its_values(kind: str, version: int, expected: dict[str, Any]) -> None:
    event = value_of(kind, version)
    assert {key: getattr(event, key) for key in expected} == expected


@pytest.mark.parametrize("version", [1, 2])
def test_a_chat_timers_end_is_found_under_either_spelling(version: int) -> None:
    timer = value_of("chat_timer_started", version)
    assert (timer.name, timer.ends_at) == ("Stretch break", datetime(2026, 8, 3, 19, 45, tzinfo=UTC))


def test_markup_is_for_the_platforms_pages_and_what_viewers_type_stays() -> None:
    assert value_of("tipped", 2).text == "quillbadger tipped 25 tokens for Water break"
    assert v2("new_message", author={"username": "A"}).text == ""
    typed = parse(type="new_message", text="1 < 2 <b>x</b> &amp;", data={"author": {"username": "A"}})
    assert typed.text == "1 < 2 <b>x</b> &amp;"


def test_events_are_immutable() -> None:
    with pytest.raises(FrozenInstanceError):
        value_of("tipped", 2).tokens = 10**6


def test_other_spellings_are_the_same_kind() -> None:
    assert v2("Tipped", who="A", how_much=1).kind == v2("tipped", who="A", how_much=1).kind == "tipped"
    assert v2("chat_message", author={"username": "A"}).kind == "new_message"
    assert v2("started").kind == v2("stream_started").kind == v2("Started").kind == "stream_started"
    assert v2("StreamDroppedIn", who="A").kind == "stream_dropped_in"


@pytest.mark.parametrize(
    "kind",
    ["tip_goal_increased", "TipMenuItemLocked", "SubscriberCountUpdated", "follower_count_updated", "tipped_off"],
)
def test_a_word_in_the_name_makes_no_money_event(kind: str) -> None:
    assert type(v2(kind, who="A", how_much=500, by_user="A", current=5, previous=1)) not in MONEY


@pytest.mark.parametrize(
    ("how_much", "months"), [(1, 1), (3, 3), (12, 12), (0, 1), (13, 1), (500, 1), (None, 1), ("x", 1), (-2, 1)]
)
def test_only_a_believable_how_much_is_read_as_months(how_much: Any, months: int) -> None:
    assert v2("subscribed", who="A", how_much=how_much).months == months


@pytest.mark.parametrize(
    "how_much", [None, "", "many", -1, 2.5, True, 10**10, [], {}, float("nan"), float("inf"), "9" * 30]
)
def test_a_tip_without_a_sane_amount_is_an_error_that_says_so(how_much: Any) -> None:
    with pytest.raises(FrameError, match="tipped needs how_much"):
        v2("tipped", who="A", how_much=how_much)


@pytest.mark.parametrize("count", [None, 0, -1, "x"])
def test_gifts_without_a_number_are_an_error_that_says_so(count: Any) -> None:
    with pytest.raises(FrameError, match="gifted_subscriptions needs how_much as a whole number from 1"):
        v2("gifted_subscriptions", who="A", how_much=count)


@pytest.mark.parametrize("who", [None, "", "   ", 5, [], {"name": "A"}])
def test_a_tip_from_nobody_is_an_error_that_says_so(who: Any) -> None:
    with pytest.raises(FrameError, match="tipped names nobody"):
        v2("tipped", who=who, how_much=5)


@pytest.mark.parametrize(
    "text", ["", "no json", "null", "5", "[]", '"x"', "{}", '{"type":"new"}', '{"message":5}', "[" * 100_000]
)
def test_what_is_no_frame_is_an_error(text: str) -> None:
    with pytest.raises(FrameError):
        frames.parse(text)


def test_v1_metadata_may_be_a_string_an_object_broken_or_missing() -> None:
    common = {"event": "StreamEvent", "id": "1", "type": "Tipped", "createdAt": "2026-08-01T19:25:55Z"}
    for metadata in ('{"who":"A","how_much":5}', {"who": "A", "how_much": 5}):
        assert parse(**common, metadata=metadata).tokens == 5
    for broken in ("{broken", "", None, "5"):
        with pytest.raises(FrameError, match="tipped"):
            parse(**common, metadata=broken)


def test_an_event_without_an_id_is_known_by_its_content() -> None:
    same = {"type": "followed", "data": {"who": "A"}}
    assert parse(**same).uid == parse(**same).uid != parse(type="followed", data={"who": "B"}).uid


def test_texts_are_fit_for_every_database() -> None:
    line = v2("new_message", author={"username": "A\0b\ud800"})
    assert line.username == "A\ufffdb?"
    assert len(parse(type="new_message", text="x" * 9999, data={"author": {"username": "A"}}).text) == MAX_TEXT


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_no_json_makes_it_raise_anything_else(value: Any) -> None:
    with contextlib.suppress(FrameError):
        frames.parse(json.dumps(value))


@settings(max_examples=300)
@given(st.sampled_from(SAMPLES), st.data())
def test_mutated_real_frames_raise_nothing_else_and_pay_only_for_known_kinds(
    sample: dict[str, Any], data: st.DataObject
) -> None:
    frame = json.loads(json.dumps(sample["frame"]))
    target = frame["message"] if isinstance(frame.get("message"), dict) else frame
    nested = [value for value in target.values() if isinstance(value, dict)]
    target = data.draw(st.sampled_from([target, *nested]))
    if target:
        key = data.draw(st.sampled_from(sorted(target)))
        target[key] = data.draw(json_values)
    try:
        event = frames.parse(json.dumps(frame))
    except FrameError:
        return
    if type(event) in MONEY:
        assert isinstance(event, Event) and event.username
        assert kinds.BUILDERS[event.kind] is not kinds.other


@pytest.mark.parametrize("uid", [True, False, None, "", "   ", 1.5, [], {}])
def test_an_id_that_is_none_is_replaced_by_the_content(uid: Any) -> None:
    """Two events whose ids are `true` are two events: one id for both would pay only the first."""
    first, second = (parse(v=2, type="followed", id=uid, data={"who": who}) for who in ("A", "B"))
    assert first.uid.startswith("sha256:") and second.uid.startswith("sha256:")
    assert first.uid != second.uid


def test_an_id_may_be_a_number_and_is_cut_to_what_a_column_holds() -> None:
    assert parse(v=2, type="followed", id=0, data={"who": "A"}).uid == "0"
    assert len(parse(v=2, type="followed", id="x" * 500, data={"who": "A"}).uid) == 100


def test_the_order_of_keys_makes_no_other_event() -> None:
    one = frames.parse('{"message": {"type": "followed", "data": {"who": "A", "what": "B"}}}')
    two = frames.parse('{"message": {"data": {"what": "B", "who": "A"}, "type": "followed"}}')
    assert isinstance(one, Event) and isinstance(two, Event)
    assert one.uid == two.uid


def test_a_v1_chat_line_goes_by_its_message_id_which_moderation_needs() -> None:
    common = {"event": "ChatMessage", "type": "new_message", "text": "hi", "author": {"username": "A"}}
    assert parse(**common, messageId="m-1", id="e-1").uid == "m-1"
    assert parse(**common, id="e-1").uid == "e-1"


@pytest.mark.parametrize(
    ("visibility", "is_public"),
    [("public", True), ("private", False), ("whisper", False), (None, False), (True, False)],
)
def test_only_what_is_surely_public_is_answered_in_public(visibility: Any, is_public: bool) -> None:
    assert v2("new_message", author={"username": "A"}, visibility=visibility).is_public is is_public


def test_a_line_without_a_visibility_is_public() -> None:
    assert v2("new_message", author={"username": "A"}).is_public


@pytest.mark.parametrize("value", ["true", 1, "yes", {}, [True], None])
def test_a_badge_counts_only_when_it_is_true(value: Any) -> None:
    badges = dict.fromkeys(("bot", "streamer", "mod", "subscriber"), value)
    line = v2("new_message", author={"username": "A", "badges": badges})
    assert not (line.is_bot or line.is_streamer or line.is_moderator or line.is_subscriber)


@pytest.mark.parametrize(
    ("badge", "v1_flag", "attribute"),
    [
        ("bot", "isBot", "is_bot"),
        ("streamer", "isStreamer", "is_streamer"),
        ("mod", "isModerator", "is_moderator"),
        ("subscriber", "isSubscriber", "is_subscriber"),
    ],
)
def test_each_badge_is_one_flag_in_either_envelope(badge: str, v1_flag: str, attribute: str) -> None:
    names = ("is_bot", "is_streamer", "is_moderator", "is_subscriber")
    expected = {name: name == attribute for name in names}
    new = v2("new_message", author={"username": "A", "badges": {badge: True}})
    old = parse(event="ChatMessage", type="new_message", messageId="1", author={"username": "A", v1_flag: True})
    assert {name: getattr(new, name) for name in names} == expected
    assert {name: getattr(old, name) for name in names} == expected


@pytest.mark.parametrize("author", [None, "A", {}, {"username": "  "}, {"username": 5}])
def test_a_chat_line_without_an_author_is_an_error_that_says_so(author: Any) -> None:
    with pytest.raises(FrameError, match="new_message names no author"):
        v2("new_message", author=author)


def test_who_comes_in_is_named_by_the_data_in_v2_and_by_the_text_in_v1() -> None:
    assert v2("enter_stream", username="Ann").username == "Ann"
    assert parse(event="UserPresence", type="enter_stream", id="1", text=" Ann ").username == "Ann"
    with pytest.raises(FrameError, match="leave_stream names nobody"):
        parse(event="UserPresence", type="leave_stream", id="1", text="  ")


@pytest.mark.parametrize(("how_much", "tokens"), [(5, 5), ("5", 5), (" 5 ", 5), (5.0, 5), (10**9, 10**9), ("0", 0)])
def test_amounts_are_read_from_numbers_and_from_strings(how_much: Any, tokens: int) -> None:
    assert v2("tipped", who="A", how_much=how_much).tokens == tokens


@pytest.mark.parametrize("how_much", ["٢٥", "²", "5.0", "1e3", "0x10", "5 5", "-5", "+5"])
def test_no_other_string_is_an_amount(how_much: str) -> None:
    with pytest.raises(FrameError, match="tipped needs how_much"):
        v2("tipped", who="A", how_much=how_much)


@pytest.mark.parametrize(
    ("written", "hour"),
    [
        ("2026-08-02T21:31:37Z", 21),
        ("2026-08-02T21:31:37", 21),
        ("2026-08-02T21:31:37.123+02:00", 19),
        ("20260802T213137Z", 21),
    ],
)
def test_a_time_is_in_utc_whatever_its_zone(written: str, hour: int) -> None:
    at = parse(v=2, type="followed", id="1", occurred_at=written, data={"who": "A"}).occurred_at
    assert (at.hour, at.utcoffset()) == (hour, timedelta(0))


@pytest.mark.parametrize("written", [None, "", "yesterday", 5, True, [], "2026-13-01", "0001-01-01T00:00:00+14:00"])
def test_an_event_without_a_time_is_still_an_event(written: Any) -> None:
    event = parse(v=2, type="followed", id="1", occurred_at=written, data={"who": "A"})
    assert (event.occurred_at, event.username) == (None, "A")


def test_of_two_spellings_the_one_that_can_be_read_counts() -> None:
    timer = v2("chat_timer_started", name="Break", ends_at="soon", endsAt="2026-08-03T19:45:00Z")
    assert timer.ends_at == datetime(2026, 8, 3, 19, 45, tzinfo=UTC)
    assert v2("settings_updated", updated_by=" ", who="HarbourFox").username == "HarbourFox"


@pytest.mark.parametrize(("value", "is_free"), [(True, True), ("true", False), (1, False), (None, False)])
def test_a_spin_is_free_only_where_the_platform_says_true(value: Any, is_free: bool) -> None:
    spin = v2("wheel_spin_claimed", who="A", how_much=0, prize="Hat", sub_spin=value)
    assert spin.is_free_for_subscribers is is_free


def test_an_unknown_kind_keeps_its_name_and_data() -> None:
    event = v2("LanternFestivalOpened", who="A", lanterns=7)
    assert type(event) is OtherEvent
    assert (event.kind, event.username, event.data) == ("lantern_festival_opened", "A", {"who": "A", "lanterns": 7})


@pytest.mark.parametrize("kind", [None, "", 5, [], True])
def test_an_event_without_a_type_is_an_error_that_says_so(kind: Any) -> None:
    with pytest.raises(FrameError, match="the event has no type"):
        parse(v=2, type=kind, id="1", data={})


@pytest.mark.parametrize(("reconnect", "expected"), [(True, True), (False, False), (None, False), ("true", False)])
def test_coming_back_after_a_disconnect_is_wanted_only_where_it_says_so(reconnect: Any, expected: bool) -> None:
    text = json.dumps({"type": "disconnect", "reason": "server_restart", "reconnect": reconnect})
    assert frames.parse(text) == Disconnect("server_restart", expected)


def test_an_error_frame_is_understood_in_both_places() -> None:
    assert frames.parse('{"error": "no such user"}') == ServerError("no such user")
    assert frames.parse('{"identifier": "{}", "message": {"error": "no such user"}}') == ServerError("no such user")
    # A message of a known type may have a key of that name.
    assert isinstance(v2("followed", who="A", error="x"), Follow)


def test_a_pings_message_is_no_event() -> None:
    assert frames.parse('{"type": "ping", "message": 1754170297}') == Ping()


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("<b>A</b> tipped", "A tipped"),
        ("<strong class='text-verdigris'>Water &amp; break</strong>", "Water & break"),
        ("1 < 2 > 0", "1 < 2 > 0"),
        ("a <3 b", "a <3 b"),
        ("&lt;b&gt;", "<b>"),
        ("&#0;x", "\ufffdx"),
    ],
)
def test_markup_is_taken_out_of_announcements_and_nothing_else(written: str, shown: str) -> None:
    assert parse(v=2, type="followed", id="1", text=written, data={"who": "A"}).text == shown

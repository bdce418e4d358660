"""Every sample frame through the running bot, in both envelopes: what it becomes, what it pays, what overlays hear."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from websockets.sync.client import ClientConnection

from tests.conftest import DATA
from tests.processes import BotProcess, SimulatorThread, overlay_socket, wait_until

LINES = [json.loads(line) for line in (DATA / "joystick_frames.jsonl").read_text(encoding="utf-8").splitlines()]

# What widgets are told beside that: `docs/overlay-protocol.md`.
FOR_WIDGETS = {
    "badges",
    "bot",
    "highlight",
    "color",
    "emotes",
    "title",
    "added",
    "current",
    "seconds",
    "ends_at",
    "expires_at",
    "number",
}
# Line of the file, kind, acting viewer, "points/XP source" paid, text. v1 first, v2 from line 72 on.
EVENTS = [
    (21, "new_message", "MossyLantern", "1/1 chat", "evening everyone, how is the harbour tonight?"),
    (22, "new_message", "quillbadger", "", "!lurk"),
    (23, "new_message", "quillbadger", "", "!roll 2d6 for luck"),
    (24, "new_message", "quillbadger", "", "!roll 2d6 for luck"),
    (25, "new_message", "TinPanSally", "", "!tip 15"),
    (26, "new_message", "MossyLantern", "1/1 chat", "@HarbourFox that save was wild"),
    (27, "new_message", "TinPanSally", "1/1 chat", "look at this one"),
    (28, "bot_message", "joystick", "", "TinPanSally tipped 15 tokens"),
    (29, "enter_stream", "MossyLantern", "25/5 dropin", "MossyLantern"),
    (30, "leave_stream", "MossyLantern", "", "MossyLantern"),
    (31, "stream_started", "", "", "HarbourFox went live"),
    (32, "stream_ending", "", "", "The stream is about to end"),
    (33, "stream_resuming", "", "", "The stream is coming back"),
    (34, "stream_ended", "", "", "The stream is over"),
    (35, "tipped", "quillbadger", "25/2 tip", "quillbadger tipped 25 tokens for Water break"),
    (36, "tipped", "TinPanSally", "15/1 tip", "TinPanSally tipped 15 tokens"),
    (37, "wheel_spin_claimed", "quillbadger", "50/5 wheel", "quillbadger won Silly hat"),
    (38, "subscribed", "TinPanSally", "200/50 sub", "TinPanSally subscribed"),
    (39, "resubscribed", "quillbadger", "200/50 resub", "quillbadger subscribed again"),
    (40, "gifted_subscriptions", "MossyLantern", "1000/250 gift", "MossyLantern gave away 5 subscriptions"),
    (41, "stream_dropped_in", "CopperKettle", "100/25 raid", "CopperKettle dropped in with 37 viewers"),
    (42, "dropin_stream", "HarbourFox", "", "Dropping in on LowTideLena"),
    (43, "tip_goal_created", "", "", "New tip goal"),
    (44, "tip_goal_updated", "", "", "Tip goal changed"),
    (45, "tip_goal_increased", "quillbadger", "", "Tip goal moved"),
    (46, "tip_goal_met", "NorthPier77", "", "Tip goal reached"),
    (47, "tip_goal_deleted", "", "", "Tip goal removed"),
    (48, "milestone_completed", "quillbadger", "", "Milestone reached"),
    (49, "tip_menu_item_unlocked", "", "", "Tip menu entry unlocked"),
    (50, "chat_timer_started", "", "", "Timer set"),
    (51, "chat_timers_cleared", "OldRopeCoil", "", "Timers cleared"),
    (52, "viewer_count_updated", "", "", ""),
    (53, "follower_count_updated", "", "", ""),
    (54, "device_connected", "", "", "Device switched on"),
    (55, "device_disconnected", "", "", "Device switched off"),
    (56, "device_settings_updated", "", "", "Device settings changed"),
    (57, "settings_updated", "", "", ""),
    (58, "stream_mode_updated", "HarbourFox", "", "Stream mode changed"),
    (59, "scene_updated", "", "", ""),
    (60, "user_muted", "grumpygull", "", "grumpygull was muted"),
    (61, "pvp_session_requested", "CopperKettle", "", "PVP requested"),
    (62, "pvp_session_ready", "CopperKettle", "", "PVP ready"),
    (63, "pvp_session_started", "CopperKettle", "", "PVP started"),
    (64, "pvp_session_ending", "CopperKettle", "", "PVP ending"),
    (65, "pvp_session_ended", "CopperKettle", "", "PVP ended"),
    (66, "verified_only_chat_started", "", "", "Chat mode changed"),
    (67, "verified_only_chat_ended", "", "", "Chat mode changed"),
    (68, "subscriber_only_started", "", "", "Chat mode changed"),
    (69, "subscriber_only_ended", "", "", "Chat mode changed"),
    (70, "chat_message_received", "", "", "new_message"),
    (71, "lantern_festival_opened", "MossyLantern", "", "Something not seen before"),
    (72, "new_message", "MossyLantern", "1/1 chat", "evening everyone, how is the harbour tonight?"),
    (73, "new_message", "quillbadger", "", "!roll 2d6 for luck"),
    (74, "new_message", "quillbadger", "", "!roll 2d6 for luck"),
    (75, "new_message", "NorthPier77", "1/1 chat", "first time here, hi!"),
    (76, "new_message", "MossyLantern", "1/1 chat", "@HarbourFox that save was wild"),
    (77, "new_message", "NorthPier77", "1/1 chat", ":foxwave: hello <3"),
    (78, "new_message", "NorthPier77", "1/1 chat", 'is 3 < 5 && "quotes" it\'s <b>fine</b>? 5 > 3 \\o/'),
    (79, "bot_message", "", "", "TinPanSally tipped 15 tokens"),
    (80, "enter_stream", "MossyLantern", "25/5 dropin", "MossyLantern"),
    (81, "leave_stream", "MossyLantern", "", "MossyLantern"),
    (82, "stream_started", "", "", "HarbourFox went live"),
    (83, "stream_ending", "", "", "The stream is about to end"),
    (84, "stream_ended", "HarbourFox", "", "The stream is over"),
    (85, "tipped", "quillbadger", "25/2 tip", "quillbadger tipped 25 tokens for Water break"),
    (86, "tipped", "quillbadger", "25/2 tip", "quillbadger tipped 25 tokens for Water break"),
    (87, "followed", "NorthPier77", "50/10 follow", "NorthPier77 is now following"),
    (88, "subscribed", "TinPanSally", "200/50 sub", "TinPanSally subscribed"),
    (89, "dropin_stream", "HarbourFox", "", "Dropping in on LowTideLena"),
    (90, "tip_goal_updated", "", "", "Tip goal changed"),
    (91, "tip_goal_met", "NorthPier77", "", "Tip goal reached"),
    (92, "tip_menu_item_locked", "", "", "Tip menu entry locked"),
    (93, "tip_menu_item_unlocked", "", "", "Tip menu entry unlocked"),
    (94, "chat_timer_started", "", "", "Timer set"),
    (95, "viewer_count_updated", "", "", ""),
    (96, "follower_count_updated", "", "", ""),
    (97, "subscriber_count_updated", "", "", ""),
    (98, "device_connected", "", "", "Device switched on"),
    (99, "device_disconnected", "", "", "Device switched off"),
    (100, "device_settings_updated", "", "", "Device settings changed"),
    (101, "settings_updated", "HarbourFox", "", ""),
    (102, "stream_mode_updated", "HarbourFox", "", "Stream mode changed"),
    (103, "verified_only_chat_started", "", "", "Chat mode changed"),
    (104, "verified_only_chat_ended", "", "", "Chat mode changed"),
    (105, "user_muted", "grumpygull", "", "grumpygull was muted"),
    (106, "user_unmuted", "grumpygull", "", "grumpygull was unmuted"),
    (107, "pvp_session_requested", "CopperKettle", "", "PVP requested"),
    (108, "pvp_session_started", "CopperKettle", "", "PVP started"),
    (109, "subathon_started", "", "", "Subathon started"),
    (110, "subathon_extended", "TinPanSally", "", "Subathon extended"),
    (111, "subathon_ended", "", "", "Subathon over"),
    (112, "lantern_festival_opened", "MossyLantern", "", "Something not seen before"),
]

AMOUNTS: dict[int, dict[str, Any]] = {
    35: {"tokens": 25, "item": "Water break"},
    36: {"tokens": 15},
    37: {"tokens": 50, "prize": "Silly hat"},
    40: {"count": 5},
    41: {"viewers": 37},
    42: {"viewers": 52},
    43: {"tokens": 5000},
    44: {"tokens": 5500},
    46: {"tokens": 5500},
    47: {"tokens": 5500},
    48: {"tokens": 1250},
    52: {"number": 41},
    53: {"number": 1204},
    85: {"tokens": 25, "item": "Water break"},
    86: {"tokens": 25, "item": "Water break"},
    89: {"viewers": 52},
    90: {"tokens": 5500},
    91: {"tokens": 5500},
    95: {"number": 41},
    96: {"number": 1204},
    97: {"number": 63},
}
"""What overlays are told beside: amounts and what they are for."""

# Line of the file, what the line to Joystick does of it.
CONTROL = [
    (1, "stays"), (2, "stays"), (3, "stays"), (4, "stays"), (9, "complains"), (10, "complains"),
    (5, "the gateway rejected the subscription"), (7, "the gateway ended the session: server_restart"),
    (8, "the gateway ended the session: remote"), (6, "refused"),
    (11, "stays"), (12, "stays"), (13, "stays"), (14, "stays"), (19, "complains"), (20, "complains"),
    (15, "the gateway rejected the subscription"), (17, "the gateway ended the session: server_restart"),
    (18, "the gateway ended the session: remote"), (16, "refused"),
]  # fmt: skip

NO_COOLDOWNS = {
    "CHAT_COOLDOWN_SECONDS": "0",
    "XP_CHAT_COOLDOWN_SECONDS": "0",
    "DROPIN_COOLDOWN_SECONDS": "0",
    "XP_BASE": "1000000",  # no level-ups: they would pay, too
}

MakeBot = Callable[..., BotProcess]


def test_the_tables_are_complete() -> None:
    assert sorted([row[0] for row in EVENTS] + [row[0] for row in CONTROL]) == list(range(1, len(LINES) + 1))


def heard(overlay: ClientConnection, uid: str) -> dict[str, Any]:
    """What the overlay hears of an event."""
    while True:
        frame = json.loads(overlay.recv(timeout=10))
        for event in frame["events"] if frame["type"] == "events" else ():
            if event["uid"] == uid:
                found: dict[str, Any] = event
                return found


def paid(bot: BotProcess, uid: str) -> dict[str, list[tuple[Any, ...]]]:
    """What was paid for a cause, in points and in XP, as (viewer, amount, source)."""
    return {
        ledger: bot.rows(
            f"SELECT v.username, t.delta, t.source FROM economy_{table} t JOIN economy_viewer v ON v.id = t.viewer_id "
            "WHERE t.event = ?",
            uid,
        )
        for ledger, table in (("points", "transaction"), ("XP", "xptransaction"))
    }


@pytest.mark.parametrize("version", [1, 2])
def test_every_event(make_bot: MakeBot, simulator: SimulatorThread, version: int) -> None:
    bot = make_bot(JOYSTICK_EVENT_VERSION=f"v{version}", **NO_COOLDOWNS).start()
    simulator.wait_subscribed()
    rows = [row for row in EVENTS if LINES[row[0] - 1]["version"] == version]
    assert len(rows) == {1: 51, 2: 41}[version]
    with overlay_socket(bot.overlay_url, "?events=all") as overlay:
        for line, kind, who, money, text in rows:
            message = LINES[line - 1]["frame"]["message"]
            uid = message.get("messageId") or message["id"]
            simulator.call(simulator.simulator.push(message))
            shown = heard(overlay, uid)
            expected_frame = {"kind": kind, "uid": uid, "username": who, "text": text, **AMOUNTS.get(line, {})}
            more = shown.keys() - expected_frame.keys()
            assert {key: value for key, value in shown.items() if key not in more} == expected_frame, line
            assert more <= FOR_WIDGETS, line
            stored = bot.rows("SELECT kind, username, text, state FROM joystick_inboundevent WHERE uid = ?", uid)
            assert stored == [(kind, who, text, "handled")], line
            amounts, _, source = money.partition(" ")
            expected = [(who, int(amount), source) for amount in amounts.split("/")] if money else []
            assert paid(bot, uid) == {"points": expected[:1], "XP": expected[1:]}, line
    total = sum(int(row[3].partition("/")[0] or 0) for row in rows)
    assert bot.one("SELECT sum(delta) FROM economy_transaction") == total
    assert bot.one("SELECT sum(balance) FROM economy_points") == total
    assert bot.one("SELECT count(*) FROM joystick_stream") == 1
    # The same once more: every uid is known, nothing is paid.
    for line, *_ in rows:
        simulator.call(simulator.simulator.push(LINES[line - 1]["frame"]["message"]))
    simulator.call(simulator.simulator.push({"type": "novelty", "id": "the-last", "data": {}}))
    wait_until(lambda: bot.one("SELECT 1 FROM joystick_inboundevent WHERE uid = 'the-last'"), "the last one")
    assert bot.one("SELECT sum(balance) FROM economy_points") == total


@pytest.fixture
def steady(make_bot: MakeBot, simulator: SimulatorThread) -> Iterator[Callable[[int], BotProcess]]:
    """Starts a bot on an envelope version."""

    def start(version: int) -> BotProcess:
        bot = make_bot(JOYSTICK_EVENT_VERSION=f"v{version}").start()
        simulator.wait_subscribed()
        return bot

    yield start


@pytest.mark.parametrize("version", [1, 2])
def test_every_control_frame(steady: Callable[[int], BotProcess], simulator: SimulatorThread, version: int) -> None:
    bot = steady(version)
    gateway = simulator.simulator
    state = "SELECT state FROM joystick_connection"
    for line, expected in CONTROL:
        sample = LINES[line - 1]
        if sample["version"] != version:
            continue
        wait_until(lambda: bot.one(state) == "connected", "the line stands")
        made, complaints = gateway.connections_made, bot.one(COMPLAINTS)
        simulator.call(gateway.push_text(json.dumps(sample["frame"])))
        if expected == "stays":
            simulator.call(gateway.push({"type": "novelty", "id": f"after-{line}", "data": {}}))
            after = f"SELECT 1 FROM joystick_inboundevent WHERE uid = 'after-{line}'"
            wait_until(partial(bot.one, after), "the next event")
            assert gateway.connections_made == made, line
        elif expected == "complains":
            wait_complaints(bot, complaints + 1)
        elif expected == "refused":
            wait_until(lambda: bot.one(state) == "refused", "the line is given up")
            assert bot.says("Joystick refuses the bot: unauthorized")
            assert gateway.connections_made == made, line
        else:
            wait_connections(simulator, made + 1)
            assert bot.one("SELECT reason FROM joystick_gap ORDER BY id DESC") == expected, line


COMPLAINTS = "SELECT count(*) FROM joystick_inboundevent WHERE kind = 'error' AND text LIKE 'Joystick says: %'"


def wait_complaints(bot: BotProcess, count: int) -> None:
    """Until so many errors are in the feed."""
    wait_until(lambda: bot.one(COMPLAINTS) == count, "the error is in the feed")


def wait_connections(simulator: SimulatorThread, count: int) -> None:
    """Until the bot has connected so many times."""
    wait_until(lambda: simulator.simulator.connections_made == count, "it comes back", within=30)

"""The bot as the streamer starts it: one process."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from functools import partial
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

import pytest
from websockets.exceptions import ConnectionClosed

from joystick.simulator.happenings import chat, tip
from tests.journeys.health import health, metrics
from tests.journeys.site import the_web_server_in_front_is_believed, try_to_log_in
from tests.journeys.way import POINTS, STATE, STEPS, lines_of, steps_in, walk
from tests.processes import ROOT, BotProcess, SimulatorThread, free_port, overlay_socket, play_next, wait_until

MakeBot = Callable[..., BotProcess]

# What /metrics says after the way of an event.
COUNTED = (
    'pixelbot_events_total{kind="new_message",state="handled"} 2.0',
    'pixelbot_events_total{kind="tipped",state="handled"} 1.0',
    'pixelbot_replies_total{outcome="sent",priority="answer"} 2.0',
    'pixelbot_reply_seconds_count{priority="answer"} 2.0',
    'pixelbot_queue_items_ended_total{lane="tts",state="done"} 1.0',
    "pixelbot_joystick_sessions_total 1.0",
    "pixelbot_joystick_connected 1.0",
    "pixelbot_listener_connected 1.0",
    "pixelbot_overlay_sockets 0.0",
    "pixelbot_database_up 1.0",
)

TOKEN = "a-token-for-the-metrics-alone"


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_the_way_of_an_event(make_bot: MakeBot, simulator: SimulatorThread, version: str) -> None:
    port = free_port()
    watched = {"LOG_LEVEL": "DEBUG", "HEALTH_PORT": str(port), "METRICS_TOKEN": TOKEN}
    bot = make_bot(JOYSTICK_EVENT_VERSION=version, **watched).start()
    simulator.wait_subscribed()
    uid = walk(simulator, bot.overlay_url, bot.one)
    lines = lines_of(uid, bot.text())
    assert steps_in(lines) == list(STEPS), lines
    assert "took 25 from bob (redeem)" in lines and "said: @Bob done, it is in the queue. 75 points left." in lines
    status, parts = health(port)
    assert status == 200 and sorted(parts) == ["listener", "web", "worker"]
    assert parts["worker"]["seconds_since_task"] < 10
    # That its page has gone, the bot hears a moment later.
    wait_until(lambda: "\npixelbot_overlay_sockets 0.0\n" in metrics(bot.port, TOKEN), "no socket is open")
    told = metrics(bot.port, TOKEN)
    for line in COUNTED:
        assert f"\n{line}\n" in told, told
    assert not re.search(r"bob|hello|harbourfox|[0-9a-f]{32}", told, re.IGNORECASE)
    assert "Traceback" not in bot.text()


@pytest.mark.parametrize(("host", "days"), [("127.0.0.1", 30), ("0.0.0.0", 0.5)])
def test_a_login_ends_the_same_day_where_others_can_reach_the_pages(
    make_bot: MakeBot, free_port: int, host: str, days: float
) -> None:
    bot = make_bot("--bind", f"{host}:{free_port}").start()
    assert log_in(bot, "admin", "a-test-password")
    lasts = bot.one("SELECT julianday(expire_date) - julianday('now') FROM django_session")
    assert days - 0.01 < lasts <= days


def test_a_wrong_bot_username_is_noticed_when_the_bot_hears_itself(
    make_bot: MakeBot, simulator: SimulatorThread
) -> None:
    bot = make_bot(BOT_USERNAME="Pixle").start()
    simulator.wait_subscribed()
    for name in ("Ann", "Bob", "Cat"):
        simulator.happen(chat(name, "!points"))
        answer = f"@{name} you have 0 points."
        wait_until(partial(simulator_said, simulator, answer), "the answer")
        simulator.happen(chat("Pixel", answer))
    wait_until(lambda: bot.says("If that is its account, set BOT_USERNAME=Pixel in .env"), "the right name in the log")


def simulator_said(simulator: SimulatorThread, line: str) -> bool:
    """Did the bot say this?"""
    return line in simulator.lines()


@pytest.mark.empty_data
def test_a_first_start_makes_all_and_a_second_one_keeps_it(make_bot: MakeBot) -> None:
    first = make_bot(ADMIN_PASSWORD="", JOYSTICK_GATEWAY_TOKEN="").start()
    key = first.folder / "secret_key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_text()) > 40
    password = re.search(r"password: (\S+)", first.text())
    assert password
    assert log_in(first, "admin", password[1])
    assert not log_in(first, "admin", "wrong")
    assert first.one("SELECT count(*) FROM redeems_redeem") == 8
    assert (
        first.one("SELECT count(*) FROM effects_prize") == 6 and first.one("SELECT count(*) FROM effects_sound") == 11
    )
    assert first.rows("SELECT level, points FROM economy_levelreward WHERE level = 5") == [(5, 500)]
    overlay, secret = first.overlay_path, key.read_text()
    assert "No channel is connected yet" in first.text()
    assert "the guide on the dashboard's first page" in first.text() and "--demo" in first.text()
    assert first.stop()[0] == 0

    second = make_bot(ADMIN_PASSWORD="", JOYSTICK_GATEWAY_TOKEN="").start()
    assert "password:" not in second.text()
    assert (second.overlay_path, key.read_text()) == (overlay, secret)
    assert log_in(second, "admin", password[1])


def log_in(bot: BotProcess, username: str, password: str) -> bool:
    """Through the admin's own form."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    url = f"http://127.0.0.1:{bot.port}/admin/login/?next=/admin/"
    page = browser.open(url, timeout=10).read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token
    form = urlencode({"username": username, "password": password, "csrfmiddlewaretoken": token[1], "next": "/admin/"})
    return (
        "Site administration" in (answer := browser.open(url, form.encode(), timeout=10).read().decode())
        or "Your channel" in answer
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_in_order_and_what_was_playing_plays_again(
    bot: BotProcess, make_bot: MakeBot, simulator: SimulatorThread, number: signal.Signals
) -> None:
    with overlay_socket(bot.overlay_url) as overlay:
        simulator.happen(tip("Bob", 50), chat("Bob", "!tts wait for me"))
        wait_until(lambda: '"show": "speak"' in str(overlay.recv(timeout=10)), "the line is being spoken")
        code, seconds = bot.stop(number)
    assert code == 0
    assert seconds < 5.0  # that it does not hang; the benchmark shows how quick it is
    assert "Traceback" not in bot.text()
    assert bot.one(STATE) == "pending"

    again = make_bot().start()
    with overlay_socket(again.overlay_url) as overlay:
        assert play_next(overlay)["text"] == "Bob said: wait for me"
        wait_until(lambda: again.one(STATE) == "done", "the item is done")
    assert again.one(POINTS) == 25


def test_after_a_stop_the_database_is_one_file_and_the_worker_ended_by_itself(
    bot: BotProcess, simulator: SimulatorThread, tmp_path: Path
) -> None:
    simulator.happen(*(tip(f"Viewer{number}", 5) for number in range(200)))
    wait_until(lambda: bot.one("SELECT count(*) FROM economy_transaction") == 200, "all tips are paid")
    assert bot.stop()[0] == 0
    assert "stopped while a task was still running" not in bot.text()
    log = bot.folder / "pixelbot.sqlite3-wal"
    assert not log.exists() or log.stat().st_size == 0
    # Written by the merging, after it: the bot merges, and does not leave it to SQLite's own end.
    assert len((bot.folder / "pixelbot.sqlite3.state").read_text().split()) == 3
    alone = shutil.copy(bot.folder / "pixelbot.sqlite3", tmp_path / "copy.sqlite3")
    with closing(sqlite3.connect(alone)) as copy:
        assert copy.execute("SELECT count(*) FROM economy_transaction").fetchone() == (200,)


def test_a_frame_that_was_paid_before_a_restart_is_not_paid_again(
    bot: BotProcess, make_bot: MakeBot, simulator: SimulatorThread
) -> None:
    event = tip("Bob", 50)
    simulator.happen(event)
    wait_until(lambda: bot.one(POINTS) == 50, "the tip is paid")
    bot.stop()
    simulator.simulator.subscribed.clear()
    again = make_bot().start()
    simulator.wait_subscribed()
    simulator.happen(event, tip("Bob", 1))
    wait_until(lambda: again.one(POINTS) != 50, "the new tip is paid")
    assert again.one(POINTS) == 51
    assert again.one("SELECT count(*) FROM economy_transaction") == 2


def test_without_an_overlay_nothing_is_sold_and_the_viewer_is_told_in_one_line(
    bot: BotProcess, simulator: SimulatorThread
) -> None:
    simulator.happen(tip("Bob", 50), chat("Bob", "!tts is anybody there"))
    refusal = "@Bob that can't be shown at the moment: the stream's overlay is closed."
    wait_until(lambda: refusal in simulator.lines(), "the viewer is told")
    assert bot.one(POINTS) == 50 and bot.one("SELECT count(*) FROM effects_queueitem") == 0


def test_a_page_that_plays_nothing_gives_the_points_back(bot: BotProcess, simulator: SimulatorThread) -> None:
    with overlay_socket(bot.overlay_url):
        simulator.happen(tip("Bob", 50), chat("Bob", "!tts is anybody there"))
        wait_until(lambda: bot.one(STATE) == "failed", "the item failed", within=30)
    assert bot.one(POINTS) == 50
    assert "no overlay began" in bot.one("SELECT error FROM effects_queueitem")
    wait_until(lambda: any("25 points are back" in line for line in simulator.lines()), "the viewer is told")


def test_a_taken_port_is_one_clear_sentence(make_bot: MakeBot, free_port: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port))
        taken.listen()
        assert sentence(make_bot()) == (
            f"CommandError: 127.0.0.1:{free_port} can't be used (Address already in use). Take another: runbot --bind 127.0.0.1:8001"
        )


def test_an_address_that_is_none_is_one_clear_sentence(make_bot: MakeBot) -> None:
    assert sentence(make_bot("--bind", "8000x")) == (
        "CommandError: --bind 8000x: write it as HOST:PORT, for example 127.0.0.1:8000."
    )


def test_an_abbreviated_demo_is_refused(make_bot: MakeBot) -> None:
    """It would put the made-up crowd into the real database."""
    assert sentence(make_bot("--dem")).startswith("CommandError: Write --demo in full")


def test_a_listener_alone_needs_the_larger_set_up(make_bot: MakeBot) -> None:
    assert sentence(make_bot("--listener-only")).startswith("CommandError: --listener-only is for a larger set-up")


def test_a_second_bot_on_the_same_data_is_refused(bot: BotProcess, make_bot: MakeBot) -> None:
    assert sentence(make_bot("--bind", "127.0.0.1:1")).startswith("CommandError: Pixel Bot is running already on")
    # Nor a listener of the larger set-up; it asks no Redis before it looks.
    beside = sentence(make_bot("--listener-only", REDIS_URL="redis://127.0.0.1:1/0"))
    assert beside.startswith("CommandError: A bot in one process runs already on")
    assert beside.endswith("Stop that one (runbot without --listener-only), or set another database in DATABASE_URL.")


def test_a_config_mistake_stops_the_start_and_names_every_one(make_bot: MakeBot) -> None:
    assert sentence(
        make_bot(POINTS_PER_CHAT="lots", XP_EXPONENT="9", LOG_FORMAT="xml", JOYSTICK_CLIENT_SECRET="s3cret")
    ) == (
        "Pixel Bot can't start. Please correct these settings (.env or environment):\n"
        "  POINTS_PER_CHAT=lots: must be a whole number of points from 0 to 1000000000.\n"
        "  XP_EXPONENT=9: must be a number from 0.25 to 5.\n"
        "  LOG_FORMAT=xml: must be one of plain, json."
    )


def sentence(bot: BotProcess) -> str:
    """Everything it prints when it won't start."""
    run = subprocess.run(
        bot.command, cwd=ROOT, env=bot.environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert run.returncode != 0
    assert run.stdout == ""
    return run.stderr.strip()


def test_wrong_addresses_are_404_and_the_pages_do_not_leak(bot: BotProcess) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"http://127.0.0.1:{bot.port}/overlay/wrong/", timeout=5)
    assert error.value.code == 404
    with pytest.raises(Exception, match=r"403"), overlay_socket(f"http://127.0.0.1:{bot.port}/overlay/wrong/"):
        pass
    assert "a-token" not in bot.text()


def test_what_is_far_too_long_for_a_report_is_not_read(bot: BotProcess) -> None:
    with overlay_socket(bot.overlay_url) as page:
        page.send("[" * 20_000)
        with pytest.raises(ConnectionClosed) as closed:
            page.recv(timeout=5)
    assert closed.value.rcvd is None  # the server cut it off; who reads a report says goodbye


def test_json_logs_are_one_object_a_line(make_bot: MakeBot, simulator: SimulatorThread) -> None:
    bot = make_bot(LOG_FORMAT="json").start()
    simulator.wait_subscribed()
    wait_until(lambda: bot.says('"logger": "joystick", "message": "connected"'), "a line of JSON")


def test_whether_obs_is_there_is_known_from_the_start(make_bot: MakeBot) -> None:
    bot = make_bot(OBS_ENABLED="true", OBS_PORT=str(free_port())).start()
    wait_until(lambda: bot.says("no connection to OBS: nothing answers there"), "it was asked", within=20)


@pytest.mark.empty_data
def test_the_demo_speaks_within_ten_seconds(make_bot: MakeBot) -> None:
    """No account, a database of its own, the same client and path as in earnest."""
    bot = make_bot("--demo", JOYSTICK_GATEWAY_TOKEN="", JOYSTICK_GATEWAY_URL="").start()
    with overlay_socket(bot.overlay_url) as overlay:
        assert play_next(overlay, within=10)["text"] == "quillbadger tipped 120 tokens!"
        assert play_next(overlay, within=10)["text"] == "quillbadger said: hello everybody, the bot is awake"
        wait_until(lambda: "reached level 2!" in play_next(overlay, within=15)["text"], "a level-up is spoken")
    bot.folder /= "demo"
    kinds = {kind for (kind,) in bot.rows("SELECT DISTINCT kind FROM joystick_inboundevent")}
    assert {"new_message", "tipped", "followed", "subscribed", "enter_stream"} <= kinds
    assert bot.one("SELECT count(*) FROM joystick_inboundevent WHERE state <> 'handled'") == 0
    assert not (bot.folder.parent / "pixelbot.sqlite3").exists()
    assert bot.stop()[0] == 0
    assert "Traceback" not in bot.text()


def test_behind_a_web_server_everybody_has_their_own_address(make_bot: MakeBot) -> None:
    the_web_server_in_front_is_believed(make_bot("--proxy-headers").start().port)


def test_without_the_option_nobody_can_say_another_address(make_bot: MakeBot) -> None:
    bot = make_bot().start()
    answers = [
        try_to_log_in(bot.port, f"name{number}", "wrong", **{"X-Forwarded-For": f"203.0.113.{number}"})[1]
        for number in range(6)
    ]
    assert ["Too many wrong passwords" in answer for answer in answers] == [*[False] * 5, True]

"""What a bot still does when it is stopped: it says whose points are back, and stores what it has read."""

from __future__ import annotations

import json
import socket
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from joystick.simulator.happenings import chat, tip
from tests.journeys.way import LISTENERS, POINTS, STATE
from tests.processes import BotProcess, SimulatorThread, wait_until

MakeBot = Callable[..., BotProcess]


def test_at_a_stop_a_viewer_whose_item_is_broken_off_hears_that_the_points_are_back(
    make_bot: MakeBot, simulator: SimulatorThread
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as never_answers:
        url = f"http://127.0.0.1:{never_answers.getsockname()[1]}/"
        bot = make_bot(WEBHOOK_ADDRESSES=url, WEBHOOK_SECRET="x" * 40)
        add_redeem(bot, "lamp", 5, [{"kind": "webhook", "url": url}])
        bot.start()
        simulator.wait_subscribed()
        simulator.happen(tip("Bob", 50), chat("Bob", "!lamp"))
        wait_until(lambda: bot.one(STATE) == "running", "the address is being called")
        code, seconds = bot.stop()
    assert (code, bot.one(STATE), bot.one(POINTS)) == (0, "failed", 50)
    assert simulator.lines()[-1] == (
        "@Bob sorry, that did not happen: the bot was stopped while it ran. Your 5 points are back."
    )
    assert seconds < 8  # that it does not hang


# Read by Python at its start: a name of the webhook's takes a minute to look up.
SLOW_NAMES = """
import socket, time
look_up = socket.getaddrinfo
def slow(host, *more, **named):
    time.sleep(60 * ("slow.example" in str(host)))
    return look_up(host, *more, **named)
socket.getaddrinfo = slow
"""


def test_a_stop_does_not_wait_for_a_name_that_is_looked_up(
    make_bot: MakeBot, simulator: SimulatorThread, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(SLOW_NAMES)
    url = "http://slow.example/"
    bot = make_bot(WEBHOOK_ADDRESSES=url, WEBHOOK_SECRET="x" * 40, PYTHONPATH=str(tmp_path))
    add_redeem(bot, "lamp", 5, [{"kind": "webhook", "url": url}])
    bot.start()
    simulator.wait_subscribed()
    simulator.happen(tip("Bob", 50), chat("Bob", "!lamp"))
    wait_until(lambda: bot.one(STATE) == "failed", "the call is given up")
    assert bot.one("SELECT error FROM effects_queueitem") == "the address did not answer within 5 s"
    code, seconds = bot.stop()
    assert (code, bot.one(POINTS)) == (0, 50)
    assert seconds < 8


def add_redeem(bot: BotProcess, key: str, cost: int, effects: list[dict[str, Any]]) -> None:
    """Add a redeem of the streamer's own, made of effects, as the dashboard would."""
    with closing(sqlite3.connect(bot.folder / "pixelbot.sqlite3")) as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(redeems_redeem)") if row[1] != "id"]
        own = {"key": key, "title": key, "cost": cost, "effects": json.dumps(effects), "needs_text": 0}
        values = [f":{column}" if column in own else column for column in columns]
        database.execute(
            f"INSERT INTO redeems_redeem ({', '.join(columns)}) "
            f"SELECT {', '.join(values)} FROM redeems_redeem WHERE key = 'tts'",
            own,
        )
        database.commit()


def test_at_a_stop_what_was_read_is_stored_even_if_the_database_is_busy_for_seconds(
    bot: BotProcess, simulator: SimulatorThread
) -> None:
    # Until its state is stored the socket is not read.
    wait_until(lambda: bot.one(LISTENERS) == "connected", "the line stands")
    with closing(
        sqlite3.connect(bot.folder / "pixelbot.sqlite3", check_same_thread=False, isolation_level=None)
    ) as other:
        other.execute("BEGIN IMMEDIATE")
        simulator.happen(*(tip(f"Viewer{number}", 1) for number in range(100)))
        simulator.call(simulator.simulator.flush())
        time.sleep(0.5)  # what has come is taken from the socket, too
        freeing = threading.Timer(4, other.rollback)
        freeing.start()
        code, _ = bot.stop()
        freeing.join()
    assert code == 0
    assert bot.one("SELECT count(*) FROM joystick_inboundevent") == 100
    assert not bot.says("could be stored")

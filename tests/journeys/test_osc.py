"""A value that was sent for a while goes back at its moment, and after a kill."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from joystick.simulator.happenings import chat, tip
from tests.effects.osc_listener import OSCListener
from tests.journeys.test_stop import add_redeem
from tests.processes import BotProcess, SimulatorThread, wait_until

ADDRESS = "/avatar/parameters/Hat"


def test_a_pulse_goes_back_in_time_and_what_lasted_at_a_kill_once_the_bot_is_back(
    make_bot: Callable[..., BotProcess], simulator: SimulatorThread
) -> None:
    with OSCListener() as vrchat:
        bot = make_bot(TTS_COOLDOWN_SECONDS="0")
        add_target(bot.folder, vrchat.port)
        step = {"kind": "osc", "target": "VRChat", "address": ADDRESS, "type": "int", "back": "7"}
        add_redeem(bot, "pulse", 5, [{**step, "value": "1", "pulse_ms": 300}])
        add_redeem(bot, "hold", 5, [{**step, "value": "2", "seconds": 4}])
        bot.start()
        simulator.wait_subscribed()
        simulator.happen(tip("Bob", 50), chat("Bob", "!pulse"))
        wait_until(lambda: vrchat.values() == [1, 7], "the pulse is over")
        (on, _), (off, _) = vrchat.heard
        assert 0.29 < off - on < 1.5  # `rescue` alone would take up to two seconds
        simulator.happen(chat("Bob", "!hold"))
        wait_until(lambda: vrchat.values() == [1, 7, 2], "the hold began")
        # Killed before that, it would be sent again: it is safe to repeat.
        done = "SELECT count(*) FROM effects_queueitem WHERE kind = 'osc' AND state = 'done'"
        wait_until(lambda: bot.one(done) == 2, "the queue says that it was sent")
        bot.kill()
        bot.start()
        wait_until(lambda: vrchat.values() == [1, 7, 2, 7], "it went back")
        assert bot.one("SELECT count(*) FROM effects_oscchange") == 0


def add_target(folder: Path, port: int) -> None:
    """Add VRChat's row, as the dashboard would."""
    with closing(sqlite3.connect(folder / "pixelbot.sqlite3")) as database, database:
        row = ("VRChat", "127.0.0.1", port, True)
        database.execute("INSERT INTO effects_osctarget (name, host, port, enabled) VALUES (?, ?, ?, ?)", row)

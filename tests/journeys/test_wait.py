"""A pause in a sequence, with the real bot: kept while it is killed, and over at its moment."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from joystick.simulator.happenings import follow
from pixelbot_site.kit import live
from tests.journeys.test_backups import manage
from tests.processes import BotProcess, SimulatorThread, wait_until

SECONDS = 12
REACTION = f"""
from joystick.models import Reaction
steps = [{{"kind": "wait", "seconds": {SECONDS}}}, {{"kind": "chat_line", "text": "late for {{user}}"}}]
Reaction.objects.filter(occasion="follow").delete()
Reaction.objects.create(occasion="follow", effects=steps)
"""
WAITS = "SELECT due_at FROM effects_queueitem WHERE state = 'pending'"


def store(bot: BotProcess, code: str) -> None:
    """Store the reaction from another process, and wait until the bot follows."""
    made = manage(bot, "shell", "-c", code)
    assert made.returncode == 0, made.stderr
    time.sleep(live.MAX_AGE)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_pause_survives_a_kill_and_ends_when_it_should(
    make_bot: Callable[..., BotProcess], simulator: SimulatorThread
) -> None:
    bot = make_bot().start()
    simulator.wait_subscribed()
    store(bot, REACTION)
    simulator.happen(follow("Ann"))
    wait_until(lambda: bot.rows(WAITS), "the rest waits for its time")
    due_at = bot.one(WAITS)
    bot.kill()
    simulator.simulator.subscribed.clear()
    bot = make_bot().start()
    simulator.wait_subscribed()
    assert bot.one(WAITS) == due_at and "late for Ann" not in simulator.lines()
    wait_until(lambda: "late for Ann" in simulator.lines(), "the rest happens", within=SECONDS + 10)
    happened_at = bot.one("SELECT started_at FROM effects_queueitem WHERE kind = 'chat_line'")
    assert 0 <= (moment(happened_at) - moment(due_at)).total_seconds() < 4  # the wake-up died with the bot: rescue


def test_without_a_kill_it_ends_at_its_moment(make_bot: Callable[..., BotProcess], simulator: SimulatorThread) -> None:
    bot = make_bot().start()
    simulator.wait_subscribed()
    store(bot, REACTION.replace(f"{SECONDS}}}", "3}"))
    simulator.happen(follow("Ann"))
    wait_until(lambda: "late for Ann" in simulator.lines(), "the rest happens")
    due_at = bot.one("SELECT due_at FROM effects_queueitem WHERE due_at IS NOT NULL")
    happened_at = bot.one("SELECT started_at FROM effects_queueitem WHERE kind = 'chat_line'")
    assert 0 <= (moment(happened_at) - moment(due_at)).total_seconds() < 1.5

"""A bot that is killed at any moment loses no committed points and pays nothing twice."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable

from joystick.simulator.happenings import Happening, chat, tip
from tests.processes import BotProcess, SimulatorThread, overlay_socket, wait_until

ROUNDS = 6
VIEWERS = 8


def evening(rng: random.Random, round_number: int) -> list[Happening]:
    """Tips of odd sizes, chat, and purchases of spoken lines."""
    happenings: list[Happening] = []
    for number in range(120):
        who = f"viewer{rng.randrange(VIEWERS)}"
        roll = rng.random()
        if roll < 0.6:
            happenings.append(tip(who, rng.randrange(1, 90)))
        elif roll < 0.85:
            happenings.append(chat(who, f"line {number}"))
        else:
            happenings.append(chat(who, f"!tts round {round_number} line {number}"))
    return happenings


def test_killed_at_random_moments(make_bot: Callable[..., BotProcess], simulator: SimulatorThread) -> None:
    rng = random.Random(20)
    told: list[Happening] = []
    for round_number in range(ROUNDS):
        simulator.simulator.subscribed.clear()
        bot = make_bot(TTS_COOLDOWN_SECONDS="0", TTS_QUEUE_MAX="1000", TTS_PRE_SOUND="").start()
        simulator.wait_subscribed()
        # What a platform might repeat after a reconnect: some of what was told before.
        simulator.happen(*rng.sample(told, min(len(told), 40)))
        told += (fresh := evening(rng, round_number))
        with overlay_socket(bot.overlay_url) as overlay:
            kill_at = time.monotonic() + rng.uniform(0.02, 0.6)
            for happening in fresh:
                simulator.happen(happening)
                if time.monotonic() > kill_at:
                    break
                try:
                    frame = json.loads(overlay.recv(timeout=0))
                except TimeoutError:
                    continue
                if frame.get("show") == "speak":
                    for report in ("started", "finished"):
                        overlay.send(json.dumps({"type": report, "item": frame["item"], "attempt": frame["attempt"]}))
            bot.kill()

    simulator.simulator.subscribed.clear()
    bot = make_bot(TTS_COOLDOWN_SECONDS="0", TTS_QUEUE_MAX="1000", TTS_PRE_SOUND="").start()
    simulator.wait_subscribed()
    with overlay_socket(bot.overlay_url):  # without one, nothing would be sold
        simulator.happen(*told)
        wait_until(
            lambda: bot.one("SELECT count(*) FROM joystick_inboundevent") == len(told),
            "every event is stored",
            within=30,
        )
    wait_until(
        lambda: bot.one("SELECT count(*) FROM effects_queueitem WHERE state = 'running' AND told_at IS NULL") == 0,
        "nothing is in between",
        within=30,
    )
    assert_inbox_and_ledger_agree(bot, told)


def assert_inbox_and_ledger_agree(bot: BotProcess, told: list[Happening]) -> None:
    assert bot.rows("SELECT uid, error FROM joystick_inboundevent WHERE state <> 'handled'") == []
    tips = {happening.uid: happening.data["how_much"] for happening in told if happening.kind == "tipped"}
    paid = bot.rows("SELECT event, delta FROM economy_transaction WHERE source = 'tip'")
    assert dict(paid) == tips
    assert len(paid) == len(tips)
    # Every balance is the sum of its rows.
    assert (
        bot.rows(
            "SELECT viewer_id, balance FROM economy_points AS p WHERE balance <> "
            "(SELECT coalesce(sum(delta), 0) FROM economy_transaction AS t WHERE t.viewer_id = p.viewer_id)"
        )
        == []
    )
    assert (
        bot.rows(
            "SELECT viewer_id, total FROM economy_xp AS p WHERE total <> "
            "(SELECT coalesce(sum(delta), 0) FROM economy_xptransaction AS t WHERE t.viewer_id = p.viewer_id)"
        )
        == []
    )
    # What was spent has one queue item, and went back exactly when that failed.
    assert bot.one("SELECT count(*) FROM economy_transaction WHERE kind = 'spend'") > 5
    assert (
        bot.rows(
            "SELECT t.id FROM economy_transaction AS t LEFT JOIN effects_purchase AS p ON p.payment_id = t.id "
            "LEFT JOIN effects_queueitem AS q ON q.purchase_id = p.id "
            "LEFT JOIN economy_transaction AS r ON r.undoes_id = t.id "
            "WHERE t.kind = 'spend' AND (q.id IS NULL OR (q.state = 'failed') <> (r.id IS NOT NULL))"
        )
        == []
    )

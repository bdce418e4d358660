"""Three hundred items in three lanes, while workers are killed, the overlay comes and goes, and OBS dies and returns."""

from __future__ import annotations

import contextlib
import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg
import pytest
from websockets.exceptions import ConnectionClosed

from tests.journeys.site import Scaled
from tests.processes import ROOT, overlay_socket, wait_until
from tests.real_obs import PASSWORD, RealOBS, furnish, running_obs

ITEMS = 300
WORKER = ("-m", "celery", "-A", "pixelbot_site", "worker", "--pool", "threads", "--concurrency", "4", "-n")
BUY = """
import django; django.setup()
import random
from django.utils import timezone
from economy.ledger import points as ledger
from economy.viewers import people as viewers
from effects.models import Overlay, Prize
from effects.obs import health
from effects.overlays import pages
from pixelbot_site import setup
from joystick.settings_table import Rules
from redeems import purchase
from redeems.models import Redeem
setup.prepare()
assert health.check()  # as a worker does from its start
Redeem.objects.update(enabled=True, cooldown_seconds=0, choices="Game\\nKitchen", seconds=1)
Redeem.objects.filter(key="clip").update(cost=5)
Prize.objects.filter(name="Another spin").delete()
pages.opened("a page", Overlay.objects.get())
people = list(viewers.seen([f"viewer{n}" for n in range(10)], now=timezone.now()).values())
for who in people:
    ledger.grant(who, 100_000, source="test", reference=f"start:{who.pk}")
chance = random.Random(SEED)
wishes = ["tts"] * 110 + ["sound"] * 80 + ["spin"] * 60 + ["shoutout"] * 10 + ["scene"] * 30 + ["clip"] * 10
chance.shuffle(wishes)
words = {"tts": "line number {n}", "sound": "ding", "shoutout": "viewer1", "scene": "Kitchen"}
now = Rules.current()
for n, key in enumerate(wishes):
    purchase.buy(viewer=chance.choice(people), key=key, words=words.get(key, "").format(n=n), reference=f"m-{n}",
                 rules=now, now=timezone.now())
"""


class Player(threading.Thread):
    """An overlay that shows everything quickly, and is away now and then."""

    def __init__(self, url: str, chance: random.Random) -> None:
        super().__init__(daemon=True)
        self.url, self.chance, self.over, self.away = url, chance, threading.Event(), threading.Event()
        self.dropped = 0

    def run(self) -> None:
        while not self.over.is_set():
            with contextlib.suppress(ConnectionClosed, OSError, TimeoutError), overlay_socket(self.url) as socket:
                while not self.over.is_set() and not self.away.is_set():
                    with contextlib.suppress(TimeoutError):
                        self.play(socket, json.loads(socket.recv(timeout=0.2)))
            if self.away.is_set():
                self.dropped += 1
                self.over.wait(self.chance.uniform(0.2, 2.5))
                self.away.clear()

    def play(self, socket: Any, frame: dict[str, Any]) -> None:
        if frame["type"] != "play":
            return
        report = {"item": frame["item"], "attempt": frame["attempt"]}
        if self.chance.random() < 0.03:
            socket.send(json.dumps({"type": "failed", "reason": "a broken page", **report}))
            return
        for kind in ("started", "finished"):
            socket.send(json.dumps({"type": kind, **report}))


@pytest.mark.parametrize("seed", [7])
def test_every_item_ends_and_every_point_is_somebodys(scaled: Scaled, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    with running_obs(tmp_path / "obs-home") as obs:
        scaled.environment |= {
            "OBS_ENABLED": "true", "OBS_PORT": str(obs.port), "OBS_PASSWORD": PASSWORD,
            "TTS_QUEUE_MAX": "1000", "WHEEL_QUEUE_MAX": "1000", "EFFECT_QUEUE_MAX": "1000", "TTS_PRE_SOUND": "",
        }  # fmt: skip
        bought = subprocess.run(
            [sys.executable, "-c", BUY.replace("SEED", str(seed))],
            cwd=ROOT, env=scaled.environment | {"DJANGO_SETTINGS_MODULE": "pixelbot_site.settings", "LOG_LEVEL": "ERROR"},
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert bought.returncode == 0, bought.stderr
        scaled.start("-m", "daphne", "-b", "127.0.0.1", "-p", str(scaled.port), "pixelbot_site.asgi:application")
        scaled.start("-m", "celery", "-A", "pixelbot_site", "beat", "--schedule", str(tmp_path / "beat"))
        wait_until(scaled.serves, "daphne serves", within=20)
        player = Player(scaled.overlay_url, chance)
        player.start()
        kills = havoc(scaled, obs, player, chance)
        player.over.set()
        player.join(5)
    states = judge(scaled)
    print(f"{kills} workers killed, the overlay away {player.dropped} ×, OBS killed once: {dict(states)}")
    assert kills >= 4 and player.dropped >= 3 and states["done"] > ITEMS / 2


def restart(obs: RealOBS) -> None:
    """Kill OBS, and start it again."""
    obs.signal(signal.SIGKILL)
    obs.wait_gone()
    furnish(obs.start())


def havoc(scaled: Scaled, obs: RealOBS, player: Player, chance: random.Random) -> int:
    """Two workers, one of which dies every now and then; returns how many did."""
    workers = [scaled.start(*WORKER, f"w{n}@here") for n in range(2)]
    kills, until = 0, time.monotonic() + 240
    next_kill = time.monotonic() + 5
    obs_dies = threading.Timer(12, restart, [obs])
    obs_dies.start()
    while left(scaled):
        assert time.monotonic() < until, f"it hangs: {left(scaled)} left"
        if time.monotonic() >= next_kill and kills < 8:
            victim = kills % 2
            workers[victim].kill()
            workers[victim].wait()
            kills += 1
            player.away.set() if chance.random() < 0.7 else None
            workers[victim] = scaled.start(*WORKER, f"w{kills + 2}@here")
            next_kill = time.monotonic() + chance.uniform(2, 5)
        time.sleep(0.1)
        watch(scaled)
    obs_dies.join()
    return kills


def left(scaled: Scaled) -> int:
    """How many have not ended."""
    return int(scaled.ask("SELECT count(*) FROM effects_queueitem WHERE state IN ('pending', 'running', 'waiting')"))


def watch(scaled: Scaled) -> None:
    """At any moment at most one of a lane runs, and none beyond its deadline and 15 s."""
    with psycopg.connect(scaled.database) as connection:
        rows = connection.execute(
            "SELECT lane, extract(epoch FROM now() - started_at), overlay_seconds "
            "FROM effects_queueitem WHERE state = 'running'"
        ).fetchall()
    assert max(Counter(lane for lane, _, _ in rows).values(), default=0) <= 1
    for lane, age, seconds in rows:
        assert age < 30 + seconds + 12 + 15, f"{lane} hangs for {age} s"


def judge(scaled: Scaled) -> Counter[str]:
    """Order, refunds, prizes and the books."""
    with psycopg.connect(scaled.database) as connection:
        rows = connection.execute(
            "SELECT i.id, i.lane, i.state, p.payment_id, i.started_at, "
            "(SELECT count(*) FROM economy_transaction t WHERE t.undoes_id = p.payment_id), coalesce(i.is_own, false) "
            "FROM effects_queueitem i LEFT JOIN effects_purchase p ON p.id = i.purchase_id ORDER BY i.id"
        ).fetchall()
        unpaid = connection.execute("SELECT count(*) FROM effects_spin WHERE paid_at IS NULL").fetchone()
        twice = connection.execute(
            "SELECT count(*) FROM (SELECT item_id FROM effects_spin GROUP BY 1 HAVING count(*) > 1) x"
        ).fetchone()
    bought = [row for row in rows if row[3] is not None]
    assert len(bought) == ITEMS and (unpaid, twice) == ((0,), (0,))
    for item, _, state, _, _, refunds, _ in bought:
        assert refunds == (0 if state == "done" else 1), f"item {item} is {state} with {refunds} refunds"
    for lane in ("tts", "wheel", "effect", "notification"):
        for is_own in (True, False):  # what viewers bought goes before what the bot does by itself
            begun = [row[4] for row in rows if row[1] == lane and row[4] and row[6] == is_own]
            assert begun == sorted(begun), f"the order of {lane} was not kept"
    audit = scaled.start("manage.py", "audit_ledger")
    assert audit.wait(60) == 0
    return Counter(row[2] for row in bought)

"""Several processes while Redis is away or hangs, and a web server that is started again."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from websockets.sync.client import ClientConnection

from joystick.simulator.happenings import chat, tip
from tests.journeys.services import running
from tests.journeys.site import Scaled
from tests.journeys.way import POINTS
from tests.processes import SimulatorThread, overlay_socket, wait_until
from tests.servers import RedisServer, running_redis

TIPS = "SELECT count(*) FROM economy_transaction WHERE source = 'tip'"


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """A Redis that the test stops."""
    with running_redis() as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    return redis_server.url


def test_all_but_what_redis_carries_works_and_the_rest_comes_back_with_it(
    scaled: Scaled, simulator: SimulatorThread, redis_server: RedisServer
) -> None:
    redis_server.stop()
    with running(scaled, "listener", "web"):
        simulator.call(simulator.simulator.subscribed.wait(), within=60)
        simulator.happen(tip("Bob", 100))
        wait_until(lambda: scaled.ask(POINTS) == 100, "the tip is paid")
        wait_until(scaled.serves, "daphne serves", within=30)
        browser = scaled.log_in()
        for page in ("", "api/health", "effects/queueitem/", "charts/", "settings/"):
            with browser.open(f"http://127.0.0.1:{scaled.port}/admin/{page}", timeout=30) as answer:
                assert answer.status == 200 and answer.url.endswith(f"/admin/{page}")

        redis_server.start()

        def answers() -> bool:
            simulator.happen(chat("Bob", "!points"))
            return any("you have" in line for line in simulator.lines())

        # The listener looks for Redis each second.
        assert wait_until(answers, "chat is answered again", within=10)

        with overlay_socket(scaled.overlay_url), redis_server.frozen():
            simulator.happen(chat("Bob", "!tts hello"))  # for which a worker is woken
            wait_until(lambda: scaled.ask(POINTS) == 75, "it is sold")
            for paid in range(2, 6):
                simulator.happen(tip("Bob", 100))
                wait_until(partial(is_paid, scaled, paid), "what comes is paid while Redis hangs", within=20)


def test_a_page_is_heard_again_soon_after_the_web_server_ends(scaled: Scaled, simulator: SimulatorThread) -> None:
    with running(scaled, "listener", "web") as [_, web]:
        simulator.call(simulator.simulator.subscribed.wait(), within=60)
        wait_until(scaled.serves, "daphne serves", within=30)
        with overlay_socket(scaled.overlay_url, "?obs=1") as page:
            assert hello(page)["leader"]
            web.process.send_signal(signal.SIGTERM)
            web.process.wait(20)
        wait_until(scaled.serves, "daphne serves again", within=30)
        with overlay_socket(scaled.overlay_url, "?obs=1") as page:
            assert hello(page)["leader"], "the page of before still counts"
            web.process.send_signal(signal.SIGKILL)
            web.process.wait(20)
        wait_until(scaled.serves, "daphne serves again", within=30)
        with overlay_socket(scaled.overlay_url, "?obs=1") as page:
            # Without a word of the one that died, its page counts until it should have been renewed.
            frame = hello(page)
            while not frame.get("leader"):
                frame = json.loads(page.recv(timeout=25))


def is_paid(scaled: Scaled, tips: int) -> bool:
    return bool(scaled.ask(TIPS) == tips)


def hello(page: ClientConnection) -> dict[str, Any]:
    """Return what the page is greeted with."""
    while (frame := json.loads(page.recv(timeout=10)))["type"] != "hello":
        pass
    greeting: dict[str, Any] = frame
    return greeting

"""The same code as several processes on Redis and PostgreSQL: the units of docs/deploy, and what dies."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import psutil
import pytest
from websockets.sync.client import ClientConnection

from joystick.simulator.happenings import chat, tip
from tests.journeys.health import health, metrics
from tests.journeys.services import METRICS_TOKEN, NAMES, Service, running
from tests.journeys.site import Scaled, the_web_server_in_front_is_believed
from tests.journeys.way import POINTS, STEPS, lines_of, steps_in, walk
from tests.processes import SimulatorThread, overlay_socket, wait_until
from tests.servers import RedisServer, running_redis

HOLDER = "SELECT holder FROM joystick_connection WHERE state = 'connected'"
EVENTS = "SELECT count(*) FROM joystick_inboundevent"
TIPS = "SELECT count(*) FROM economy_transaction WHERE source = 'tip'"
EXPIRED_ITEMS = "SELECT count(*) FROM effects_queueitem WHERE state = 'expired'"
# The line that was spoken waits again, and has waited too long.
EXPIRED = """
    UPDATE effects_queueitem SET state = 'pending', finished_at = NULL, expires_at = now() - interval '1 second'
    WHERE id = (SELECT max(id) FROM effects_queueitem WHERE kind = 'speak')
"""


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """A Redis that this test alone restarts."""
    with running_redis() as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    return redis_server.url


@pytest.mark.alone
def test_of_several_listeners_another_takes_over_when_one_dies(scaled: Scaled, simulator: SimulatorThread) -> None:
    with running(scaled, "listener") as [first]:
        subscribed(simulator)
        with running(scaled, "listener", "listener") as others:
            services = [first, *others]
            wait_until(lambda: standing_by(scaled) == 2, "two stand by")
            killed, _ = replaced(scaled, simulator, services, signal.SIGKILL)
            # It may have been back so soon that it took the line again itself.
            wait_until(lambda: started(scaled) == 4, "the one that died is back", within=30)
            stopped, _ = replaced(scaled, simulator, services, signal.SIGTERM)
            frozen, old = replaced(scaled, simulator, services, signal.SIGSTOP)
            simulator.happen(tip("Bob", 1))
            wait_until(lambda: scaled.ask(EVENTS) == 1, "the event is stored")
            before = standing_by(scaled)
            old.process.send_signal(signal.SIGCONT)
            wait_until(lambda: scaled.says("another listener took the line"), "the frozen one notices")
            wait_until(lambda: standing_by(scaled) > before, "the frozen one stands by")
            simulator.happen(tip("Bob", 2))
            wait_until(lambda: scaled.ask(EVENTS) == 2, "the next event is stored")
    print(f"replaced after SIGKILL in {killed:.2f} s, SIGTERM {stopped:.2f} s, SIGSTOP {frozen:.2f} s")
    # Where others use the machine, too, each step of the two processes waits for a core.
    busy = psutil.getloadavg()[0] > 2 * psutil.cpu_count()
    assert killed < 5 and stopped < (3 if busy else 1) and frozen < 5
    assert scaled.ask("SELECT balance FROM economy_points") == 3
    assert "Traceback" not in "".join(scaled.output)


def replaced(
    scaled: Scaled, simulator: SimulatorThread, services: list[Service], number: signal.Signals
) -> tuple[float, Service]:
    """Send a signal to the one that has the line; return the seconds until another is subscribed, and the old one."""
    pid = wait_until(lambda: holder(scaled), "one has the line")
    [old] = [service for service in services if service.process.pid == pid]
    before, began = simulator.simulator.connections_made, time.monotonic()
    old.process.send_signal(number)
    wait_until(lambda: simulator.simulator.connections_made > before, "another connection")
    simulator.wait_subscribed()
    seconds = time.monotonic() - began
    wait_until(lambda: holder(scaled) not in (0, pid), "another one has the line")
    return seconds, old


def subscribed(simulator: SimulatorThread) -> None:
    """Wait for the first listener, which prepares the database, on a machine that others may share."""
    simulator.call(simulator.simulator.subscribed.wait(), within=60)


def holder(scaled: Scaled) -> int:
    """The process that is connected, by its id."""
    return int((scaled.ask(HOLDER) or "0").rpartition(":")[2])


def started(scaled: Scaled) -> int:
    """How many listeners have begun."""
    return "".join(scaled.output).count("The overlay's path")


def standing_by(scaled: Scaled) -> int:
    """How often a listener began to stand by."""
    return "".join(scaled.output).count("standing by")


def test_the_units_work_and_are_missed_when_they_die(
    scaled: Scaled, simulator: SimulatorThread, redis_server: RedisServer
) -> None:
    scaled.environment["LOG_LEVEL"] = "DEBUG"
    with running(scaled, "listener") as [listener]:
        subscribed(simulator)
        start_and_end_the_others(scaled, simulator, redis_server, listener)
        assert listener.end() == 0


def start_and_end_the_others(
    scaled: Scaled, simulator: SimulatorThread, redis_server: RedisServer, listener: Service
) -> None:
    with running(scaled, *NAMES[1:]) as [web, *others]:
        wait_until(scaled.serves, "daphne serves", within=30)
        page = logged_in(scaled)
        wait_until(lambda: pulse(scaled) is not None, "a worker answers", within=30)
        uid = walk(simulator, scaled.overlay_url, scaled.ask)
        # Three processes write them, so that their order may be another.
        wait_until(lambda: sorted(steps_in(told(scaled, uid))) == sorted(STEPS), "each step is in the log, once")
        assert red(page()) == []
        each_says_how_it_is(scaled, [listener, web, *others])
        the_web_server_in_front_is_believed(scaled.port)

        # The schedule and the workers end for good. (Twenty of the thirty seconds until that shows need not be waited.)
        for service in others:
            service.end(signal.SIGKILL)
        began = time.monotonic()
        scaled.do("UPDATE pixelbot_site_heartbeat SET at = at - interval '20 seconds'")
        scaled.do(EXPIRED)
        wait_until(lambda: scaled.ask(EXPIRED_ITEMS) == 1, "the listener rescues", within=6)
        wait_until(lambda: red(page()), "a red line", within=20)
        print(f"a red line {20 + time.monotonic() - began:.1f} s after the end")
        wait_until(lambda: scaled.says("WARNING: The schedule stands still since"), "the log says so, too", within=10)

        with running(scaled, *NAMES[2:]):
            wait_until(lambda: red(page()) == [], "the red line goes", within=30)
            # Redis dies with all that it held, and comes back.
            redis_server.stop()
            time.sleep(2)
            redis_server.start()
            began, before = time.monotonic(), pulse(scaled)
            wait_until(lambda: pulse(scaled) != before, "a task goes round again", within=30)
            print(f"back {time.monotonic() - began:.1f} s after Redis")
            assert "stands still" not in page()


def told(scaled: Scaled, uid: str) -> list[str]:
    return lines_of(uid, "".join(scaled.output))


def each_says_how_it_is(scaled: Scaled, services: list[Service]) -> None:
    told = {service.name: health(service.health_port) for service in services if service.name != "beat"}
    assert {name: status for name, (status, _) in told.items()} == dict.fromkeys(told, 200)
    parts = {name: parts for name, (_, parts) in told.items()}
    assert {name: list(found) for name, found in parts.items()} == {
        "listener": ["listener"],
        "web": ["web"],
        "urgent": ["worker"],
        "worker": ["worker"],
    }
    assert parts["listener"]["listener"]["state"] == "connected"
    assert parts["listener"]["listener"]["seconds_since_batch"] < 60
    assert parts["urgent"]["worker"]["seconds_since_task"] < 10
    handled = 'pixelbot_events_total{kind="new_message",state="handled"}'
    assert handled in metrics(services[0].health_port, METRICS_TOKEN)
    assert "pixelbot_listener_connected 1.0" in metrics(scaled.port, METRICS_TOKEN)


def pulse(scaled: Scaled) -> object:
    """When a task last went from the schedule to the workers and back."""
    return scaled.ask("SELECT at FROM pixelbot_site_heartbeat WHERE name = 'round trip' AND milliseconds IS NOT NULL")


def logged_in(scaled: Scaled) -> Callable[[], str]:
    """Log in; return a function that returns a page of the dashboard as it is now."""
    browser = scaled.log_in()

    def page() -> str:
        with browser.open(f"http://127.0.0.1:{scaled.port}/admin/economy/viewer/", timeout=30) as answer:
            return str(answer.read().decode())

    return page


def red(page: str) -> list[str]:
    """The sentences about what stands still."""
    return [line for line in page.splitlines() if "stands still" in line or "No worker has taken" in line]


def test_runbot_without_listener_only_says_which_processes_to_start(scaled: Scaled) -> None:
    process = scaled.start("manage.py", "runbot")
    assert process.wait(60) == 1
    wait_until(lambda: scaled.says("celery -A pixelbot_site worker -B"), "the sentence")


def test_all_but_what_redis_carries_works_and_the_rest_comes_back_with_it(
    scaled: Scaled, simulator: SimulatorThread, redis_server: RedisServer
) -> None:
    redis_server.stop()
    with running(scaled, "listener", "web"):
        subscribed(simulator)
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
        subscribed(simulator)
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

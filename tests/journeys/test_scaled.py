"""The same code as three processes on Redis and PostgreSQL."""

from __future__ import annotations

from tests.journeys.site import Scaled
from tests.journeys.way import walk
from tests.processes import SimulatorThread, wait_until


def test_the_way_of_an_event_over_three_processes(scaled: Scaled, simulator: SimulatorThread) -> None:
    scaled.start("manage.py", "runbot", "--listener-only")
    simulator.wait_subscribed()
    scaled.start("-m", "daphne", "-b", "127.0.0.1", "-p", str(scaled.port), "pixelbot_site.asgi:application")
    scaled.start("-m", "celery", "-A", "pixelbot_site", "worker", "-B", "--concurrency", "2")
    wait_until(scaled.serves, "daphne serves", within=20)
    standby = scaled.start("manage.py", "runbot", "--listener-only")
    wait_until(lambda: scaled.says("standing by"), "a second listener stands by")

    walk(simulator, scaled.overlay_url, scaled.ask)

    assert scaled.ask("SELECT state FROM joystick_connection") == "connected"
    assert simulator.simulator.connections_made == 1
    assert standby.poll() is None
    assert "Traceback" not in "".join(scaled.output)
    assert scaled.stop()[0] == 0


def test_runbot_without_listener_only_says_which_processes_to_start(scaled: Scaled) -> None:
    process = scaled.start("manage.py", "runbot")
    assert process.wait(20) == 1
    wait_until(lambda: scaled.says("celery -A pixelbot_site worker -B"), "the sentence")

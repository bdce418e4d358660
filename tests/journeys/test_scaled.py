"""The same code as three processes on Redis and PostgreSQL."""

from __future__ import annotations

from tests.journeys.health import health, metrics
from tests.journeys.site import Scaled
from tests.journeys.way import walk
from tests.processes import SimulatorThread, free_port, wait_until

TOKEN = "a-token-for-the-metrics-alone"


def test_the_way_of_an_event_over_three_processes(scaled: Scaled, simulator: SimulatorThread) -> None:
    ports = {name: free_port() for name in ("listener", "web", "worker", "standby")}

    def watched(name: str) -> dict[str, str]:
        return {"HEALTH_PORT": str(ports[name]), "METRICS_TOKEN": TOKEN}

    scaled.start("manage.py", "runbot", "--listener-only", **watched("listener"))
    simulator.wait_subscribed()
    scaled.start(
        "-m", "daphne", "-b", "127.0.0.1", "-p", str(scaled.port), "pixelbot_site.asgi:application", **watched("web")
    )
    scaled.start("-m", "celery", "-A", "pixelbot_site", "worker", "-B", "--concurrency", "2", **watched("worker"))
    wait_until(scaled.serves, "daphne serves", within=20)
    standby = scaled.start("manage.py", "runbot", "--listener-only", **watched("standby"))
    wait_until(lambda: scaled.says("standing by"), "a second listener stands by")

    walk(simulator, scaled.overlay_url, scaled.ask)

    assert scaled.ask("SELECT state FROM joystick_connection") == "connected"
    assert simulator.simulator.connections_made == 1
    assert standby.poll() is None
    told = {name: health(port) for name, port in ports.items()}
    assert [status for status, _ in told.values()] == [200] * 4
    parts = {name: parts for name, (_, parts) in told.items()}
    assert [list(parts[name]) for name in ports] == [["listener"], ["web"], ["worker"], ["listener"]]
    assert (parts["listener"]["listener"]["state"], parts["standby"]["listener"]["state"]) == (
        "connected",
        "standing by",
    )
    assert parts["listener"]["listener"]["seconds_since_batch"] < 60
    assert parts["worker"]["worker"]["seconds_since_task"] < 10
    assert 'pixelbot_events_total{kind="new_message",state="handled"}' in metrics(ports["listener"], TOKEN)
    assert "pixelbot_listener_connected 1.0" in metrics(scaled.port, TOKEN)
    assert "Traceback" not in "".join(scaled.output)
    assert scaled.stop()[0] == 0


def test_runbot_without_listener_only_says_which_processes_to_start(scaled: Scaled) -> None:
    process = scaled.start("manage.py", "runbot")
    assert process.wait(20) == 1
    wait_until(lambda: scaled.says("celery -A pixelbot_site worker -B"), "the sentence")

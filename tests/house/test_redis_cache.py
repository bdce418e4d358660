"""The cache of several processes, with a real Redis, and the broker, while it is away or hangs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from celery import current_app
from kombu.exceptions import OperationalError

from pixelbot_site.kit import pause, redis_cache, sending
from pixelbot_site.kit.redis_cache import RedisCache
from tests.processes import free_port
from tests.servers import RedisServer, running_redis

WITHIN = {"OPTIONS": {"socket_timeout": 1.5, "socket_connect_timeout": 1.5}}


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """Run a Redis that the test stops or freezes."""
    with running_redis() as running:
        yield running


@pytest.fixture(autouse=True)
def nobody_hung(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_cache, "pause", pause.Pause())
    monkeypatch.setattr(sending, "pause", pause.Pause())


def each_of(cache: RedisCache) -> list[object]:
    """Return what each call returns, in an order in which each has something to find."""
    cache.clear()
    calls: list[Callable[[], object]] = [
        lambda: cache.get("a", "none"),
        lambda: cache.add("a", 1, 60),
        lambda: cache.add("a", 2, 60),
        lambda: cache.get("a"),
        lambda: cache.incr("a"),
        lambda: cache.touch("a", 60),
        lambda: cache.set("b", [1, "two"], 60),
        lambda: cache.get_many(["a", "b", "c"]),
        lambda: cache.set_many({"c": 3}, 60),
        lambda: cache.has_key("c"),
        lambda: "c" in cache,
        lambda: cache.delete("c"),
        lambda: cache.delete("c"),
        lambda: cache.delete_many(["a", "b"]),
        lambda: cache.get_many(["a", "b", "c"]),
    ]
    return [call() for call in calls]


def test_a_process_goes_on_alone_while_redis_is_away_and_with_all_once_it_is_back(
    server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    ours, others = RedisCache(server.url, {}), RedisCache(server.url, {})
    with_redis = each_of(ours)
    assert with_redis[:5] == ["none", True, False, 1, 2]
    ours.set("of-all", 1, 60)
    assert others.get("of-all") == 1
    server.stop()
    assert each_of(ours) == with_redis
    with pytest.raises(ValueError, match="not found"):
        ours.incr("nothing")
    assert ours.get("of-all", "gone") == "gone"
    assert "Redis is away, each process goes on with its own memory" in caplog.text
    server.start()
    ours.set("again", 1, 60)
    assert others.get("again") == 1


def test_a_redis_that_hangs_is_waited_for_once_in_a_while(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pause, "LENGTH", 2.0)
    cache = RedisCache(server.url, WITHIN)
    cache.set("kept", 1, 60)
    began = time.monotonic()
    with server.frozen():
        assert [cache.get("kept", "gone") for _ in range(20)] == ["gone"] * 20
        assert 1 < time.monotonic() - began < 4
    time.sleep(2.1)
    assert cache.get("kept") == 1


def test_with_nothing_there_each_call_asks_again() -> None:
    cache = RedisCache(f"redis://127.0.0.1:{free_port()}/0", WITHIN)
    cache.set("a", 1, 60)
    assert cache.get("a") == 1 and not redis_cache.pause.is_on()


def test_a_broker_that_hung_is_left_alone_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def hang(task: str, *_: Any, **__: Any) -> None:
        asked.append(task)
        time.sleep(1.1)
        raise OperationalError("no answer")

    monkeypatch.setattr(current_app, "send_task", hang)
    assert [sending.send(f"task {number}") for number in range(3)] == [False] * 3
    assert asked == ["task 0"]

"""The kit: registries, the layer that crosses threads, the broker with a bell."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.apps import apps as django_apps
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from kombu import Connection

import pixelbot_site.kit.bell_broker
from pixelbot_site.kit import channel_layer
from pixelbot_site.kit.channel_layer import ThreadHopLayer
from pixelbot_site.kit.registry import Registry
from pixelbot_site.kit.timed_cache import TimedCache
from pixelbot_site.kit.transactions import after_commit
from tests.processes import ROOT


def test_two_claims_to_one_name_stop_the_start_and_name_both() -> None:
    registry: Registry[int] = Registry("redeem")
    registry.add("tts", 1, "redeems.catalog.tts")
    with pytest.raises(
        ImproperlyConfigured, match=r"redeem “tts” is claimed twice: by redeems.catalog.tts and by a.copy"
    ):
        registry.add("tts", 2, "a.copy")
    assert registry.get("tts") == 1


def test_values_are_given_once_each_whatever_their_aliases() -> None:
    registry: Registry[str] = Registry("command")
    for word in ("points", "balance"):
        registry.add(word, "the same", "here")
    assert (registry.values(), list(registry), registry.get("none")) == (["the same"], ["balance", "points"], None)


def test_the_kit_names_no_permission_and_no_model_of_an_app() -> None:
    apps = "|".join(sorted(config.label for config in django_apps.get_app_configs()))
    named = re.compile(rf"[\"'](?:{apps})\.\w+[\"']")
    folder = Path(pixelbot_site.kit.__path__[0])
    found = {path.name: names for path in folder.glob("*.py") if (names := named.findall(path.read_text()))}
    assert found == {}


@pytest.mark.asyncio
async def test_messages_from_many_threads_arrive_at_once_and_complete() -> None:
    layer = ThreadHopLayer(capacity=5000)
    layer.bind(asyncio.get_running_loop())
    channel = await layer.new_channel()
    await layer.group_add("g", channel)

    def send(thread: int) -> None:
        for number in range(250):
            layer.group_send_soon("g", {"type": "x", "from": thread, "number": number})

    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(send, thread) for thread in range(4)]
        async with asyncio.timeout(5):
            got = [await layer.receive(channel) for _ in range(1000)]
        for future in futures:
            future.result()
    for thread in range(4):
        assert [message["number"] for message in got if message["from"] == thread] == list(range(250))


@pytest.mark.asyncio
async def test_a_message_from_a_thread_wakes_a_loop_that_sleeps() -> None:
    layer = ThreadHopLayer()
    layer.bind(asyncio.get_running_loop())
    channel = await layer.new_channel()
    await layer.group_add("g", channel)
    sent_at: list[float] = []

    def send() -> None:
        time.sleep(0.3)  # until the loop sleeps, with no timer due before the one of `receive`
        sent_at.append(time.monotonic())
        layer.group_send_soon("g", {"type": "x"})

    thread = threading.Thread(target=send)
    thread.start()
    async with asyncio.timeout(5):
        assert await layer.receive(channel) == {"type": "x"}
    thread.join()
    assert time.monotonic() - sent_at[0] < 1


@pytest.mark.asyncio
async def test_a_reader_that_is_too_slow_loses_messages_and_that_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    layer = ThreadHopLayer(capacity=3)
    channel = await layer.new_channel()
    await layer.group_add("g", channel)
    for _ in range(5):
        await layer.group_send("g", {"type": "x"})
    assert layer.dropped == 2
    assert "too slow" in caplog.text


@pytest.mark.asyncio
async def test_who_listens_for_all_is_called_once_and_in_order_and_other_messages_reach_the_members() -> None:
    layer = ThreadHopLayer()
    layer.bind(asyncio.get_running_loop())
    heard: list[int] = []

    async def listener(message: dict[str, Any]) -> None:
        await asyncio.sleep(0)
        heard.append(message["number"])

    layer.listen("g", "for.all", listener)
    members = [await layer.new_channel() for _ in range(3)]
    for channel in members:
        await layer.group_add("g", channel)
    for number in range(20):
        await asyncio.to_thread(layer.group_send_soon, "g", {"type": "for.all", "number": number})
    await layer.group_send("g", {"type": "for.each"})
    async with asyncio.timeout(5):
        assert [await layer.receive(channel) for channel in members] == [{"type": "for.each"}] * 3
        while len(heard) < 20:
            await asyncio.sleep(0)
    assert heard == list(range(20)) and layer.channels == {}


@pytest.mark.asyncio
async def test_a_plain_function_listens_without_a_task_until_it_ends() -> None:
    layer = ThreadHopLayer()
    first, second = list[dict[str, Any]](), list[dict[str, Any]]()
    hear_first, hear_second = first.append, second.append
    layer.listen("g", "for.all", hear_first)  # and is the owner's loop from now on
    for number in range(3):
        await asyncio.to_thread(layer.group_send_soon, "g", {"type": "for.all", "number": number})
    await asyncio.sleep(0)
    assert [message["number"] for message in first] == [0, 1, 2]
    layer.listen("g", "for.all", hear_second)
    layer.unlisten("g", "for.all", hear_first)  # whose place another one has taken
    await layer.group_send("g", {"type": "for.all", "number": 3})
    layer.unlisten("g", "for.all", hear_second)
    channel = await layer.new_channel()
    await layer.group_add("g", channel)
    await layer.group_send("g", {"type": "for.all", "number": 4})
    assert (len(first), [message["number"] for message in second]) == (3, [3])
    assert (await layer.receive(channel))["number"] == 4


@pytest.mark.asyncio
async def test_calls_from_another_loop_hop_to_the_owners() -> None:
    layer = ThreadHopLayer()
    layer.bind(asyncio.get_running_loop())
    channel = await layer.new_channel()

    async def elsewhere() -> None:
        await layer.group_add("g", channel)
        await layer.group_send("g", {"type": "x"})

    await asyncio.to_thread(asyncio.run, elsewhere())
    async with asyncio.timeout(2):
        assert await layer.receive(channel) == {"type": "x"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
def test_a_forked_worker_sends_over_a_loop_of_its_own() -> None:
    """Celery's workers are forked. The parent's loop thread, which has sent already, is dead in them."""
    program = """
import asyncio, os
from django.conf import settings
settings.configure(CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}})
from pixelbot_site.kit.channel_layer import flush, group_send, the_layer
asyncio.run(the_layer().group_add("g", "reader"))
group_send("g", {"type": "x"})
flush()
child = os.fork()
if child == 0:
    group_send("g", {"type": "x"})
    flush()
    print(the_layer().channels["reader"].qsize(), flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ran.stdout == "2\n", ran.stderr


def test_with_nobody_listening_nothing_happens() -> None:
    ThreadHopLayer().group_send_soon("g", {"type": "x"})


def test_the_bell_wakes_a_sleeping_consumer_at_once() -> None:
    with Connection("bell://localhost/") as connection:
        queue = connection.SimpleQueue("bell-test")
        waited: list[float] = []

        def consume() -> None:
            began = time.monotonic()
            queue.get(timeout=5).ack()
            waited.append(time.monotonic() - began)

        thread = threading.Thread(target=consume)
        thread.start()
        with Connection("bell://localhost/") as other:
            other.SimpleQueue("bell-test").put("wake")
        thread.join(5)
        assert waited and waited[0] < 0.5  # polling would take up to a second
        with pytest.raises(Empty):
            queue.get(timeout=0.05)
        queue.close()


@pytest.mark.django_db(transaction=True)
def test_what_goes_wrong_after_a_commit_is_logged_and_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    done: list[int] = []
    with transaction.atomic():
        after_commit(partial(int, "no number"))
        after_commit(done.append, 1)
        assert done == []
    assert done == [1]
    assert "invalid literal" in caplog.text


def test_a_value_is_kept_for_its_seconds_and_its_key() -> None:
    cache, computed = TimedCache[int](seconds=0.1), iter(range(10))
    found = [cache.get(lambda: next(computed), key=key) for key in ("a", "a", "b", "b", "a")]
    assert found == [0, 0, 1, 1, 2]
    time.sleep(0.11)
    assert [cache.get(lambda: next(computed), key="a") for _ in range(2)] == [3, 3]
    cache.forget()
    assert cache.get(lambda: next(computed), key="a") == 4


def test_threads_that_ask_at_once_wait_for_one_that_computes() -> None:
    cache, computed = TimedCache[int](), iter(range(10))

    def compute() -> int:
        time.sleep(0.05)
        return next(computed)

    with ThreadPoolExecutor(5) as pool:
        assert set(pool.map(lambda _: cache.get(compute), range(5))) == {0}


def test_what_is_not_to_be_kept_and_what_failed_is_computed_again() -> None:
    cache, values = TimedCache[int](keeps=lambda value: value > 1), iter([1, 2, 3])
    assert [cache.get(lambda: next(values)) for _ in range(3)] == [1, 2, 2]
    cache.forget()
    with pytest.raises(ZeroDivisionError):
        cache.get(lambda: 1 // 0)
    assert cache.get(lambda: next(values)) == 3


@pytest.mark.asyncio
async def test_messages_through_redis_arrive_in_order_and_their_sender_does_not_wait(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = RedisPubSubChannelLayer(hosts=[redis_url])
    sender = RedisPubSubChannelLayer(hosts=[redis_url])
    monkeypatch.setattr(channel_layer, "the_layer", lambda: sender)
    mailbox = await receiver.new_channel()
    await receiver.group_add("g", mailbox)
    began = time.monotonic()
    for number in range(300):
        channel_layer.group_send("g", {"type": "x", "number": number})
    put = time.monotonic() - began
    async with asyncio.timeout(20):
        assert [(await receiver.receive(mailbox))["number"] for _ in range(300)] == list(range(300))
    assert put < (time.monotonic() - began) / 2, "whoever sends has waited for Redis"
    assert await asyncio.to_thread(channel_layer.flush)
    await receiver.flush()


def test_a_redis_that_hangs_holds_nobody_up_and_what_can_not_wait_any_more_is_dropped(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sender = channel_layer._Sender()
    monkeypatch.setattr(sender, "MOST", 3)
    monkeypatch.setattr(sender, "TIMEOUT", 0.2)
    monkeypatch.setattr(channel_layer, "_sender", sender)
    with socket.create_server(("127.0.0.1", 0)) as hung:
        layer = RedisPubSubChannelLayer(hosts=[f"redis://127.0.0.1:{hung.getsockname()[1]}/0"])
        monkeypatch.setattr(channel_layer, "the_layer", lambda: layer)
        began = time.monotonic()
        for _ in range(20):
            channel_layer.group_send("g", {"type": "x"})
            time.sleep(0.005)  # so that the loop has taken what was put
        assert time.monotonic() - began < 1 and sender.dropped >= 15
        assert not channel_layer.flush(0.05)
        assert channel_layer.flush(10)
    assert "could not send to g: no answer" in caplog.text and "too many messages wait for g" in caplog.text

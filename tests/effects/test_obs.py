"""OBS: a real one under a virtual screen, treated as streamers' PCs treat it."""

from __future__ import annotations

import json
import logging
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from websockets.sync.server import ServerConnection, serve

from economy.ledger import points
from economy.models import Points, Viewer
from effects.library.obs_filter import obs_filter
from effects.library.obs_mute import obs_mute
from effects.library.obs_record import obs_record
from effects.library.obs_stream import obs_stream
from effects.library.obs_text import obs_text
from effects.library.obs_volume import obs_volume
from effects.models import OBSConnection, Prize, Purchase, QueueItem, Revert, State
from effects.obs import actions, health, login, names, reverts
from effects.obs.address import Options, options
from effects.obs.client import OBS, Denied, scenes
from effects.queue import items, worker
from effects.registry import Effect
from effects.registry.values import obs_clip, obs_scene, obs_source
from pixelbot_site.kit.errors import Failed
from redeems.models import Redeem
from tests.processes import free_port, wait_until
from tests.real_obs import PASSWORD, RealOBS, furnish, running_obs

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("woken")]

# Kinds that are done through the registry below.
KINDS = (obs_filter, obs_mute, obs_record, obs_stream, obs_text, obs_volume)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealOBS]:
    with running_obs(tmp_path_factory.mktemp("obs")) as running:
        yield running


@pytest.fixture
def line(real: RealOBS, monkeypatch: pytest.MonkeyPatch) -> Iterator[OBS]:
    """The connection that the actions use."""
    made = OBS(lambda: real.options)
    monkeypatch.setattr(actions, "obs", lambda: made)
    monkeypatch.setattr(names, "obs", lambda: made)
    monkeypatch.setattr(health, "obs", lambda: made)
    monkeypatch.setattr(reverts, "obs", lambda: made)
    monkeypatch.setattr("effects.queue.wakeups.revert_in", lambda seconds: None)
    cache.clear()
    made.ask("SetCurrentProgramScene", {"sceneName": "Game"})
    yield made
    cache.clear()
    made.stop()


def on_air(line: OBS) -> str:
    return str(line.ask("GetCurrentProgramScene")["currentProgramSceneName"])


def do(kind: str, **payload: Any) -> QueueItem:
    """Through the queue, as a purchase would."""
    item = items.enqueue(Effect(kind, payload, kind))
    worker.drain("effect")
    item.refresh_from_db()
    assert item.state == State.DONE, item.error
    return item


def test_it_quits_at_once_though_we_are_connected_and_comes_back(real: RealOBS) -> None:
    line = OBS(lambda: real.options)
    line.ask("GetVersion")
    time.sleep(4)  # OBS 29 may hang, whoever is connected, when it is asked to quit within its first second, or few
    began = time.monotonic()
    real.signal(signal.SIGINT)
    real.wait_gone()
    took = time.monotonic() - began
    print(f"OBS quit in {took:.2f} s")
    assert took < 4  # 5 s longer, where a client is idle and reads nothing
    with pytest.raises(Failed, match="OBS is not connected"):
        line.ask("GetVersion")
    furnish(real.start())
    assert line.ask("GetVersion")["obsVersion"]  # the request connects, and waits for no later attempt
    line.stop()


class TestActions:
    """What the bot does there."""

    def test_a_scene_and_the_way_back(self, line: OBS) -> None:
        effect = obs_scene("Kitchen", 5)
        do(effect.kind, **effect.payload)
        assert on_air(line) == "Kitchen"
        reverts.revert_due()
        assert on_air(line) == "Kitchen"
        do("obs_scene", scene="Scene", seconds=60)  # before the way back: it leads to where it first was
        assert Revert.objects.get().due_at > timezone.now() + timedelta(seconds=50)
        Revert.objects.update(due_at=timezone.now())
        reverts.revert_due()
        assert on_air(line) == "Game" and not Revert.objects.exists()
        do("obs_scene", scene="Game")  # on air already: OBS tells no event, and it is done
        with pytest.raises(Denied, match="No source was found by the name of") as refusal:
            actions.switch_scene("Nowhere")
        assert refusal.value.code == 600

    def test_what_the_streamer_or_another_effect_changed_since_is_let_be(self, line: OBS) -> None:
        do("obs_scene", scene="Kitchen", seconds=5)
        line.ask("SetCurrentProgramScene", {"sceneName": "Scene"})  # by hand
        Revert.objects.update(due_at=timezone.now())
        reverts.revert_due()
        assert on_air(line) == "Scene" and not Revert.objects.exists()
        do("obs_scene", scene="Kitchen", seconds=5)
        do("obs_scene", scene="Game")  # for good
        assert on_air(line) == "Game" and not Revert.objects.exists()

    def test_a_way_back_that_was_put_off_meanwhile_stays(self, line: OBS, monkeypatch: pytest.MonkeyPatch) -> None:
        do("obs_scene", scene="Kitchen", seconds=1)
        Revert.objects.update(due_at=timezone.now())
        ask = line.ask

        def put_off(request: str, data: Any = None, **more: Any) -> Any:
            Revert.objects.update(due_at=timezone.now() + timedelta(seconds=15))
            return ask(request, data, **more)

        monkeypatch.setattr(line, "ask", put_off)
        reverts.revert_due()
        assert Revert.objects.count() == 1
        Revert.objects.all().delete()
        with pytest.raises(Denied):
            actions.switch_scene("Nowhere", seconds=5)
        assert not Revert.objects.exists()

    def test_switched_off_or_moved_the_line_is_dropped(self, real: RealOBS) -> None:
        where = [real.options]
        line = OBS(lambda: where[0])
        line.ask("GetVersion")
        where[0] = replace(real.options, enabled=False)
        with pytest.raises(Failed, match="it is switched off"):
            line.ask("GetVersion")
        assert not line.is_connected
        line.stop()

    def test_a_source_a_filter_and_muting_for_a_while(self, line: OBS) -> None:
        def lamp() -> bool:
            which = line.ask("GetSceneItemId", {"sceneName": "Game", "sourceName": "Lamp"})
            asked = {"sceneName": "Game", "sceneItemId": which["sceneItemId"]}
            return bool(line.ask("GetSceneItemEnabled", asked)["sceneItemEnabled"])

        def grey() -> bool:
            asked = {"sourceName": "Lamp", "filterName": "Grey"}
            return bool(line.ask("GetSourceFilter", asked)["filterEnabled"])

        def silent() -> bool:
            return bool(line.ask("GetInputMute", {"inputName": "Music"})["inputMuted"])

        effect = obs_source("Game", "Lamp", visible=False, seconds=9)
        do(effect.kind, **effect.payload)
        do("obs_filter", source="Lamp", filter="Grey", enabled=False, seconds=9)
        do("obs_mute", input="Music", muted=True, seconds=9)
        assert (lamp(), grey(), silent()) == (False, False, True)
        Revert.objects.update(due_at=timezone.now())
        reverts.revert_due()
        assert (lamp(), grey(), silent()) == (True, True, False)

    def test_a_way_back_leaves_another_scene_collection_alone(self, line: OBS) -> None:
        do("obs_source", scene="Game", source="Lamp", visible=False, seconds=9)
        line.ask("CreateSceneCollection", {"sceneCollectionName": "Other"})  # OBS loads it, too
        try:
            line.ask("CreateScene", {"sceneName": "Game"})
            webcam = {"sceneName": "Game", "inputName": "Lamp", "inputKind": "color_source_v3"}
            item_id = line.ask("CreateInput", {**webcam, "sceneItemEnabled": False})["sceneItemId"]
            Revert.objects.update(due_at=timezone.now())
            reverts.revert_due()
            there = line.ask("GetSceneItemEnabled", {"sceneName": "Game", "sceneItemId": item_id})
            assert not there["sceneItemEnabled"] and not Revert.objects.exists()
        finally:
            line.ask("SetCurrentSceneCollection", {"sceneCollectionName": "Tests"})
            actions.show_source("Game", "Lamp")

    def test_a_text_and_a_volume(self, line: OBS) -> None:
        do("obs_text", source="Words", text="<b>&amp; ünïcödé 🦊")
        settings = line.ask("GetInputSettings", {"inputName": "Words"})["inputSettings"]
        assert settings["text"] == "<b>&amp; ünïcödé 🦊"
        do("obs_volume", input="Music", decibels=-12)
        volume = line.ask("GetInputVolume", {"inputName": "Music"})["inputVolumeDb"]
        assert volume == pytest.approx(-12, abs=0.1)

    def test_a_clip_starts_the_buffer_and_two_at_once_are_one(self, line: OBS, real: RealOBS) -> None:
        first = do(obs_clip().kind)
        second = do("obs_clip")
        assert first.saved_path == second.saved_path
        (saved,) = [path for path in real.videos.iterdir() if path.name.startswith("Replay")]
        assert str(saved) == first.saved_path and saved.stat().st_size > 1000
        cache.clear()
        time.sleep(1.1)  # OBS names them by whole seconds
        assert do("obs_clip").saved_path != first.saved_path

    def test_recording_starts_and_stops_however_quickly_one_asks(self, line: OBS) -> None:
        for _ in range(2):
            do("obs_record", action="start")
            assert line.ask("GetRecordStatus")["outputActive"]
            path = do("obs_record", action="stop").saved_path
            assert path.endswith(".mkv") and not line.ask("GetRecordStatus")["outputActive"]
        assert do("obs_record", action="stop").saved_path == ""

    def test_a_stream_that_does_not_start_fails_though_obs_said_yes(
        self, line: OBS, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(actions, "STREAM_WITHIN", 1.0)
        with pytest.raises(Failed, match=r"OBS did not start the stream|OBS refused"):
            actions.stream(start=True)
        do("obs_stream", action="stop")

    def test_names_are_those_that_obs_has_and_missing_ones_are_told(
        self, line: OBS, monkeypatch: pytest.MonkeyPatch, settings: Any
    ) -> None:
        settings.OBS_ENABLED = True
        found = names.names()
        assert {"Game", "Kitchen"} <= set(found["obs_scene"]) and {"Lamp", "Music"} <= set(found["obs_input"])
        assert "Lamp" in found["obs_source"]
        there = {"kind": "obs_scene", "scene": "Kitchen"}
        gone = {"kind": "run_effects", "effects": [{"kind": "obs_text", "source": "Old words", "text": ""}]}
        Prize.objects.create(name="A change", effects=[there, gone])
        Redeem.objects.create(key="scene", title="Switch the scene", choices="Kitchen\nAttic\n")
        Redeem.objects.create(key="source", title="Show a source", choices="Kitchen/Lamp\nno slash\nKitchen / Ghost")
        names.check()
        assert set(names.missing()) == {
            "prize “A change”: OBS has no input called “Old words”.",
            "redeem “Switch the scene”: OBS has no scene called “Attic”.",
            "redeem “Show a source”: OBS has no source called “Ghost”.",
        }

    def test_eighty_questions_of_eight_threads_are_answered_each_its_own(self, line: OBS) -> None:
        def one(number: int) -> bool:
            if number % 2:
                return "obsVersion" in line.ask("GetVersion")
            return "scenes" in line.ask("GetSceneList")

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(one, range(80)))


class TestFaults:
    """What goes wrong."""

    def test_a_wrong_password_is_told_and_nowhere_shown(
        self, real: RealOBS, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        caplog.set_level(logging.DEBUG)
        for password, sentence in (("wrong-secret", "is the password right"), ("", "is the password right")):
            line = OBS(partial(replace, real.options, password=password))
            with pytest.raises(Failed, match=sentence):
                line.ask("GetVersion")
            line.stop()
        logging.getLogger("obsws_python").setLevel(logging.CRITICAL)
        good = OBS(lambda: real.options)
        good.ask("GetVersion")
        good.stop()
        said = [record.getMessage() for record in caplog.records if not record.name.startswith("obsws_python")]
        assert PASSWORD not in "\n".join(said) and PASSWORD not in repr(real.options) + capfd.readouterr().err

    def test_killed_while_a_question_is_open(self, real: RealOBS, line: OBS) -> None:
        line.ask("GetVersion")
        real.signal(signal.SIGSTOP)
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(line.ask, "GetVersion", within=20)
            wait_until(lambda: line._waiting, "it is asked")
            real.signal(signal.SIGKILL)
            with pytest.raises(Failed, match="OBS went away"):
                asked.result(5)
        real.wait_gone()
        with pytest.raises(Failed, match="is OBS running"):
            line.ask("GetVersion")
        furnish(real.start())
        assert line.ask("GetVersion")["obsVersion"]

    def test_frozen_it_is_given_up_in_time_and_its_late_answer_reaches_nobody(self, real: RealOBS, line: OBS) -> None:
        line.ask("GetVersion")
        real.signal(signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(Failed, match="OBS does not answer"):
            line.ask("GetVersion", within=1)
        with pytest.raises(Failed, match="OBS is not connected"):
            line.ask("GetVersion", within=1)
        assert time.monotonic() - began < 3
        real.signal(signal.SIGCONT)
        wait_until(lambda: line.is_connected, "it is connected again", within=35)  # the frozen attempt ends first
        assert "scenes" in line.ask("GetSceneList")

    def test_a_folder_that_cannot_be_written_fails_though_obs_said_yes(self, real: RealOBS, line: OBS) -> None:
        line.ask(
            "SetProfileParameter",
            {"parameterCategory": "SimpleOutput", "parameterName": "FilePath", "parameterValue": "/proc/nowhere"},
        )
        try:
            with pytest.raises(Failed, match=r"OBS did not start recording|OBS refused"):
                actions.record(start=True)
        finally:
            line.ask(
                "SetProfileParameter",
                {"parameterCategory": "SimpleOutput", "parameterName": "FilePath", "parameterValue": str(real.videos)},
            )


def test_without_obs_its_effects_fail_fast_with_the_points_back_and_nothing_else_notices(
    viewer: Callable[..., Viewer], said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    away = OBS(lambda: Options(True, "127.0.0.1", free_port(), ""))
    monkeypatch.setattr(actions, "obs", lambda: away)
    bob = viewer("Bob", points=50)
    paid = points.spend(bob, 20, source="redeem", reference="r:1")
    item = items.enqueue(
        obs_clip(), viewer=bob, purchase=Purchase.objects.create(viewer=bob, redeem="clip", payment=paid)
    )
    after = items.enqueue(Effect("webhook", {"url": "http://127.0.0.1/not-allowed"}))
    began = time.monotonic()
    worker.drain("effect")
    assert time.monotonic() - began < 2
    item.refresh_from_db()
    after.refresh_from_db()
    assert (item.state, after.state) == (State.FAILED, State.FAILED)
    assert "is OBS running" in item.error and "WEBHOOK_ADDRESSES" in after.error
    assert Points.objects.get(viewer=bob).balance == 50
    assert (
        said[0].startswith("@Bob sorry, that did not happen: OBS is not connected") and "20 points are back" in said[0]
    )
    away.stop()


def test_switched_off_it_says_so(settings: Any) -> None:
    settings.OBS_ENABLED = False
    off = OBS(options)
    with pytest.raises(Failed, match="it is switched off"):
        off.ask("GetVersion")
    off.stop()


def test_a_way_back_waits_for_obs_and_is_given_up_after_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    away = OBS(lambda: Options(True, "127.0.0.1", free_port(), ""))
    monkeypatch.setattr(reverts, "obs", lambda: away)
    now = timezone.now()
    row = Revert.objects.create(key="scene", request="SetCurrentProgramScene", data={}, due_at=now, wanted_at=now)
    reverts.revert_due()
    assert Revert.objects.get().due_at > timezone.now()
    Revert.objects.filter(pk=row.pk).update(due_at=now, wanted_at=now - timedelta(hours=2))
    reverts.revert_due()
    assert not Revert.objects.exists()
    away.stop()


@contextmanager
def pretended(answer: Callable[[ServerConnection, dict[str, Any]], None]) -> Iterator[Options]:
    """What a real OBS can't be made to do: the protocol, with answers of our own."""

    def hold(connection: ServerConnection) -> None:
        connection.send(json.dumps({"op": 0, "d": {"obsWebSocketVersion": "5", "rpcVersion": 1}}))
        connection.recv()
        connection.send(json.dumps({"op": 2, "d": {"negotiatedRpcVersion": 1}}))
        for text in connection:
            answer(connection, json.loads(text)["d"])

    with serve(hold, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Options(True, "127.0.0.1", server.socket.getsockname()[1], "")
        server.shutdown()


def test_not_ready_is_asked_again() -> None:
    answers = [{"result": False, "code": 207}] * 3 + [{"result": True, "code": 100}]

    def answer(connection: ServerConnection, asked: dict[str, Any]) -> None:
        told = {"requestId": asked["requestId"], "requestStatus": answers.pop(0), "responseData": {"fine": True}}
        connection.send(json.dumps({"op": 7, "d": told}))

    with pretended(answer) as where:
        line = OBS(lambda: where)
        assert line.ask("GetVersion") == {"fine": True} and answers == []
        line.stop()


@pytest.mark.parametrize("nonsense", ["not json", '{"op": 7}', "[]", '{"op": 7, "d": {"requestId": "99"}}'])
def test_nonsense_on_the_line_ends_it_with_a_sentence(nonsense: str) -> None:
    with pretended(lambda connection, asked: connection.send(nonsense)) as where:
        line = OBS(lambda: where)
        with pytest.raises(Failed):
            line.ask("GetVersion", within=1)
        line.stop()


@pytest.mark.parametrize(
    ("listens", "sentence"), [(False, "is OBS running"), (True, "does not answer")], ids=["nobody", "silent"]
)
def test_nobody_or_somebody_silent_at_the_port(listens: bool, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "CONNECT_WITHIN", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1] if listens else free_port()
        with pytest.raises(Failed, match=sentence):
            scenes(Options(True, "127.0.0.1", port, ""))


def test_the_dashboard_keeps_the_password_sealed_and_tries_the_connection(real: RealOBS, settings: Any) -> None:
    fox = Client()
    fox.force_login(get_user_model().objects.create_superuser("fox", password="x"))
    page = "/admin/effects/obsconnection/1/change/"
    assert fox.get("/admin/effects/obsconnection/").status_code == 302
    form = {"enabled": "true", "host": "127.0.0.1", "port": real.port, "new_password": PASSWORD}
    assert fox.post(page, form).status_code == 302
    row = OBSConnection.objects.get()
    assert PASSWORD not in row.password and options() == real.options
    assert PASSWORD not in fox.get(page).text
    told = fox.post("/admin/effects/obsconnection/1/test/", follow=True).text
    assert "OBS answers. Its scenes: " in told and "Kitchen" in told
    fox.post(page, {**form, "new_password": "", "forget_password": "on"})
    assert OBSConnection.objects.get().password == ""
    assert "is the password right" in fox.post("/admin/effects/obsconnection/1/test/", follow=True).text

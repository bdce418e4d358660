"""Undoing changes in OBS: when OBS is away, refuses, or was changed meanwhile. A small server stands in for OBS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from economy.ledger import points
from economy.models import Points, Viewer
from effects.models import OBSConnection, Prize, Purchase, QueueItem, Revert, State
from effects.obs import actions, health, names, reverts
from effects.obs.address import Options, options
from effects.obs.client import OBS, Denied
from effects.queue import control, items, worker
from effects.registry import Effect
from effects.registry.values import obs_scene
from pixelbot_site.index import lamps
from pixelbot_site.kit.errors import Failed
from pixelbot_site.upkeep import beside
from tests.effects.pretended_obs import Studio
from tests.processes import free_port

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("woken", "frames")]


@pytest.fixture
def connected_to(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Makes everything talk to the OBS at a port."""
    lines: list[OBS] = []

    def connect(port: int) -> None:
        line = OBS(lambda: Options(True, "127.0.0.1", port, ""))
        lines.append(line)
        for module in (actions, health, names, reverts):
            monkeypatch.setattr(module, "obs", lambda: line)

    monkeypatch.setattr("effects.queue.wakeups.revert_in", lambda seconds: None)
    cache.clear()
    yield connect
    cache.clear()  # the dashboard would go on telling of what was not undone
    for line in lines:
        line.stop()


@pytest.fixture
def studio(connected_to: Callable[[int], None]) -> Iterator[Studio]:
    studio = Studio()
    with studio.listening() as port:
        connected_to(port)
        yield studio


def undo_now() -> None:
    Revert.objects.update(due_at=timezone.now())
    reverts.revert_due()


class TestUndoing:
    def test_each_switch_is_undone_to_what_it_was(self, studio: Studio) -> None:
        studio.grey = False
        actions.switch_scene("Kitchen", seconds=5)
        actions.mute("Music", seconds=5)
        actions.show_source("Game", "Lamp", visible=False, seconds=5)
        actions.set_filter("Lamp", "Grey", enabled=True, seconds=5)
        assert (studio.scene, studio.muted, studio.visible, studio.grey) == ("Kitchen", True, False, True)
        undo_now()
        assert (studio.scene, studio.muted, studio.visible, studio.grey) == ("Game", False, True, False)
        assert not Revert.objects.exists()

    def test_without_seconds_it_stays(self, studio: Studio) -> None:
        actions.mute("Music")
        assert studio.muted and not Revert.objects.exists()

    def test_nothing_is_undone_before_its_time(self, studio: Studio) -> None:
        actions.mute("Music", seconds=60)
        reverts.revert_due()
        assert studio.muted and Revert.objects.count() == 1

    def test_what_the_streamer_changed_meanwhile_stays(self, studio: Studio) -> None:
        actions.switch_scene("Kitchen", seconds=5)
        studio.scene = "Break"
        undo_now()
        assert studio.scene == "Break" and not Revert.objects.exists()

    def test_a_second_switch_before_the_end_only_moves_the_time(self, studio: Studio) -> None:
        actions.switch_scene("Kitchen", seconds=5)
        actions.switch_scene("Break", seconds=600)
        row = Revert.objects.get()
        assert row.data == {"sceneName": "Game"} and row.due_at > timezone.now() + timedelta(seconds=500)
        undo_now()
        assert studio.scene == "Game"

    def test_two_sources_are_undone_each_by_itself(self, studio: Studio) -> None:
        actions.mute("Music", seconds=5)
        actions.mute("Mic", seconds=5)
        assert set(Revert.objects.values_list("key", flat=True)) == {"mute:Music", "mute:Mic"}

    def test_a_crash_during_the_change_leaves_the_undo(self, studio: Studio) -> None:
        with (
            pytest.raises(ZeroDivisionError),
            reverts.revert_after("mute:Music", "SetInputMute", {"inputMuted": False}, ours={}, seconds=60),
        ):
            studio.muted = True
            raise ZeroDivisionError  # as a process that is killed
        undo_now()
        assert not studio.muted


class TestElsewhere:
    """The streamer loads another scene collection before the end: the same names and ids mean other things there."""

    @pytest.mark.parametrize("change", ["scene", "source", "filter", "mute"])
    def test_nothing_is_undone_in_another_scene_collection_and_it_is_told(
        self, studio: Studio, change: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        {
            "scene": lambda: actions.switch_scene("Kitchen", seconds=5),
            "source": lambda: actions.show_source("Game", "Lamp", visible=False, seconds=5),
            "filter": lambda: actions.set_filter("Lamp", "Grey", enabled=False, seconds=5),
            "mute": lambda: actions.mute("Music", seconds=5),
        }[change]()
        before = studio.state()
        studio.collection = "Morning"
        undo_now()
        assert studio.state() == before and not Revert.objects.exists()
        assert f"Not undone in OBS: {change}" in caplog.text and "another scene collection now." in caplog.text
        assert any(line.startswith(f"Not undone in OBS: {change}") for line in lamps.trouble())

    def test_a_source_is_found_by_its_name_where_its_id_has_changed(self, studio: Studio) -> None:
        actions.show_source("Game", "Lamp", visible=False, seconds=5)
        studio.item_id = 8  # the streamer removed it from the scene and put it in again
        undo_now()
        assert studio.visible

    def test_a_source_that_is_gone_is_told(self, studio: Studio) -> None:
        actions.show_source("Game", "Lamp", visible=False, seconds=5)
        studio.refuses = {"GetSceneItemId"}
        undo_now()
        assert lamps.trouble() == ["Not undone in OBS: source Game/Lamp: OBS refused: No such thing."]

    def test_a_change_in_the_other_collection_has_a_way_back_of_its_own(self, studio: Studio) -> None:
        actions.switch_scene("Kitchen", seconds=600)
        studio.collection, studio.scene = "Morning", "Bed"
        actions.switch_scene("Kitchen", seconds=5)
        undo_now()
        assert studio.scene == "Bed" and not Revert.objects.exists()
        assert lamps.trouble() == ["Not undone in OBS: scene: OBS has another scene collection now."]


class TestTrouble:
    def test_a_change_that_obs_refused_leaves_nothing_to_undo(self, studio: Studio) -> None:
        studio.refuses = {"SetInputMute"}
        with pytest.raises(Denied, match=r"OBS refused: No such thing$"):
            actions.mute("Music", seconds=5)
        assert not Revert.objects.exists()

    def test_a_refused_second_change_keeps_the_undo_of_the_first(self, studio: Studio) -> None:
        actions.mute("Music", seconds=60)
        studio.refuses = {"SetInputMute"}
        with pytest.raises(Denied):
            actions.mute("Music", seconds=60)
        studio.refuses = set()
        undo_now()
        assert not studio.muted

    def test_an_undo_that_obs_refuses_is_dropped_and_the_others_are_done(
        self, studio: Studio, caplog: pytest.LogCaptureFixture
    ) -> None:
        actions.switch_scene("Kitchen", seconds=5)
        actions.mute("Music", seconds=6)
        studio.refuses = {"SetCurrentProgramScene"}  # the streamer deleted the scene meanwhile
        undo_now()
        assert (studio.scene, studio.muted) == ("Kitchen", False)
        assert not Revert.objects.exists() and "Not undone in OBS: scene: OBS refused" in caplog.text

    def test_a_broken_row_is_told_and_does_not_stop_the_others(
        self, studio: Studio, caplog: pytest.LogCaptureFixture
    ) -> None:
        actions.switch_scene("Kitchen", seconds=5)
        actions.mute("Music", seconds=6)
        Revert.objects.filter(key="scene").update(ours={"ask": "GetCurrentProgramScene", "name": "gone", "value": 1})
        undo_now()
        assert not studio.muted and not Revert.objects.exists()
        assert lamps.trouble() == ["Not undone in OBS: scene: something broke."] and "KeyError" in caplog.text

    def test_with_obs_away_it_is_tried_again_a_little_later(
        self, studio: Studio, connected_to: Callable[[int], None]
    ) -> None:
        actions.mute("Music", seconds=5)
        connected_to(free_port())
        undo_now()
        row = Revert.objects.get()
        assert timezone.now() < row.due_at <= timezone.now() + reverts.RETRY_AFTER

    def test_an_hour_after_its_time_it_is_given_up_and_told(
        self, studio: Studio, connected_to: Callable[[int], None], caplog: pytest.LogCaptureFixture
    ) -> None:
        actions.mute("Music", seconds=5)
        connected_to(free_port())
        Revert.objects.update(wanted_at=timezone.now() - timedelta(hours=1))
        undo_now()
        sentence = "Not undone in OBS: mute Music: it could not be done within 3600 s."
        assert not Revert.objects.exists() and sentence in caplog.text
        assert sentence in lamps.trouble()

    def test_after_a_night_with_the_bot_off_obs_stays_as_it_is(self, studio: Studio, settings: Any) -> None:
        settings.OBS_UNDO_WITHIN = 600
        actions.mute("Music", seconds=5)
        actions.set_filter("Lamp", "Grey", enabled=False, seconds=5)
        Revert.objects.filter(key="mute:Music").update(wanted_at=timezone.now() - timedelta(seconds=601))
        Revert.objects.exclude(key="mute:Music").update(wanted_at=timezone.now() - timedelta(seconds=590))
        undo_now()
        assert (studio.muted, studio.grey) == (True, True) and not Revert.objects.exists()

    def test_one_that_another_worker_claimed_is_left_to_it(
        self, studio: Studio, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        actions.mute("Music", seconds=5)
        actions.switch_scene("Kitchen", seconds=6)
        Revert.objects.update(due_at=timezone.now())
        answer = studio.answer

        def another_worker(request: str, data: dict[str, Any]) -> dict[str, Any] | None:
            # While the first is undone, another worker claims what is left.
            Revert.objects.filter(key="scene").update(due_at=timezone.now() + timedelta(seconds=5))
            return answer(request, data)

        monkeypatch.setattr(studio, "answer", another_worker)
        Revert.objects.filter(key="mute:Music").update(due_at=timezone.now() - timedelta(seconds=1))
        reverts.revert_due()
        assert (studio.muted, studio.scene) == (False, "Kitchen")

    def test_a_scene_that_obs_does_not_put_on_air_fails_with_the_points_back(
        self, studio: Studio, viewer: Callable[..., Viewer], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bob = viewer("Bob", points=100)
        payment = points.spend(bob, 25, source="redeem", reference="r:1")
        purchase = Purchase.objects.create(viewer=bob, redeem="scene", payment=payment)
        answer = studio.answer
        monkeypatch.setattr(studio, "answer", lambda request, data: answer("GetCurrentProgramScene", data))
        item = items.enqueue(obs_scene("Kitchen", 5), viewer=bob, purchase=purchase)
        worker.drain("effect")
        item.refresh_from_db()
        assert (item.state, item.error) == (State.FAILED, "OBS did not switch to Kitchen")
        assert Points.objects.get(viewer=bob).balance == 100 and not Revert.objects.exists()


class TestPanic:
    def test_it_brings_back_the_scene_before(self, studio: Studio) -> None:
        items.enqueue(obs_scene("Kitchen", 600))
        worker.drain("effect")
        assert studio.scene == "Kitchen"
        control.panic(by="fox")
        reverts.revert_due()
        assert studio.scene == "Game"


class TestNames:
    def test_they_are_sorted_by_what_they_are(self, studio: Studio) -> None:
        assert names.names() == {
            "obs_scene": ["Game", "Kitchen"],
            "obs_source": ["Game", "Kitchen", "Lamp", "Music", "Picture"],
            "obs_input": ["Lamp", "Music"],
        }

    def test_a_missing_name_is_logged_once_and_forgotten_when_it_is_back(
        self, studio: Studio, settings: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        settings.OBS_ENABLED = True
        prize = Prize.objects.create(name="A switch", effects=[{"kind": "obs_scene", "scene": "Attic"}])
        names.check()
        names.check()
        assert names.missing() == ["prize “A switch”: OBS has no scene called “Attic”."]
        assert caplog.text.count("called “Attic”") == 1
        prize.effects = [{"kind": "obs_scene", "scene": "Kitchen"}]
        prize.save()
        names.check()
        assert names.missing() == []

    def test_a_name_with_a_placeholder_is_not_missing(self, studio: Studio, settings: Any) -> None:
        settings.OBS_ENABLED = True
        Prize.objects.create(name="A switch", effects=[{"kind": "obs_scene", "scene": "Scene of {user}"}])
        names.check()
        assert names.missing() == []

    def test_with_obs_away_the_last_result_stays(
        self, studio: Studio, settings: Any, connected_to: Callable[[int], None]
    ) -> None:
        settings.OBS_ENABLED = True
        Prize.objects.create(name="A switch", effects=[{"kind": "obs_scene", "scene": "Attic"}])
        names.check()
        connected_to(free_port())
        names.check()
        assert len(names.missing()) == 1

    def test_switched_off_nothing_is_asked(self, studio: Studio, settings: Any) -> None:
        settings.OBS_ENABLED = False
        Prize.objects.create(name="A switch", effects=[{"kind": "obs_scene", "scene": "Attic"}])
        names.check()
        assert studio.asked == [] and names.missing() == []

    def test_where_no_effect_names_anything_obs_is_asked_for_no_names(self, studio: Studio, settings: Any) -> None:
        settings.OBS_ENABLED = True
        names.check()
        assert studio.asked == ["GetVersion"]  # whether it is there


class TestAddress:
    def test_the_row_comes_first_and_the_settings_fill_in_what_is_blank(self, settings: Any) -> None:
        settings.OBS_ENABLED, settings.OBS_HOST, settings.OBS_PORT = True, "studio", 4455
        assert (options().enabled, options().host, options().port) == (True, "studio", 4455)
        OBSConnection.objects.create(enabled=False, host="", port=4477)
        assert (options().enabled, options().host, options().port) == (False, "studio", 4477)
        assert options(always=True).enabled

    def test_a_password_that_cannot_be_decrypted_is_a_failure_that_does_not_show_it(self) -> None:
        OBSConnection.objects.create(password="sealed by another key")
        with pytest.raises(Failed) as failure:
            options()
        assert "sealed by another key" not in str(failure.value)


def test_a_removed_scene_ends_the_item_with_what_obs_said(studio: Studio) -> None:
    studio.refuses = {"SetCurrentProgramScene"}
    item = items.enqueue(Effect("obs_scene", {"scene": "Attic"}))
    worker.drain("effect")
    assert QueueItem.objects.get(pk=item.pk).error == "OBS refused: No such thing"


def test_the_listener_leaves_it_to_the_workers_who_reach_obs(connected_to: Callable[[int], None]) -> None:
    connected_to(free_port())  # out of its reach
    cache.set(health.KEY, "")  # by the last check of a worker, OBS answers
    past = timezone.now() - timedelta(seconds=5)
    row = Revert.objects.create(key="scene", request="SetCurrentProgramScene", data={}, due_at=past, wanted_at=past)
    beside.look_after()
    assert Revert.objects.get(pk=row.pk).due_at == past
    assert not health.away(enabled=True)  # else no redeem that needs OBS would be sold

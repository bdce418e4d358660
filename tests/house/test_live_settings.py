"""Settings of the dashboard: stored, in force at once, refused with a sentence, told of."""

from __future__ import annotations

import asyncio
import importlib
import logging
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from weakref import WeakSet

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from economy import tasks
from economy.ledger import xp
from economy.models import XP, Points, Viewer
from economy.settings_table import PointsSettings
from effects.settings_table import VoiceSettings
from joystick.settings_table import JoystickSettings
from joystick.simulator.happenings import tip
from pixelbot_site.kit import live, settings_table
from pixelbot_site.live_settings import store
from pixelbot_site.models import SettingOverride
from pixelbot_site.settings_table import SECTIONS

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def dashboard_settings(db: None) -> Iterator[None]:
    store.install()
    yield
    settings_table.overrides.use(None)


@pytest.fixture
def owner(admin_user: User) -> User:
    return admin_user


def save(client: Client, meanwhile: Callable[[], object] = lambda: None, /, **values: str | list[str]) -> Any:
    """Send the page's form as a browser would, with `values` typed over what it showed; `meanwhile` happens before."""
    form = client.get(reverse("settings")).context["form"]
    meanwhile()
    data: dict[str, Any] = {}
    for field in form:
        shown = field.value()
        data[f"initial-{field.name}"] = "" if shown is None else str(shown)
        if shown is not False:
            data[field.name] = "on" if shown is True else str(shown)
    return client.post(reverse("settings"), data | values)


def test_what_is_saved_is_in_force_for_the_next_event(
    admin_client: Client, deliver: Callable[..., None], django_capture_on_commit_callbacks: Any
) -> None:
    deliver(tip("Bob", 100))
    with django_capture_on_commit_callbacks(execute=True):
        assert save(admin_client, POINTS_PER_TIP_TOKEN="2.5").status_code == 302
    deliver(tip("Bob", 100))
    assert Points.objects.get(viewer__key="bob").balance == 100 + 250


def test_only_what_was_changed_is_stored_with_who_did_it(admin_client: Client) -> None:
    save(admin_client, POINTS_PER_CHAT="7")
    row = SettingOverride.objects.get()
    assert (row.name, row.value, row.changed_by) == ("POINTS_PER_CHAT", "7", "admin")
    assert LogEntry.objects.get().change_message == "A line in chat: 1 → 7"


def test_the_default_typed_again_or_a_reset_leaves_no_row(admin_client: Client) -> None:
    save(admin_client, POINTS_PER_CHAT="7")
    settings_table.overrides.read_again()
    save(admin_client, POINTS_PER_CHAT="1")
    assert not SettingOverride.objects.exists()
    settings_table.overrides.read_again()
    save(admin_client, POINTS_PER_CHAT="7", POINTS_PER_FOLLOW="9")
    settings_table.overrides.read_again()
    save(admin_client, reset="POINTS_PER_CHAT")
    settings_table.overrides.read_again()
    assert list(SettingOverride.objects.values_list("name", flat=True)) == ["POINTS_PER_FOLLOW"]
    assert PointsSettings.current().points_per_chat == 1


def test_env_gives_the_default_and_is_named(admin_client: Client, settings: Any) -> None:
    settings.POINTS_PER_CHAT = 4
    page = admin_client.get(reverse("settings")).content.decode()
    assert "Default: <b>4</b> (from .env)" in page
    save(admin_client, POINTS_PER_CHAT="1")
    settings_table.overrides.read_again()
    assert PointsSettings.current().points_per_chat == 1


@pytest.mark.parametrize(
    ("name", "typed", "sentence"),
    [
        ("POINTS_PER_CHAT", "-1", "This must be a whole number of points from 0 to 1000000000."),
        ("POINTS_PER_CHAT", "many", "This must be a whole number of points from 0 to 1000000000."),
        ("POINTS_PER_CHAT", "", "This must be a whole number of points from 0 to 1000000000."),
        ("XP_EXPONENT", "nan", "This must be a number from 0.25 to 5."),
        ("TTS_ENGINE", "siri", "This must be one of pyttsx3, browser, piper, none."),
        ("POINTS_DAILY_CAPS", "chat", "This must be whole numbers by name, like chat=500,dropin=50."),
        ("POINTS_DAILY_CAPS", "chat=5,tipp=5", "This must be of the sources chat, tip, wheel, follow,"),
        ("POINTS_DAILY_CAPS", "effect=5", ": there is no effect"),
        ("JOYSTICK_SCOPES", "", "This must be identity:read, chat:read, chat:write, and any of"),
        ("JOYSTICK_CLIENT_ID", "id:secret", "This must be the application&#x27;s id; this looks like the id and the "),
        ("TTS_ENGINE", "piper", "This must be the path of a Piper voice (.onnx), where “Voice engine” is piper."),
    ],
)
def test_a_wrong_value_is_refused_beside_its_field_and_nothing_is_saved(
    admin_client: Client, name: str, typed: str, sentence: str
) -> None:
    answer = save(admin_client, **{"POINTS_PER_FOLLOW": "77", name: typed})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert sentence in page
    assert 'value="77"' in page  # what else was typed is still there
    assert not SettingOverride.objects.exists()


def test_every_live_setting_takes_its_own_default(admin_client: Client) -> None:
    assert save(admin_client).status_code == 302
    assert not SettingOverride.objects.exists()


def test_the_voices_that_are_ticked_are_stored_and_kept(admin_client: Client) -> None:
    for chosen in (["gone", "de"], ["gone"], []):
        save(admin_client, TTS_VIEWER_VOICES=chosen, TTS_VOICE="gone")
        settings_table.overrides.read_again()
        save(admin_client, POINTS_PER_CHAT="7")
        settings_table.overrides.read_again()
        now = VoiceSettings.current()
        assert (now.tts_viewer_voices, now.tts_voice) == (tuple(chosen), "gone")


def test_two_pages_do_not_undo_each_other(admin_client: Client) -> None:
    old = admin_client.get(reverse("settings")).context["form"]
    save(admin_client, POINTS_PER_CHAT="7")
    settings_table.overrides.read_again()
    typed = {"initial-POINTS_PER_CHAT": "1", "POINTS_PER_CHAT": "1"}
    shown = {f"initial-{field.name}": str(field.value()) for field in old}
    data = {field.name: str(field.value()) for field in old if field.value() is not False} | shown | typed
    admin_client.post(reverse("settings"), data | {"POINTS_PER_FOLLOW": "8"})
    settings_table.overrides.read_again()
    now = PointsSettings.current()
    assert (now.points_per_chat, now.points_per_follow) == (7, 8)


def test_a_contradiction_with_what_somebody_else_saved_meanwhile_is_refused(admin_client: Client, owner: User) -> None:
    def change() -> None:
        store.change({"JOYSTICK_CLIENT_SECRET": "the-client"}, by=owner)
        settings_table.overrides.read_again()

    answer = save(admin_client, change, JOYSTICK_CLIENT_ID="the-client")
    assert "one of the two was pasted twice" in answer.content.decode()
    assert JoystickSettings.current().joystick_client_id == ""


def test_a_secret_is_sealed_and_never_shown(admin_client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        save(admin_client, JOYSTICK_CLIENT_SECRET="hush-hush")
    settings_table.overrides.read_again()
    assert JoystickSettings.current().joystick_client_secret == "hush-hush"
    assert "hush" not in SettingOverride.objects.get().value
    assert "hush" not in admin_client.get(reverse("settings")).content.decode()
    assert "hush" not in LogEntry.objects.get().change_message + caplog.text


def test_an_id_that_is_the_secret_is_refused_beside_it_and_shows_neither(admin_client: Client) -> None:
    answer = save(admin_client, JOYSTICK_CLIENT_ID="hush-hush", JOYSTICK_CLIENT_SECRET="hush-hush")
    errors = answer.context["form"].errors
    assert errors == {
        "JOYSTICK_CLIENT_ID": ["This must be different from “Application secret”: one of the two was pasted twice."]
    }
    assert "hush" not in answer.text
    assert not SettingOverride.objects.exists()


def test_who_may_only_look_can_save_nothing(client: Client) -> None:
    looker = get_user_model().objects.create_user("looker", is_staff=True)
    client.force_login(looker)
    assert client.get(reverse("settings")).status_code == 403
    looker.user_permissions.add(Permission.objects.get(codename="view_settingoverride"))
    page = client.get(reverse("settings"))
    assert page.status_code == 200
    assert b'value="Save"' not in page.content
    assert save(client, POINTS_PER_CHAT="7").status_code == 403


def test_a_value_that_is_allowed_no_longer_is_left_out_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    SettingOverride.objects.create(name="POINTS_PER_CHAT", value="lots")
    SettingOverride.objects.create(name="GONE", value="1")
    for _ in range(2):
        settings_table.overrides.read_again()
        assert PointsSettings.current().points_per_chat == 1
    assert len(caplog.records) == 2
    assert "POINTS_PER_CHAT is not used: a whole number" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_another_process_follows_within_a_second(monkeypatch: pytest.MonkeyPatch, owner: User) -> None:
    monkeypatch.setattr(live, "MAX_AGE", 0.2)
    settings_table.overrides.read_again()
    assert PointsSettings.current().points_per_chat == 1
    SettingOverride.objects.create(name="POINTS_PER_CHAT", value="3")  # as another process would
    time.sleep(0.3)
    assert PointsSettings.current().points_per_chat == 3


def test_a_thread_reads_one_value_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_all", WeakSet())
    read: list[str] = []

    def reader(name: str) -> Callable[[], int]:
        def read_it() -> int:
            read.append(name)
            return len(read)

        return read_it

    values = [live.Live(0) for _ in "abcd"]
    for name, value in zip("abc", values, strict=False):  # the fourth is never read
        value.use(reader(name))
    monkeypatch.setattr(live, "DUE_AFTER", 0.0)
    for _ in range(6):
        live.read_oldest()
    assert sorted(read[:3]) == sorted(read[3:]) == ["a", "b", "c"]
    monkeypatch.setattr(live, "DUE_AFTER", 0.5)
    for _ in range(6):
        live.read_oldest()
    assert len(read) == 6  # none is due yet
    time.sleep(0.6)
    for _ in range(6):
        live.read_oldest()
    assert sorted(read[6:]) == ["a", "b", "c"]


def test_settings_are_read_once_a_second_and_never_on_the_event_loop() -> None:
    settings_table.overrides.read_again()
    with CaptureQueriesContext(connection) as queries:
        for section in SECTIONS * 3:
            section.current()
    assert len([query for query in queries if "settingoverride" in query["sql"]]) == 1

    async def read() -> int:
        settings_table.overrides.read_again()
        return PointsSettings.current().points_per_chat

    assert asyncio.run(read()) == 1


def test_a_viewers_line_costs_no_query_for_settings(
    viewer: Callable[..., Viewer], deliver: Callable[..., None]
) -> None:
    viewer("Bob")
    deliver(tip("Bob", 5))
    with CaptureQueriesContext(connection) as queries:
        deliver(tip("Bob", 5))
    assert not [query for query in queries if "settingoverride" in query["sql"]]


def test_a_change_of_the_curve_offers_to_recompute_the_levels(
    admin_client: Client, viewer: Callable[..., Viewer], django_capture_on_commit_callbacks: Any
) -> None:
    xp.adjust(viewer("Bob"), 1000, source="test", reference="test:bob")
    level = XP.objects.get(viewer__key="bob").level
    assert b"Recompute levels" not in admin_client.get(reverse("settings")).content
    save(admin_client, XP_BASE="10")
    settings_table.overrides.read_again()
    assert b"Recompute levels" in admin_client.get(reverse("settings")).content
    admin_client.post(reverse("recompute-levels"))
    assert tasks.recomputing_progress() == (0, 1)
    assert b"0 of 1 viewers are done" in admin_client.get(reverse("settings")).content
    tasks.recompute_levels()
    assert tasks.recomputing_progress() == (1, 1)
    tasks.recompute_levels(after=XP.objects.get(viewer__key="bob").pk, done=1)
    assert tasks.recomputing_progress() is None
    assert XP.objects.get(viewer__key="bob").level > level
    assert b"Recompute levels" not in admin_client.get(reverse("settings")).content


def test_stored_caps_lose_the_sources_that_there_are_not(db: None) -> None:
    SettingOverride.objects.create(name="POINTS_DAILY_CAPS", value="chat=500,tipp=5")
    SettingOverride.objects.create(name="XP_DAILY_CAPS", value="effect=100, sub=1")
    migration = importlib.import_module("pixelbot_site.migrations.0012_caps_of_known_sources")
    migration.leave_out_unknown(apps, SimpleNamespace(connection=connection))
    assert dict(SettingOverride.objects.values_list("name", "value")) == {
        "POINTS_DAILY_CAPS": "chat=500",
        "XP_DAILY_CAPS": "effect=100, sub=1",
    }

"""The lamps of the index: each colour for its reason, the same in `/preflight`, and buttons for who may press them."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from economy import tasks as economy_tasks
from economy.ledger import audit
from economy.models import Points, Viewer
from effects.models import Overlay, OverlayPage, QueueItem, State
from effects.overlays import pages
from effects.queue import control, items, worker
from effects.registry.values import speak
from joystick.channel import health as connection
from joystick.channel import streams
from joystick.models import InboundEvent, InboundState, Install
from pixelbot_site import tasks
from pixelbot_site.backups import shelf
from pixelbot_site.index import guide, lamps
from pixelbot_site.index.lamp import Color, Lamp

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_cached(db: None) -> None:
    cache.clear()


def lamp(key: str) -> Lamp:
    (found,) = [lamp for lamp in lamps.lamps() if lamp.key == key]
    return found


def shows(key: str, color: Color, part: str) -> bool:
    found = lamp(key)
    assert (found.color, part in " ".join(found.sentences)) == (color, True), found
    return True


def test_what_is_not_known_is_never_green() -> None:
    fresh = {lamp.key: lamp.color for lamp in lamps.lamps()}
    assert [key for key, color in fresh.items() if color == Color.GREEN] == ["lanes", "disk"]
    assert Color.RED not in fresh.values()


def test_the_line_to_joystick() -> None:
    assert shows("joystick", Color.GREY, "not connected")
    connection.take_lease("me")
    connection.set_state("me", "connecting")
    assert shows("joystick", Color.AMBER, "connecting")
    connection.set_state("me", "connected")
    connection.set_last_frame("me", timezone.now())
    assert shows("joystick", Color.GREEN, "heard from it 0 s ago; 0 events in the last minute")
    connection.set_last_frame("me", timezone.now() - timedelta(seconds=40))
    assert shows("joystick", Color.RED, "Nothing was heard from Joystick.tv for 40 s")
    connection.set_state("me", "refused", "unauthorized")
    assert shows("joystick", Color.RED, "refuses the bot")
    action = lamp("joystick").action
    assert action is not None
    assert (action.label, action.posts) == ("Try now", True)


def test_the_token() -> None:
    install = Install.objects.create(
        channel_id="c", username="Fox", access_token="x", expires_at=timezone.now() + timedelta(days=2)
    )
    assert shows("token", Color.GREEN, "It is good until ")
    install.expires_at = timezone.now() - timedelta(minutes=1)
    install.save()
    assert shows("token", Color.AMBER, "is being renewed")
    install.trouble = "the access was revoked"
    install.save()
    assert shows("token", Color.RED, "Fox needs reconnecting: the access was revoked.")


def test_exactly_one_page_of_the_overlay_is_right(now: Any) -> None:
    overlay, _ = Overlay.objects.get_or_create(name="Main")
    assert shows("overlay", Color.AMBER, "No overlay is open")
    streams.begin("c", now)
    assert shows("overlay", Color.RED, "No overlay is open")
    pages.opened("one", overlay)
    assert shows("overlay", Color.GREEN, "One page is open, since at ")
    pages.opened("two", overlay)
    assert shows("overlay", Color.AMBER, "2 pages are open, and each of them plays the sound")
    OverlayPage.objects.update(until=timezone.now() - timedelta(seconds=1))  # OBS died, and nothing said so
    assert shows("overlay", Color.RED, "No overlay is open")


def test_obs_away_is_red_on_air_alone(settings: Any, now: Any) -> None:
    assert shows("obs", Color.GREY, "switched off")
    settings.OBS_ENABLED = True
    assert shows("obs", Color.AMBER, "OBS is not connected (no worker has asked it lately)")
    cache.set("obs.away", "", 60)
    assert shows("obs", Color.GREEN, "OBS answers")
    cache.set("obs.away", "OBS can't be reached", 60)
    assert shows("obs", Color.AMBER, "OBS can't be reached")
    streams.begin("c", now)
    assert shows("obs", Color.RED, "OBS can't be reached")


def test_the_voice_is_green_when_an_overlay_played_a_line_to_its_end(stage: None, settings: Any) -> None:
    settings.TTS_ENGINE = "browser"
    assert shows("voice", Color.GREY, "Nothing was spoken to its end yet")
    item = items.enqueue(speak("hello"))
    assert shows("voice", Color.GREY, "Nothing was spoken to its end yet")
    worker.drain("tts")
    item.refresh_from_db()
    items.end(item, State.FAILED, "no overlay began to play it: is it open?")
    assert shows("voice", Color.AMBER, "The last line was not spoken: no overlay began to play it: is it open?")
    item = items.enqueue(speak("hello again"))
    worker.drain("tts")
    item.refresh_from_db()
    items.finish(item.pk, item.attempts)
    assert shows("voice", Color.GREEN, "played a line to its end, at ")
    settings.TTS_PRE_SOUND = "nosuch.wav"
    assert shows("voice", Color.AMBER, "The sound before the speech, “nosuch.wav”, is not in DATA_DIR/sounds")


def test_the_worker_tells_how_long_a_task_takes() -> None:
    tasks.round_trip(time.time() - 0.25)
    assert shows("worker", Color.GREEN, "A task took ")
    took = re.search(r"took (\d+) ms", lamp("worker").sentences[0])
    assert took is not None
    assert 250 <= int(took[1]) < 5000


def test_lanes(stage: None) -> None:
    items.enqueue(speak("hello"))
    assert shows("lanes", Color.GREEN, "Every lane moves")
    QueueItem.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    assert shows("lanes", Color.RED, "The lane tts stands still")
    ended = items.enqueue(speak("hello"))
    items.end(ended, State.SKIPPED, "by mo")  # whatever waits, something moved a moment ago
    assert shows("lanes", Color.GREEN, "Every lane moves")
    QueueItem.objects.filter(pk=ended.pk).update(finished_at=timezone.now() - timedelta(minutes=2))
    assert shows("lanes", Color.RED, "The lane tts stands still")
    control.pause("tts", by="mo")
    assert shows("lanes", Color.AMBER, "Paused: tts (by mo)")


def test_books(viewer: Callable[..., Viewer]) -> None:
    ann = viewer("Ann", points=5)
    economy_tasks.audit_ledger()
    assert shows("books", Color.GREEN, "audited at ")
    Points.objects.filter(viewer=ann).update(balance=1)
    cache.clear()
    audit.run()
    assert shows("books", Color.RED, "The ledger does not agree with itself")


def test_an_event_that_could_not_be_handled_is_red_for_a_day(admin_client: Client) -> None:
    economy_tasks.audit_ledger()
    for number, hours in enumerate((1, 25)):
        at = timezone.now() - timedelta(hours=hours)
        InboundEvent.objects.create(
            uid=f"u{number}", kind="tipped", state=InboundState.FAILED, raw="{}", received_at=at
        )
    assert shows("books", Color.RED, "1 event of the last day could not be handled, and nothing was paid for it")
    (lamp,) = (lamp for lamp in lamps.lamps() if lamp.key == "books")
    assert lamp.action is not None
    assert "2 events" in admin_client.get(lamp.action.url).text
    InboundEvent.objects.update(state=InboundState.HANDLED)
    lamps.failed_events.forget()  # some seconds later
    assert shows("books", Color.GREEN, "audited at ")


def test_backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "folder", lambda: tmp_path)
    monkeypatch.setattr("pixelbot_site.upkeep.database_file.path", lambda: tmp_path / "pixelbot.sqlite3")
    assert shows("backup", Color.GREY, "None was made yet")
    made = tmp_path / "pixelbot-20260101-000000.zip"
    made.touch()
    assert shows("backup", Color.GREEN, "The newest is 0 hours old")
    os.utime(made, (time.time() - 3 * 86_400,) * 2)
    assert shows("backup", Color.AMBER, "The newest is 72 hours old")


def test_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type(shutil.disk_usage(django_settings.DATA_DIR))
    for free, color in ((50 * 2**20, Color.RED), (2**30, Color.AMBER), (9 * 2**30, Color.GREEN)):
        left = usage(10**12, 10**12 - free, free)
        monkeypatch.setattr(shutil, "disk_usage", lambda path, left=left: left)
        assert lamp("disk").color == color


def test_preflight_is_the_same_list(admin_client: Client) -> None:
    answer = admin_client.get("/admin/api/preflight").json()
    assert [row["key"] for row in answer] == [lamp.key for lamp in lamps.lamps()]
    page = admin_client.get(reverse("admin:index")).text
    for row in answer:
        assert f'class="lamp {row["color"]}" id="lamp-{row["key"]}"' in page


def test_a_page_looks_at_the_lamps_once(admin_client: Client, django_assert_max_num_queries: Any) -> None:
    admin_client.get(reverse("admin:index"))
    guide.due.get(lambda: None)  # it is over
    with django_assert_max_num_queries(25):
        admin_client.get(reverse("admin:index"))


def test_other_pages_ask_for_the_red_lines_once_in_a_while(
    admin_client: Client, now: Any, django_assert_max_num_queries: Any
) -> None:
    streams.begin("c", now)
    page = reverse("admin:effects_overlay_changelist")
    assert "No overlay is open" in admin_client.get(page).text
    with django_assert_max_num_queries(7):
        assert "No overlay is open" in admin_client.get(page).text
    pages.opened("page", Overlay.objects.get_or_create(name="Main")[0])
    lamps.red_lines.forget()
    assert "No overlay is open" not in admin_client.get(page).text


def test_a_button_is_for_who_may_press_it(client: Client) -> None:
    mo = get_user_model().objects.create_user("mo", is_staff=True)
    client.force_login(mo)
    assert "Say a line" not in client.get(reverse("admin:index")).text
    assert client.post(reverse("say-a-line")).status_code == 403
    mo.user_permissions.add(Permission.objects.get(codename="change_queueitem"))
    assert "Say a line" in client.get(reverse("admin:index")).text


def test_a_line_is_said_if_somebody_can_hear_it(admin_client: Client) -> None:
    answer = admin_client.post(reverse("say-a-line"), follow=True)
    assert "nobody would hear it" in answer.text
    assert not QueueItem.objects.exists()
    pages.opened("page", Overlay.objects.get_or_create(name="Main")[0])
    admin_client.post(reverse("say-a-line"), {"text": "Good evening"})
    item = QueueItem.objects.get()
    assert (item.kind, item.payload["text"], item.purchase) == ("speak", "Good evening", None)

"""The overlay's page, its sounds, and the admin of both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client

from effects.media import sounds
from effects.models import Overlay
from effects.queue import items, worker
from effects.registry.values import speak

pytestmark = pytest.mark.django_db

TRIED = f"/overlay/wrong/tried/{'0' * 24}.wav"


def test_a_wrong_secret_is_not_found(client: Client) -> None:
    for path in ("/overlay/wrong/", "/overlay/wrong/pre-sound/abc", "/overlay/wrong/speech/1.wav", TRIED):
        assert client.get(path).status_code == 404


def test_an_overlays_address_leads_to_no_other_file(client: Client, settings: Any) -> None:
    base = Overlay.objects.create().page_path()
    key = settings.DATA_DIR / "secret_key"
    assert key.exists()
    for name in (
        "../secret_key",
        "..%2fsecret_key",
        "..%252fsecret_key",
        "..\\secret_key",
        "%2e%2e/secret_key",
        str(key),
    ):
        for folder in ("pre-sound", "sound", "speech", "tried"):
            for end in ("", ".wav"):
                assert client.get(f"{base}{folder}/{name}{end}").status_code == 404, name


def test_of_what_lies_beside_tried_sounds_nothing_is_served(client: Client) -> None:
    base = Overlay.objects.create().page_path()
    for name, code in ((f"{'0' * 24}.wav", 200), ("notes.html", 404), (f"{'0' * 24}.html", 404), ("0.wav", 404)):
        path = default_storage.save(f"tried/{name}", ContentFile(b"<html>"))
        assert client.get(f"{base}{path}").status_code == code, name
        default_storage.delete(path)


def test_the_page_is_whole_and_closed_to_other_sources(client: Client) -> None:
    page = client.get(Overlay.objects.create().page_path())
    assert page.status_code == 200
    policy = page["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"} <= set(policy)
    assert "http" not in page.content.decode().replace("https://www.w3.org", "")


@pytest.mark.usefixtures("frames", "woken")
def test_speech_is_served_to_who_knows_the_secret(client: Client) -> None:
    item = items.enqueue(speak("hello"))
    path = f"{Overlay.objects.create().page_path()}speech/{item.pk}.wav"
    assert client.get(path).status_code == 404
    worker.drain("tts")
    response = client.get(path)
    assert (response.status_code, response["Content-Type"], response.content[:4]) == (200, "audio/wav", b"RIFF")


def test_a_pre_sound_is_served_by_what_it_was_levelled_under(client: Client) -> None:
    chosen = sounds.pre_sound()
    assert chosen is not None
    base = f"{Overlay.objects.create().page_path()}pre-sound"
    response = client.get(f"{base}/{Path(sounds.levelled(chosen)).stem}")
    assert (response["Content-Type"], response.content[:4]) == ("audio/wav", b"RIFF")
    assert client.get(f"{base}/0123456789abcdef").status_code == 404


def test_the_admin_shows_the_address_and_changes_it(admin_client: Client) -> None:
    overlay = Overlay.objects.create()
    page = admin_client.get("/admin/effects/overlay/").content.decode()
    assert f"http://testserver{overlay.page_path()}" in page
    admin_client.post("/admin/effects/overlay/", {"action": "change_address", "_selected_action": overlay.pk})
    assert Overlay.objects.get().secret != overlay.secret


def test_who_may_only_look_cannot_change_the_address(client: Client) -> None:
    moderator = User.objects.create_user("mod", password="x", is_staff=True)
    moderator.user_permissions.add(Permission.objects.get(codename="view_overlay"))
    client.force_login(moderator)
    overlay = Overlay.objects.create()
    client.post("/admin/effects/overlay/", {"action": "change_address", "_selected_action": overlay.pk})
    assert Overlay.objects.get().secret == overlay.secret

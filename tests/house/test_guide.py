"""The guide: each step is ticked by what is so, has its button, can be skipped; nothing in it needs a file."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from economy.settings_table import PointsSettings
from effects.models import Overlay, State
from effects.obs import health as obs_health
from effects.overlays import pages
from effects.queue import items, worker
from effects.registry.values import speak
from joystick.models import Install
from joystick.settings_table import JoystickSettings
from joystick.simulator.happenings import chat
from pixelbot_site.index.guide import guide
from pixelbot_site.index.lamps import Moment
from pixelbot_site.kit import settings_table
from pixelbot_site.live_settings import store
from pixelbot_site.models import SettingOverride, SkippedStep

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def dashboard_settings(db: None) -> Iterator[None]:
    store.install()
    yield
    settings_table.overrides.use(None)


def done() -> list[str]:
    settings_table.overrides.read_again()
    return [step.key for step in guide(Moment()).steps if step.is_done]


def post(client: Client, name: str, **data: str) -> str:
    answer = client.post(reverse(name), data, follow=True)
    settings_table.overrides.read_again()
    return answer.text


def test_each_step_is_ticked_by_what_is_so(admin_client: Client, deliver: Callable[..., None], settings: Any) -> None:
    settings.TTS_ENGINE = "browser"
    assert done() == []
    post(admin_client, "guide-points", POINTS_NAME="kiss", POINTS_NAME_PLURAL="kisses")
    assert done() == ["points"]
    post(admin_client, "guide-application", JOYSTICK_CLIENT_ID="my-application")
    assert done() == ["points", "application"]
    install = Install.objects.create(channel_id="c", access_token="x")
    assert done()[-1] == "connect"
    install.trouble = "revoked"
    install.save()
    assert done()[-1] == "application"
    pages.opened("page", Overlay.objects.get_or_create(name="Main")[0])
    assert done()[-1] == "overlay"
    item = items.enqueue(speak("hello"))
    worker.drain("tts")
    item.refresh_from_db()
    assert "voice" not in done()
    items.finish(item.pk, item.attempts)
    item.refresh_from_db()
    assert item.state == State.DONE
    assert done()[-1] == "voice"
    settings.OBS_ENABLED = True
    cache.delete(obs_health.KEY)
    assert "obs" not in done()
    cache.set(obs_health.KEY, "", 60)  # as a check that finds OBS stores it
    assert done()[-1] == "obs"
    cache.delete(obs_health.KEY)
    deliver(chat("Fox", "hello"))
    assert done()[-1] == "hello"


def test_it_is_on_the_index_until_each_step_is_done_or_skipped(admin_client: Client) -> None:
    page = admin_client.get("/admin/").text
    keys = re.findall(r'id="step-(\w+)"', page)
    assert len(keys) == 7
    for key in keys:
        assert 'id="guide-title"' in admin_client.get("/admin/").text
        admin_client.post(reverse("guide-skip", args=[key]))
    assert 'id="guide-title"' not in admin_client.get("/admin/").text
    assert 'id="guide-title"' in admin_client.get("/admin/?guide").text
    admin_client.post(reverse("guide-skip", args=["voice"]))
    assert 'id="guide-title"' in admin_client.get("/admin/").text
    admin_client.post(reverse("guide-skip", args=["nonsense"]))
    assert not SkippedStep.objects.filter(key="nonsense").exists()


def test_the_redirect_address_is_of_the_host_and_port_in_use(admin_client: Client, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["bot.example"]
    page = admin_client.get("/admin/", headers={"host": "bot.example:8123"}).text
    assert 'value="http://bot.example:8123/admin/joystick/install/callback/"' in page


def test_the_overlays_address_is_folded_away(admin_client: Client) -> None:
    overlay, _ = Overlay.objects.get_or_create(name="Main")
    page = admin_client.get("/admin/").text
    shown = re.sub(r"<details class=\"masked\">.*?</details>", "", page, flags=re.S)
    # A button copies the address, and a link opens it, without showing it.
    visible = re.sub(r' (?:data-copy|href)="[^"]*"', "", shown)
    assert page.count(f'value="http://testserver{overlay.page_path()}"') == 1
    assert overlay.secret not in visible


def test_the_application_wins_over_env_is_sealed_and_needs_no_restart(admin_client: Client, settings: Any) -> None:
    settings.JOYSTICK_CLIENT_ID = "from-env"
    typed = {"JOYSTICK_CLIENT_ID": " my-application ", "JOYSTICK_CLIENT_SECRET": "hush-hush"}
    page = post(admin_client, "guide-application", **typed)
    assert "Connect your channel next" in page
    rules = JoystickSettings.current()
    assert (rules.joystick_client_id, rules.joystick_client_secret) == ("my-application", "hush-hush")
    stored = "".join(SettingOverride.objects.values_list("value", flat=True))
    assert "my-application" not in stored
    assert "hush" not in stored + page
    answer = admin_client.post(reverse("admin:joystick_install_connect"))
    assert "client_id=my-application" in answer.headers["Location"]


@pytest.mark.parametrize(
    ("typed", "looks_like"),
    [
        ("https://joystick.tv/bots/1", "this looks like an address"),
        ("eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl", "this looks like an access token"),
        (b64encode(b"id:secret").decode(), "this looks like the id and the secret together"),
        ("id:secret", "this looks like the id and the secret together"),
        ("two words", "which has no spaces"),
        ("same-as-secret", "different from “Application secret”: one of the two was pasted twice"),
        ("", "This must not be empty."),
    ],
)
def test_what_is_no_application_id_is_refused_beside_its_field_with_what_it_looks_like(
    admin_client: Client, typed: str, looks_like: str
) -> None:
    step = refused(admin_client, "application", JOYSTICK_CLIENT_ID=typed, JOYSTICK_CLIENT_SECRET="same-as-secret")
    assert looks_like in step
    assert "same-as-secret" not in step
    assert not SettingOverride.objects.exists()


def test_an_id_that_is_the_secret_of_env_is_refused(admin_client: Client, settings: Any) -> None:
    settings.JOYSTICK_CLIENT_SECRET = "hush-hush"
    step = refused(admin_client, "application", JOYSTICK_CLIENT_ID="hush-hush", JOYSTICK_CLIENT_SECRET="")
    assert "one of the two was pasted twice" in step
    assert not SettingOverride.objects.exists()


def test_a_name_that_is_none_is_refused_and_what_was_typed_is_still_there(admin_client: Client) -> None:
    step = refused(admin_client, "points", POINTS_NAME="{x}", POINTS_NAME_PLURAL="kisses")
    assert "This must be a name of at most 30 letters and digits." in step
    assert 'value="{x}"' in step and 'value="kisses"' in step
    assert PointsSettings.current().points_name_plural == "points"


def refused(client: Client, step: str, **typed: str) -> str:
    """Send the form of a step. Return that step of the page, which is open though it may be done or skipped."""
    SkippedStep.objects.create(key=step)
    page = client.post(reverse(f"guide-{step}"), typed).text
    part: str
    (part,) = re.findall(rf'<li id="step-{step}" class="skipped">\s*<details open>.*?</li>\s*<li id=', page, flags=re.S)
    assert part.count('class="errorlist"') == part.count('aria-invalid="true"') == 1
    return part


@pytest.mark.parametrize("name", ["guide-points", "guide-application"])
def test_the_address_of_a_refused_form_leads_back_to_the_index(admin_client: Client, name: str) -> None:
    assert admin_client.get(reverse(name)).headers["Location"] == "/admin/"


def test_the_demo_is_connected_already(admin_client: Client, settings: Any) -> None:
    settings.DEMO = True
    assert not {"application", "connect"} & {step.key for step in guide(Moment()).steps}


def test_it_is_for_who_may_change_settings() -> None:
    mo = get_user_model().objects.create_user("mo", is_staff=True)
    client = Client()
    client.force_login(mo)
    assert 'id="guide-title"' not in client.get("/admin/").text
    for name, arguments in (("guide-points", []), ("guide-application", []), ("guide-skip", ["voice"])):
        assert client.post(reverse(name, args=arguments)).status_code == 403

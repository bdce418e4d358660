"""The staff's way through the consent page, with everything that may come back from it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from joystick.account import views
from joystick.models import Connection, Install
from joystick.simulator.happenings import Happening, chat, enter, tip
from joystick.simulator.site import Site
from pixelbot_site.index import lamps
from tests.joystick.conftest import query_of

pytestmark = pytest.mark.django_db(transaction=True)

CONNECT = "/admin/joystick/install/connect/"
CALLBACK = "/admin/joystick/install/callback/"
INSTALLS = "/admin/joystick/install/"
TRY = f"{INSTALLS}try/"


@pytest.fixture
def staff(site: Site, db: None) -> Client:
    """The streamer, logged in."""
    site.accounts.redirect_uri = "http://testserver" + CALLBACK
    client = Client()
    client.force_login(User.objects.create_superuser("fox"))
    return client


def allow(site: Site, staff: Client) -> dict[str, str]:
    """Press the button, and allow it over there; returns what comes back."""
    answer = staff.post(CONNECT)
    assert answer.status_code == 302
    query = query_of(answer["Location"])
    return {"code": site.accounts.allow(query), "state": query["state"]}


def test_three_clicks(site: Site, staff: Client) -> None:
    assert "Connect Joystick.tv" in staff.get(INSTALLS).text
    answer = staff.get(CALLBACK, allow(site, staff), follow=True)
    assert "Connected to the channel of HarbourFox" in answer.text
    install = Install.objects.get()
    page = staff.get(reverse("admin:joystick_install_change", args=[install.pk])).text
    assert "Disconnect" in page and install.access_token not in page
    answer = staff.post(f"{INSTALLS}{install.pk}/disconnect/", follow=True)
    assert "Disconnected" in answer.text
    install.refresh_from_db()
    assert install.access_token == ""


def test_without_an_application_it_says_what_to_set(site: Site, staff: Client, settings: Any) -> None:
    settings.JOYSTICK_CLIENT_ID = ""
    assert "enter the id of your application in the guide" in staff.get(INSTALLS).text
    assert staff.post(CONNECT).status_code == 400


@pytest.mark.parametrize("change", ["missing", "wrong", "empty", "unicode"])
def test_a_wrong_state_ends_the_exchange_and_uses_it_up(site: Site, staff: Client, change: str) -> None:
    back = allow(site, staff)
    right = dict(back)
    if change == "missing":
        del back["state"]
    else:
        back["state"] = {"wrong": "wrong", "empty": "", "unicode": "ü"}[change]
    answer = staff.get(CALLBACK, back)
    assert answer.status_code == 400
    assert "does not belong to an attempt that you began here" in answer.text
    assert staff.get(CALLBACK, right).status_code == 400  # it was good for one return
    assert not Install.objects.exists()


def test_a_return_works_once(site: Site, staff: Client) -> None:
    back = allow(site, staff)
    assert staff.get(CALLBACK, back).status_code == 302
    assert staff.get(CALLBACK, back).status_code == 400


def test_another_staff_members_state_is_of_no_use(site: Site, staff: Client) -> None:
    back = allow(site, staff)
    other = Client()
    other.force_login(User.objects.create_superuser("other"))
    assert other.get(CALLBACK, back).status_code == 400
    assert not Install.objects.exists()


def test_after_ten_minutes_it_is_too_late(site: Site, staff: Client) -> None:
    back = allow(site, staff)
    session = staff.session
    session[views.SESSION_KEY] = {**session[views.SESSION_KEY], "at": session[views.SESSION_KEY]["at"] - 601}
    session.save()
    answer = staff.get(CALLBACK, back)
    assert answer.status_code == 400 and "older than ten minutes" in answer.text


def test_a_streamer_who_says_no_is_told_so_and_nothing_of_it_is_markup(site: Site, staff: Client) -> None:
    state = allow(site, staff)["state"]
    answer = staff.get(CALLBACK, {"error": "<b>access_denied</b>", "state": state})
    assert answer.status_code == 400
    assert "&lt;b&gt;access_denied" in answer.text and "<b>access_denied" not in answer.text


def test_a_code_that_the_platform_refuses_is_said(site: Site, staff: Client) -> None:
    back = allow(site, staff)
    answer = staff.get(CALLBACK, {**back, "code": "nonsense"})
    assert answer.status_code == 502 and "gave no tokens" in answer.text
    answer = staff.get(CALLBACK, back)
    assert answer.status_code == 400 and "does not belong to an attempt" in answer.text


@pytest.mark.parametrize("path", [CONNECT, CALLBACK, TRY, f"{INSTALLS}1/disconnect/"])
@pytest.mark.parametrize("permission", [None, "view_install"])
def test_only_who_may_change_installs_gets_through(site: Site, db: None, path: str, permission: str | None) -> None:
    helper = User.objects.create_user("helper", is_staff=True)
    if permission:
        helper.user_permissions.add(Permission.objects.get(codename=permission))
    client = Client()
    assert client.post(path).status_code == 302  # to the login page
    client.force_login(helper)
    assert client.post(path).status_code == client.get(path).status_code == 403
    if permission:
        assert "Connect Joystick.tv" not in client.get(INSTALLS).text


def test_the_button_needs_the_forms_token(site: Site, staff: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.get())
    assert strict.post(CONNECT).status_code == 403
    assert strict.get(CONNECT).status_code == 405


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (
            lambda: Install.objects.create(channel_id="c", username="Fox", trouble="gone <b>wrong</b>"),
            "Fox needs reconnecting: gone &lt;b&gt;wrong",
        ),
        (
            lambda: Connection.objects.create(state="refused", detail="unauthorized"),
            "Joystick.tv refuses the bot: unauthorized",
        ),
    ],
)
def test_trouble_is_a_red_line_on_every_page(staff: Client, make: Any, line: str) -> None:
    pages = ["/admin/", "/admin/economy/viewer/", INSTALLS]
    assert not [page for page in pages if line in staff.get(page).text]
    make()
    lamps.red_lines.forget()  # other pages follow after three seconds
    for page in pages:
        assert f'<li class="error">{line}' in staff.get(page).text
    assert line not in Client().get("/admin/login/").text


@pytest.mark.parametrize("name", ["install", "inboundevent", "connection", "gap", "stream", "reaction"])
def test_every_page_of_the_dashboard_opens(staff: Client, name: str) -> None:
    assert staff.get(f"/admin/joystick/{name}/").status_code == 200


def test_the_feed_can_be_asked_for_unknown_kinds(staff: Client, deliver: Any) -> None:
    deliver(tip("Bob", 5), Happening("lantern_festival_opened", "Bob", "Something new"))
    page = staff.get("/admin/joystick/inboundevent/?known=no").text
    assert "Something new" in page and "Bob tipped" not in page
    assert "Something new" not in staff.get("/admin/joystick/inboundevent/?known=yes").text


def test_a_reaction_that_could_not_work_is_not_saved(staff: Client) -> None:
    add = "/admin/joystick/reaction/add/"
    form = {"occasion": "stream_started", "effects": '[{"kind": "grant_points", "points": 5}]', "enabled": "on"}
    assert "has no viewer to give something to" in staff.post(add, form).text
    for effects, mistake in (
        ('[{"kind": "dance"}]', "Effect 1: there is none called “dance”."),
        ('[{"kind": "speak"}]', "Effect 1, speak: text: Field required"),
        ('[{"kind": "alert", "text": "hi", "seconds": 900}]', "Effect 1, alert: seconds: Input should be less"),
        ('{"kind": "speak"}', "This must be a list of effects."),
        ("{}", "This must be a list of effects."),
        ("0", "This must be a list of effects."),
        (r'[{"kind": "alert", "text": "\ud800"}]', "half of a character, which can&#x27;t be stored."),
        (r'[{"kind": "alert", "text": "\u0000"}]', "half of a character, which can&#x27;t be stored."),
        (r'[{"kind": "alert", "\u0000": "hi"}]', "half of a character, which can&#x27;t be stored."),
        ("nonsense", "Enter a valid JSON."),
    ):
        assert mistake in staff.post(add, {**form, "effects": effects}).text
    assert staff.post(add, {**form, "effects": '[{"kind": "speak", "text": "hi"}]'}).status_code == 302
    assert staff.post(add, {**form, "occasion": "follow"}).status_code == 302


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"state": "connected"}, "The bot is connected to the channel of HarbourFox; 1 event in the last minute."),
        ({"state": "off", "detail": "no channel is connected"}, "The bot is not connected: no channel is connected."),
        ({"state": "waiting", "detail": "it did not answer"}, "Joystick.tv is not reached: it did not answer"),
        ({"state": "connecting"}, "The bot is connecting."),
    ],
)
def test_the_first_page_says_how_the_bot_stands(staff: Client, deliver: Any, row: Any, sentence: str) -> None:
    deliver(chat("Bob", "hi"))
    Connection.objects.create(lease_until=timezone.now() + timedelta(minutes=1), **row)
    assert sentence in staff.get("/admin/").text


def test_who_is_here_is_shown(staff: Client, deliver: Any) -> None:
    deliver(enter("MossyLantern"))
    assert "MossyLantern" in staff.get("/admin/economy/presence/").text

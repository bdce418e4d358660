"""The pages for overlays and for OBS: who may see an address, and what becomes of a password."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.test import Client

from economy.models import Item
from effects.models import OBSConnection, Overlay, QueueItem, Sound
from effects.obs import address
from effects.overlays import pages
from pixelbot_site.kit import secrets_at_rest

pytestmark = pytest.mark.django_db

OVERLAYS = "/admin/effects/overlay/"
OBS = "/admin/effects/obsconnection/1/change/"
NO_WIDGETS = {"widgets-TOTAL_FORMS": 0, "widgets-INITIAL_FORMS": 0}


@pytest.fixture
def fox() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("fox", password="x"))
    return client


@pytest.fixture
def helper() -> Callable[..., Client]:
    """Makes the client of a helper who holds some permissions: `helper("view_overlay")`."""

    def make(*codenames: str) -> Client:
        user = get_user_model().objects.create_user("helper", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client = Client()
        client.force_login(user)
        return client

    return make


@pytest.fixture
def rechecks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the overlays' sockets were asked to check."""
    sent: list[str] = []
    monkeypatch.setattr("effects.overlays.messages.group_send", lambda group, message: sent.append(message["type"]))
    return sent


class TestOverlays:
    """Overlays and their addresses."""

    def test_a_new_overlay_gets_an_address_that_opens(self, fox: Client, client: Client) -> None:
        fox.post(f"{OVERLAYS}add/", {"name": "Second screen", "theme": "neon", "format": "vertical"})
        overlay = Overlay.objects.get(name="Second screen")
        assert len(overlay.secret) >= 32
        assert client.get(overlay.page_path()).status_code == 200

    def test_the_form_of_a_new_one_says_where_its_address_comes_from(self, fox: Client) -> None:
        assert "Save the overlay to get its address." in fox.get(f"{OVERLAYS}add/").text

    def test_the_whole_address_is_shown_under_the_host_that_was_asked(self, fox: Client, settings: Any) -> None:
        settings.ALLOWED_HOSTS = ["bot.local"]
        overlay = Overlay.objects.create(name="Main")
        page = fox.get(OVERLAYS, headers={"host": "bot.local:8123"}).text
        assert f'href="http://bot.local:8123{overlay.page_path()}"' in page

    def test_the_secret_cannot_be_chosen(self, fox: Client) -> None:
        overlay = Overlay.objects.create(name="Main")
        before = overlay.secret
        form = {"name": "Renamed", "secret": "guess-me", "theme": "calm", "format": "wide", **NO_WIDGETS}
        fox.post(f"{OVERLAYS}{overlay.pk}/change/", form)
        overlay.refresh_from_db()
        assert (overlay.name, overlay.secret) == ("Renamed", before)

    def test_staff_who_may_not_see_overlays_are_not_led_to_one(self) -> None:
        overlay = Overlay.objects.create(name="Main")
        mo = Client()
        mo.force_login(get_user_model().objects.create_user("mo", is_staff=True))
        kind = ContentType.objects.get_for_model(Overlay).pk
        answer = mo.get(f"/admin/r/{kind}/{overlay.pk}/")
        assert answer.status_code == 404 and overlay.secret not in f"{answer.headers}{answer.text}"

    def test_a_changed_address_ends_the_old_one(self, fox: Client, client: Client, rechecks: list[str]) -> None:
        leaked, other = Overlay.objects.create(name="Leaked"), Overlay.objects.create(name="Other")
        old = leaked.page_path()
        form = {"action": "change_address", "_selected_action": leaked.pk}
        assert "The addresses are changed" in fox.post(OVERLAYS, form, follow=True).text
        leaked.refresh_from_db()
        assert client.get(old).status_code == 404
        assert client.get(leaked.page_path()).status_code == 200
        assert client.get(other.page_path()).status_code == 200
        assert rechecks == ["overlay.recheck"]

    def test_a_deleted_overlays_open_pages_are_disconnected(self, fox: Client, rechecks: list[str]) -> None:
        first, second = Overlay.objects.create(name="A"), Overlay.objects.create(name="B")
        fox.post(f"{OVERLAYS}{first.pk}/delete/", {"post": "yes"})
        assert rechecks == ["overlay.recheck"]
        fox.post(OVERLAYS, {"action": "delete_selected", "_selected_action": second.pk, "post": "yes"})
        assert rechecks == ["overlay.recheck"] * 2 and not Overlay.objects.exists()

    def test_a_helper_without_permission_sees_no_address(self, helper: Callable[..., Client]) -> None:
        overlay = Overlay.objects.create(name="Main")
        client = helper("view_queueitem")
        assert client.get(OVERLAYS).status_code == 403
        assert client.get(f"{OVERLAYS}{overlay.pk}/change/").status_code == 403
        assert overlay.secret not in client.get("/admin/").text

    def test_a_helper_who_may_only_view_changes_no_address(self, helper: Callable[..., Client]) -> None:
        overlay = Overlay.objects.create(name="Main")
        client = helper("view_overlay")
        assert overlay.secret in client.get(OVERLAYS).text
        client.post(OVERLAYS, {"action": "change_address", "_selected_action": overlay.pk})
        assert Overlay.objects.get().secret == overlay.secret

    def test_a_name_is_shown_as_text(self, fox: Client) -> None:
        overlay = Overlay.objects.create(name="<img src=x onerror=alert(1)>")
        for page in (OVERLAYS, f"{OVERLAYS}{overlay.pk}/change/"):
            text = fox.get(page).text
            assert "&lt;img src=x" in text and "<img src=x" not in text


class TestOBS:
    """The form for the connection to OBS."""

    form = {"enabled": "unknown", "host": "", "port": "", "new_password": ""}  # noqa: RUF012

    def test_a_password_is_stored_encrypted_and_shown_nowhere(self, fox: Client) -> None:
        fox.post(OBS, {**self.form, "new_password": "s3cret-of-obs"})
        row = OBSConnection.objects.get()
        assert "s3cret" not in row.password and secrets_at_rest.unseal(row.password) == "s3cret-of-obs"
        assert address.options().password == "s3cret-of-obs"
        page = fox.get(OBS).text
        assert "s3cret" not in page and row.password not in page

    def test_a_blank_password_keeps_the_stored_one(self, fox: Client) -> None:
        fox.post(OBS, {**self.form, "new_password": "s3cret"})
        fox.post(OBS, {**self.form, "host": "studio.local"})
        assert (address.options().host, address.options().password) == ("studio.local", "s3cret")

    def test_a_new_password_replaces_the_stored_one(self, fox: Client) -> None:
        for password in ("first", "second"):
            fox.post(OBS, {**self.form, "new_password": password})
        assert address.options().password == "second"

    def test_a_forgotten_password_gives_way_to_the_one_in_env(self, fox: Client, settings: Any) -> None:
        settings.OBS_PASSWORD = "of env"
        fox.post(OBS, {**self.form, "new_password": "s3cret"})
        assert address.options().password == "s3cret"
        fox.post(OBS, {**self.form, "forget_password": "on"})
        assert OBSConnection.objects.get().password == "" and address.options().password == "of env"

    def test_forgetting_wins_over_a_password_typed_at_the_same_time(self, fox: Client) -> None:
        fox.post(OBS, {**self.form, "new_password": "s3cret", "forget_password": "on"})
        assert OBSConnection.objects.get().password == ""

    def test_blank_fields_come_from_env(self, fox: Client, settings: Any) -> None:
        settings.OBS_ENABLED, settings.OBS_HOST, settings.OBS_PORT = True, "10.0.0.7", 4460
        fox.post(OBS, self.form)
        assert "The bot looks for OBS at 10.0.0.7:4460." in fox.get(OBS).text
        fox.post(OBS, {**self.form, "host": "studio.local", "port": "4555"})
        assert "The bot looks for OBS at studio.local:4555." in fox.get(OBS).text

    def test_switched_off_in_the_dashboard_it_is_off_whatever_env_says(self, fox: Client, settings: Any) -> None:
        settings.OBS_ENABLED = True
        fox.post(OBS, {**self.form, "enabled": "false"})
        assert not address.options().enabled
        assert "OBS is switched off: effects that need it fail" in fox.get(OBS).text

    @pytest.mark.parametrize("port", ["0", "65536", "-1", "abc"])
    def test_a_port_that_does_not_exist_is_refused(self, fox: Client, port: str) -> None:
        assert fox.post(OBS, {**self.form, "port": port}).status_code == 200
        assert OBSConnection.objects.get().port is None

    def test_a_host_is_shown_as_text(self, fox: Client) -> None:
        fox.post(OBS, {**self.form, "enabled": "true", "host": "<b>host</b>"})
        page = fox.get(OBS).text
        assert "looks for OBS at &lt;b&gt;host&lt;/b&gt;:4455." in page and "<b>host" not in page

    def test_a_password_that_cannot_be_read_any_more_is_said_so(self, fox: Client, settings: Any) -> None:
        fox.post(OBS, {**self.form, "new_password": "s3cret"})
        settings.SECRET_KEY = "another one, of more than enough characters"
        fox.force_login(get_user_model().objects.get())  # the session was signed with the old key
        assert "SECRET_KEY has changed" in fox.get(OBS).text

    def test_there_is_always_one_row(self, fox: Client) -> None:
        assert fox.get("/admin/effects/obsconnection/add/").status_code == 403
        answer = fox.get("/admin/effects/obsconnection/")
        assert answer.status_code == 302 and answer["Location"] == OBS
        assert fox.post("/admin/effects/obsconnection/1/delete/", {"post": "yes"}).status_code == 403
        assert OBSConnection.objects.count() == 1

    def test_the_test_button_tries_a_connection_that_is_switched_off(self, fox: Client, free_port: int) -> None:
        form = {**self.form, "enabled": "false", "host": "127.0.0.1", "port": str(free_port)}
        fox.post(OBS, form)
        page = fox.post("/admin/effects/obsconnection/1/test/", follow=True).text
        assert "nothing answers there" in page

    def test_a_helper_who_may_only_view_tries_nothing(self, helper: Callable[..., Client]) -> None:
        client = helper("view_obsconnection")
        assert client.get(OBS).status_code == 200
        assert client.post("/admin/effects/obsconnection/1/test/").status_code == 403
        client.post(OBS, {**self.form, "new_password": "mine"})
        assert OBSConnection.objects.get().password == ""

    def test_a_link_tries_nothing(self, fox: Client) -> None:
        assert fox.get("/admin/effects/obsconnection/1/test/").status_code == 403


def test_effect_fields_offer_sounds_and_items_though_obs_is_away(fox: Client, settings: Any, free_port: int) -> None:
    settings.OBS_ENABLED, settings.OBS_HOST, settings.OBS_PORT = True, "127.0.0.1", free_port
    Sound.objects.create(name="ding", file="sounds/x.wav", content_type="audio/wav")
    Item.objects.create(key="hat", name="A hat")
    offered = fox.get("/admin/effects/obsconnection/names/").json()
    kinds = {"saved", "sound", "media", "item", "voice", "osc_target", "webhook_target"}
    assert (offered["sound"], offered["item"], set(offered)) == (["ding"], ["hat"], kinds)
    assert ["gmw/de", "German, de"] in offered["voice"]["options"] or sys.platform != "linux"


def test_names_are_for_staff_who_may_name_effects(client: Client, helper: Callable[..., Client]) -> None:
    names = "/admin/effects/obsconnection/names/"
    assert client.get(names).status_code == 302
    who = helper("view_redeem", "view_obsconnection", "change_viewer")
    assert who.get(names).status_code == 403
    user = get_user_model().objects.get(username="helper")
    user.user_permissions.add(Permission.objects.get(codename="change_reaction"))
    assert who.get(names).status_code == 200


class TestWidgets:
    """The widgets on an overlay's page, in plain fields."""

    def form(self, overlay: Overlay, *new: dict[str, Any]) -> dict[str, Any]:
        """Return the form of an overlay without its first widgets, with these new ones."""
        overlay.widgets.all().delete()
        fields: dict[str, Any] = {"name": overlay.name, "theme": "calm", "format": "wide", "sound": "on"}
        fields |= {"widgets-TOTAL_FORMS": len(new), "widgets-INITIAL_FORMS": 0}
        default = {
            "enabled": "on",
            "x": 0,
            "y": 0,
            "width": 100,
            "height": 100,
            "order": 0,
            "scale": 1,
            "options": "{}",
        }
        for at, one in enumerate(new):
            fields |= {f"widgets-{at}-{name}": value for name, value in {**default, **one}.items()}
        return fields

    def test_a_new_one_has_the_place_and_name_of_its_kind_unless_they_are_chosen(self, fox: Client) -> None:
        overlay = Overlay.objects.create(name="Main")
        options = '{"counts": "tokens", "milestones": [{"at": 5, "label": "a song"}]}'
        form = self.form(overlay, {"kind": "goal", "options": options}, {"kind": "goal", "name": "second", "x": 5})
        assert fox.post(f"{OVERLAYS}{overlay.pk}/change/", form).status_code == 302
        first, second = overlay.widgets.order_by("id")
        assert (first.name, first.x, first.y, first.width) == ("goal", 30, 3, 34)
        assert first.options["milestones"] == [{"at": 5, "label": "a song"}]
        assert (second.name, second.x, second.width) == ("second", 5, 100)

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"options": '{"target": 0}'}, "target: Input should be greater than or equal to 1."),
            ({"options": "no JSON"}, "Enter a valid JSON."),
            ({"x": 101}, "less than or equal to 100"),
            ({"scale": 0}, "greater than or equal to 0.25"),
            ({"kind": "gone"}, "Select a valid choice"),
            ({"name": "a b"}, "Enter a valid “slug”"),
        ],
    )
    def test_what_does_not_fit_is_refused_beside_its_field(self, fox: Client, wrong: Any, words: str) -> None:
        overlay = Overlay.objects.create(name="Main")
        page = fox.post(f"{OVERLAYS}{overlay.pk}/change/", self.form(overlay, {"kind": "goal", **wrong}))
        assert words in page.text and not overlay.widgets.exists()

    def test_two_of_one_name_are_refused(self, fox: Client) -> None:
        overlay = Overlay.objects.create(name="Main")
        page = fox.post(f"{OVERLAYS}{overlay.pk}/change/", self.form(overlay, {"kind": "goal"}, {"kind": "goal"}))
        assert (
            page.status_code == 200
            and "correct the duplicate data for name" in page.text
            and not overlay.widgets.exists()
        )

    def test_who_may_change_overlays_may_change_their_widgets_and_who_may_see_them_may_not(
        self, helper: Callable[..., Client]
    ) -> None:
        overlay = Overlay.objects.create(name="Main")
        client = helper("view_overlay")
        assert "widgets-0-x" not in client.get(f"{OVERLAYS}{overlay.pk}/change/").text
        assert client.post(f"{OVERLAYS}{overlay.pk}/change/", self.form(overlay, {"kind": "goal"})).status_code == 403

    def test_credits_need_a_place(self, fox: Client, woken: list[str]) -> None:
        overlay = Overlay.objects.create(name="Main")
        form = {"action": "roll_credits", "_selected_action": overlay.pk}
        assert "No open overlay has a widget “Credits”." in fox.post(OVERLAYS, form, follow=True).text
        pages.opened("page", overlay)
        overlay.widgets.create(kind="credits", name="credits")
        assert "The credits begin." in fox.post(OVERLAYS, form, follow=True).text
        assert QueueItem.objects.get().kind == "credits"

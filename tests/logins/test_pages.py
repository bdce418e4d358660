"""What each role may see and do: each page, action and button of the dashboard is asked, and `docs/roles.md` compared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import transaction
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, reverse
from django.utils.text import capfirst
from pytest_django import Settings

from pixelbot_site import urls
from pixelbot_site.logins import roles
from pixelbot_site.sections import NAMES, SECTIONS
from tests.logins.document import documented
from tests.logins.rows import make_rows

pytestmark = [pytest.mark.django_db, pytest.mark.journey]  # every page, action and button, as each role


class Button(NamedTuple):
    """An address of a page's own: what `docs/roles.md` calls it, and how it is asked."""

    name: str
    method: str = "post"
    arguments: tuple[Any, ...] = ()  # ROW stands for the row's id


ROW = object()
BRING = "Bring the original Pixel along"
BUTTONS = {
    "effects_queue_panic": Button("panic"),
    "effects_queue_calm": Button("go on"),
    "effects_queue_lane": Button("pause, resume, skip and clear lanes", arguments=("tts", "pause")),
    "effects_queue_item": Button("approve", arguments=(ROW, "approve")),
    "effects_purchase_give_back": Button("give back", arguments=(1,)),
    "economy_viewer_find": Button("see", "get"),
    "economy_viewer_reverse": Button("change balances", arguments=(ROW, "points", 1)),
    "effects_media_file": Button("preview", "get", (ROW,)),
    "effects_sound_file": Button("hear", "get", (ROW,)),
    "effects_hear": Button("hear a voice"),
    "effects_heard": Button("hear a voice", "get", (UUID(int=1),)),
    "effects_prize_wheel": Button("change"),
    "effects_overlay_drafts": Button("change"),
    "effects_obs_test": Button("test"),
    "effects_osc_test": Button("test", arguments=(ROW,)),
    "effects_webhook_try": Button("try", arguments=(ROW,)),
    "effects_ai_try": Button("try"),
    "effects_names": Button("names for effects", "get"),
    "redeems_redeem_use": Button("use", arguments=(ROW,)),
    "economy_viewer_import": Button("import", "get"),
    "economy_viewer_process_import": Button("import"),
    "economy_viewer_export": Button("export", "get"),
    "economy_batch_run": Button("run", arguments=(ROW,)),
    "economy_batch_reverse": Button("reverse", arguments=(ROW,)),
    "joystick_inboundevent_run_again": Button("run its effects again", arguments=(ROW,)),
    "joystick_inboundevent_moderate": Button("delete and mute", arguments=(ROW, "delete")),
    "joystick_inboundevent_moderate_viewer": Button("delete and mute", arguments=(1, "unmute")),
    "joystick_chatfilter_banned_words": Button("banned words", "get"),
    "joystick_reaction_move": Button("move", arguments=(ROW, "up")),
    "joystick_install_connect": Button("connect"),
    "joystick_install_callback": Button("connect", "get"),
    "joystick_install_try": Button("try now"),
    "joystick_install_disconnect": Button("disconnect", arguments=(ROW,)),
    "auth_user_password_change": Button("set password", "get", (ROW,)),
}
# What AdminSite itself has. It shows each only what they may see.
FOR_ALL_STAFF = {
    *("index", "login", "logout", "password_change", "password_change_done", "jsi18n", "app_list", "autocomplete"),
    *("view_on_site", None),
}

# What the site has beside the dashboard and the API, and who may use it.
OTHER_ADDRESSES = {
    "backups": "tested below",
    "bring": "tested below, as the settings",
    "backup": "tested below",
    **dict.fromkeys(("settings", "recompute-levels"), "tested below"),
    **dict.fromkeys(("guide-points", "guide-application", "guide-skip"), "tested below, as the settings"),
    "simulate": "who may steer the queue: tests/joystick/test_sandbox.py",
    "chat": "who may see built-in commands: tests/joystick/test_chat_panel.py",
    "charts": "who may see streams: tests/house/test_charts.py",
    "dock": "all staff, each with what they may see: tests/house/test_dock.py",
    "tippers": "who may see streams and viewers: tests/house/test_tonight.py",
    "give-points": "who may change points: tests/house/test_quick_actions.py",
    "say-a-line": "who may steer the queue: tests/house/test_lamps.py",
    "start-link": "whoever has the link",
    "metrics": "whoever has METRICS_TOKEN: tests/house/test_metrics.py",
    "invitation": "whoever has the address",
    **dict.fromkeys(
        (
            "overlay",
            "overlay-speech",
            "overlay-pre-sound",
            "overlay-sound",
            "overlay-tried-sound",
            "overlay-media",
            "overlay-widget",
        ),
        "whoever has the address",
    ),
}


@pytest.fixture
def rows(settings: Settings) -> dict[str, Model]:
    settings.OBS_ENABLED = False
    cache.clear()
    return make_rows()


def status(client: Client, method: str, url: str, form: Any = None, *, follow: bool = False) -> int:
    """Ask, and undo what it did."""
    with transaction.atomic():
        answer = getattr(client, method)(url, form or {}, follow=follow)
        transaction.set_rollback(True)
    assert "/login/" not in answer.get("Location", "")
    return int(answer.status_code)


def is_allowed(client: Client, method: str, url: str, form: Any = None) -> bool:
    code = status(client, method, url, form)
    assert code in (200, 302, 400, 403, 404, 405), (url, code)
    return code != 403


class Page:
    """The pages of one model, asked by one browser."""

    def __init__(self, client: Client, page: ModelAdmin[Any], row: Model) -> None:
        self.client, self.page, self.row = client, page, row
        self.base = f"admin:{row._meta.app_label}_{row._meta.model_name}"
        self.list = reverse(f"{self.base}_changelist")

    def one(self, name: str) -> str:
        return reverse(f"{self.base}_{name}", args=[self.row.pk])

    def done_here(self) -> Iterator[str]:
        """Yield what the browser may see and do."""
        sees = status(self.client, "get", self.list, follow=True) == 200
        assert sees == (status(self.client, "get", self.one("change")) == 200)
        assert sees == (status(self.client, "get", self.one("history")) == 200)
        verbs = {
            "see": sees,
            "add": is_allowed(self.client, "get", reverse(f"{self.base}_add")),
            "change": is_allowed(self.client, "post", self.one("change")),
            "delete": is_allowed(self.client, "get", self.one("delete")),
        }
        assert verbs["add"] == is_allowed(self.client, "post", reverse(f"{self.base}_add"))
        assert verbs["delete"] == is_allowed(self.client, "post", self.one("delete"))
        yield from (verb for verb, allowed in verbs.items() if allowed)
        for action in actions(self.page):
            if self.offers(action):
                yield named(action)
            else:
                assert self.is_ignored(action), action
        yield from {self.button(url).name for url in own_urls(self.page) if self.presses(url)}

    def offers(self, action: str) -> bool:
        """Return whether the list offers the action; then it is done."""
        if f'<option value="{action}">' not in self.client.get(self.list, follow=True).text:
            return False
        return is_allowed(self.client, "post", self.list, self.chosen(action))

    def is_ignored(self, action: str) -> bool:
        """Return whether the action, sent without being offered, leaves the row as it was."""
        found = type(self.row)._default_manager.filter(pk=self.row.pk).values()
        before = found.get()
        self.client.post(self.list, self.chosen(action))
        return found.get() == before

    def chosen(self, action: str) -> dict[str, Any]:
        return {"action": action, "_selected_action": self.row.pk}

    def button(self, url: URLPattern) -> Button:
        assert url.name in BUTTONS, f"{url.name} is not among the BUTTONS of this test"
        return BUTTONS[url.name]

    def presses(self, url: URLPattern) -> bool:
        button = self.button(url)
        arguments = [self.row.pk if argument is ROW else argument for argument in button.arguments]
        return is_allowed(self.client, button.method, reverse(f"admin:{url.name}", args=arguments))


def actions(page: ModelAdmin[Any]) -> list[str]:
    """Return the names of all actions of a page."""
    return [*(str(action) for action in page.actions or ()), *(name for name, _ in admin.site.actions)]


def named(action: str) -> str:
    return "delete" if action == "delete_selected" else action.replace("_", " ")


def own_urls(page: ModelAdmin[Any]) -> list[URLPattern]:
    """Return a page's addresses beyond those that each has."""
    base = f"{page.model._meta.app_label}_{page.model._meta.model_name}"
    usual = {None, *(f"{base}_{name}" for name in ("changelist", "add", "history", "delete", "change"))}
    return [url for url in page.get_urls() if url.name not in usual]


def title(page: ModelAdmin[Any]) -> str:
    meta = page.model._meta
    return NAMES.get(meta.label_lower, capfirst(str(meta.verbose_name_plural)))


def test_the_document_has_each_page_once_in_the_order_of_the_dashboard() -> None:
    pages = {model._meta.label_lower: title(page) for model, page in admin.site._registry.items()}
    in_order = [pages[label] for labels in SECTIONS.values() for label in labels]
    assert list(documented(roles.OWNER)) == [*in_order, "Settings", BRING, "Backups", "The API's scopes"]


def test_each_role_may_see_and_do_what_the_document_says(client: Client, role: str, rows: dict[str, Model]) -> None:
    expected = documented(role)
    for model, page in admin.site._registry.items():
        done = set(Page(client, page, rows[model._meta.label_lower]).done_here())
        assert done == expected[title(page)], (role, title(page), sorted(done))


def test_backups_are_for_the_owner(client: Client, role: str) -> None:
    allowed = "see" in documented(role)["Backups"]
    assert (status(client, "get", reverse("backups")) == 200) == allowed
    assert (status(client, "get", reverse("backup", args=["none.zip"])) == 404) == allowed
    assert ("/admin/backups/" in client.get("/admin/").text) == allowed


def test_settings_are_for_owners_and_managers(client: Client, role: str) -> None:
    expected = documented(role)["Settings"]
    page = client.get(reverse("settings"))
    assert (page.status_code == 200) == ("see" in expected)
    for name, arguments in (
        ("settings", []),
        ("recompute-levels", []),
        ("guide-points", []),
        ("guide-skip", ["voice"]),
    ):
        assert is_allowed(client, "post", reverse(name, args=arguments)) == ("change" in expected)
    assert documented(role)[BRING] == ({"see", "bring over", "undo"} if "change" in expected else set())
    for method in ("get", "post"):
        assert is_allowed(client, method, reverse("bring")) == ("change" in expected)
    # Whoever may not connect the channel does not choose the application either.
    connects = "connect" in documented(role)["Channels"]
    assert is_allowed(client, "post", reverse("guide-application")) == connects
    assert ("JOYSTICK_CLIENT_ID" in page.text) == connects


def test_the_pages_that_are_no_models_are_for_all_staff(client: Client, rows: dict[str, Model]) -> None:
    own = {url.name for page in admin.site._registry.values() for url in page.get_urls()}
    others = {url.name for url in admin.site.get_urls() if isinstance(url, URLPattern)} - own
    assert others <= FOR_ALL_STAFF
    for name in ("index", "password_change", "jsi18n"):
        assert status(client, "get", reverse(f"admin:{name}")) == 200
    # “View on site” asks for no permission: it must lead nowhere.
    for row in rows.values():
        kind = ContentType.objects.get_for_model(row).pk
        assert status(client, "get", reverse("admin:view_on_site", args=[kind, row.pk])) == 404


def test_no_other_address_of_the_site_is_forgotten_here() -> None:
    assert {getattr(url, "name", None) for url in urls.urlpatterns} <= {None, *OTHER_ADDRESSES}

"""The dashboard's index has each model once, in the streamer's words, and shows each only to who may see it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils.text import slugify

from economy.models import Viewer
from pixelbot_site.sections import SECTIONS

pytestmark = pytest.mark.django_db

SECTION_OF = {label: section for section, labels in SECTIONS.items() for label in labels}


def sections_of(page: str) -> list[str]:
    index = page.partition('id="content"')[2]
    return re.findall(r'class="section"[^>]*>\s*([^<]+?)\s*</a>', index)


def test_each_model_of_the_dashboard_is_in_one_section() -> None:
    named = [label for labels in SECTIONS.values() for label in labels]
    assert sorted(named) == sorted(model._meta.label_lower for model in admin.site._registry)


def test_the_index_begins_with_tonight_and_ends_with_logins(admin_client: Client) -> None:
    assert sections_of(admin_client.get("/admin/").text) == list(SECTIONS)


def test_staff_see_the_sections_in_which_they_may_see_something() -> None:
    mo = get_user_model().objects.create_user("mo", password="x", is_staff=True)
    mo.user_permissions.add(Permission.objects.get(codename="view_queueitem"))
    browser = Client()
    browser.force_login(mo)
    assert sections_of(browser.get("/admin/").text) == ["Tonight"]


def test_an_apps_own_page_still_lists_its_models(admin_client: Client) -> None:
    page = admin_client.get("/admin/economy/").text
    assert "Viewers" in page and "Queue items" not in page.partition('id="content"')[2]


@pytest.mark.parametrize("language", ["en", "de"])
def test_pages_stand_below_their_section_and_not_below_their_app(
    admin_client: Client, viewer: Callable[..., Viewer], settings: Any, language: str
) -> None:
    settings.DASHBOARD_LANGUAGE = language
    own = reverse("admin:economy_viewer_change", args=[viewer("Bob").pk])
    pages = [(label, reverse(f"admin:{label.replace('.', '_')}_changelist")) for label in SECTION_OF]
    pages += [
        ("economy.viewer", own),
        ("economy.viewer", own.replace("change", "history")),
        ("effects.sound", "/admin/effects/sound/add/"),
    ]
    pages = [(label, address) for label, address in pages if label != "admin.logentry"]  # a page of our own
    for label, address in pages:
        page = admin_client.get(address, follow=True).text
        trail = page.partition('class="breadcrumbs"')[2].partition("</div>")[0]
        section = SECTION_OF[label]
        assert f'<a href="/admin/#{slugify(section)}">{section}</a>' in trail, address
        assert 'href="/admin/' + label.partition(".")[0] + '/"' not in trail

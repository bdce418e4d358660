"""The dashboard's index has each model once, in the streamer's words, and shows each only to who may see it."""

from __future__ import annotations

import re

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from pixelbot_site.sections import SECTIONS

pytestmark = pytest.mark.django_db


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

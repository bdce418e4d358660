"""The panel *Chat* lists all that answers a word after !, shows each to who may see it, and tries lines."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from economy.models import Viewer
from effects.models import QueueItem
from joystick.chat import built_in
from joystick.models import Counter, CustomCommand, InboundEvent
from redeems import purchase

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rows() -> None:
    built_in.seed()
    purchase.seed()
    CustomCommand.objects.create(word="hug", aliases="cuddle", answers="{user} hugs {1|all} <b>", cost=5)
    Counter.objects.create(name="Deaths", value=4)


def test_all_words_are_in_one_list(admin_client: Client) -> None:
    page = admin_client.get("/admin/chat/").text
    words = re.findall(r'<th scope="row"><a href="[^"]+">!(\w+)</a>', page)
    assert words == sorted(words) and {"points", "hug", "deaths", "tts"} <= set(words)
    assert "!cuddle" in page and "“{user} hugs {1|all} &lt;b&gt;”" in page and "stands at 4" in page
    assert '<a href="/admin/chat/">Chat</a>' in admin_client.get("/admin/").text


def test_a_line_is_tried_and_nothing_is_left_of_it(
    admin_client: Client, viewer: Callable[..., Viewer], stage: None
) -> None:
    viewer("Bob", points=50)
    page = admin_client.post("/admin/chat/", {"who": "Bob", "line": "!hug Ann"}).text
    assert "Said in chat: “Bob hugs Ann &lt;b&gt;”" in page and "Bob: -5 points" in page
    assert CustomCommand.objects.get().uses == 0
    assert not InboundEvent.objects.exists() and not QueueItem.objects.exclude(tried_by="admin").exists()


def test_staff_see_what_they_may_see_and_try_where_they_may(client: Client) -> None:
    mo = get_user_model().objects.create_user("mo", password="x", is_staff=True)
    client.force_login(mo)
    assert client.get("/admin/chat/").status_code == 403
    mo.user_permissions.add(Permission.objects.get(codename="view_builtincommand"))
    page = client.get("/admin/chat/").text
    assert "!points" in page and "!hug" not in page and "!tts" not in page and "Try" not in page
    assert "rehearsal" not in client.post("/admin/chat/", {"who": "Bob", "line": "!points"}).text

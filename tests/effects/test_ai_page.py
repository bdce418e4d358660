"""The page *AI replies*: a key that is shown nowhere and goes nowhere else, what was used, and *Try*."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.forms.models import model_to_dict
from django.test import Client

from effects.models import AIReplies, AIUsage
from effects.outside.replies import options
from pixelbot_site.kit import secrets_at_rest
from tests.effects.ai_server import AIServer, running, says, sends

PAGE, TRY = "/admin/effects/aireplies/1/change/", "/admin/effects/aireplies/1/try/"
KEY = "sk-hush-0123456789"

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def server() -> Iterator[AIServer]:
    with running() as made:
        yield made


@pytest.fixture
def fox(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("fox", password="x"))
    cache.clear()
    return client


def saved(client: Client, **fields: Any) -> str:
    """Post the form as the page has it, with these changes; return the mistakes, "" where it was saved."""
    row, _ = AIReplies.objects.get_or_create(pk=1)
    shown = {name: value for name, value in model_to_dict(row).items() if value not in (None, False)}
    answer = client.post(PAGE, {**shown, **{name: value for name, value in fields.items() if value is not None}})
    return "" if answer.status_code == 302 else str(answer.context["adminform"].form.errors)


def test_the_key_is_sealed_and_shown_nowhere(fox: Client) -> None:
    assert saved(fox, new_key=KEY, enabled="on") == ""
    row = AIReplies.objects.get()
    assert KEY not in row.key and secrets_at_rest.unseal(row.key) == KEY and options.current().key() == KEY
    page = fox.get(PAGE).content.decode()
    assert KEY not in page and row.key not in page and "••••" in page
    assert not LogEntry.objects.filter(change_message__contains=KEY).exists()
    assert saved(fox, persona="Be brief.") == "" and AIReplies.objects.get().key == row.key
    assert saved(fox, forget_key="on") == "" and AIReplies.objects.get().key == ""


def test_a_stored_key_follows_to_no_other_host(fox: Client) -> None:
    saved(fox, new_key=KEY)
    for address in ("https://evil.example/v1", "http://127.0.0.1:1/v1", "https://api.perplexity.ai:8443"):
        assert "leads to another host" in saved(fox, address=address, model="x")
    assert saved(fox, address="https://api.perplexity.ai/v1", model="x") == ""
    assert saved(fox, address="https://other.example/v1", model="x", new_key="other") == ""
    assert options.current().key() == "other"
    assert "leads to another host" in saved(fox, address="")
    assert saved(fox, address="", forget_key="on") == ""


WRONG = [
    ({"address": "http://8.8.8.8/v1", "model": "x"}, "address must begin with https"),
    ({"address": "ftp://127.0.0.1", "model": "x"}, "address is wrong"),
    ({"address": "http://127.0.0.1:11434/v1", "model": ""}, "Name the model."),
    ({"new_key": "two words"}, "no spaces"),
    ({"new_key": "schlüssel"}, "no spaces"),
    ({"random_percent": "101"}, "less than or equal to 100"),
    ({"random_pause": "1"}, "greater than or equal to 10"),
    ({"tokens_per_day": "-1"}, "greater than or equal to 0"),
    ({"seconds": "900"}, "less than or equal to 60"),
    ({"max_tokens": "5"}, "greater than or equal to 16"),
]


def test_wrong_values_are_refused_beside_their_field(fox: Client) -> None:
    for fields, sentence in WRONG:
        assert sentence in saved(fox, **fields), fields
        assert fields.keys() <= {"model", "address", *fields}
    assert AIReplies.objects.get().address == ""


def test_what_was_used_is_shown_of_each_limit(fox: Client, server: AIServer) -> None:
    saved(fox, address=server.address, model="small", requests_per_day="17", tokens_per_day="9000")
    server.answer = says("**Hello** there. <script>alert(1)</script>", usage={"total_tokens": 43})
    tried = fox.post(TRY, {"text": "hi"}, follow=True).content.decode()  # also while it is off
    assert "tokens: 43): Hello there. alert(1)" in tried
    assert "<td>1 of 17</td><td>43 of 9000</td>" in tried
    assert server.heard[-1][2]["messages"][1]["content"] == "hi"
    assert LogEntry.objects.filter(change_message="Tried it.").count() == 1
    assert "Wait 2 seconds" in fox.post(TRY, {"text": "hi"}, follow=True).content.decode()
    assert len(server.heard) == 1
    cache.clear()
    server.answer = sends(401, b'{"error": "<b>no</b>"}')
    answer = fox.post(TRY, {"text": "hi"}, follow=True).content.decode()
    assert "It did not work: the AI&#x27;s server answered 401." in answer
    cache.clear()
    AIUsage.objects.update(requests=17)
    answer = fox.post(TRY, {"text": "hi"}, follow=True).content.decode()
    assert "the AI has said enough for today" in answer and len(server.heard) == 2


def test_who_may_only_see_it_can_neither_try_nor_change_it(staff: Callable[..., Client]) -> None:
    manager = staff("view_aireplies")
    page = manager.get(PAGE)
    assert page.status_code == 200 and b'value="Try"' not in page.content
    assert manager.post(TRY, {"text": "hi"}).status_code == 403
    assert manager.post(PAGE, {"enabled": "on"}).status_code == 403
    assert manager.get(TRY).status_code == 403


def test_with_another_secret_key_the_page_says_what_to_do(fox: Client, settings: Any) -> None:
    saved(fox, new_key=KEY)
    user = get_user_model().objects.get()
    settings.SECRET_KEY = "another one, of more than enough characters"
    fox.force_login(user)
    assert "because SECRET_KEY has changed" in fox.get(PAGE).content.decode()

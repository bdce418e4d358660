"""What a copy of the database tells somebody who has nothing else of the bot's."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.test import Client

from effects.models import AIReplies, OBSConnection, WebhookTarget
from joystick.models import Install
from pixelbot_site.kit.secrets_at_rest import seal
from pixelbot_site.models import ApiToken

pytestmark = pytest.mark.django_db


def everything() -> str:
    """Every value of every row of every table, as text."""
    return repr([list(model._default_manager.values_list()) for model in apps.get_models(include_auto_created=True)])


def test_no_password_and_no_token_can_be_read_in_it(client: Client, settings: Any) -> None:
    fox = get_user_model().objects.create_superuser("fox", password="hush-password")
    client.login(username="fox", password="hush-password")
    Install.objects.create(channel_id="c", username="Fox", access_token=seal("hush-access"), refresh_token=seal("hush"))
    form = {"enabled": "true", "host": "", "port": "", "new_password": "hush-obs"}
    client.get("/admin/effects/obsconnection/1/change/")
    client.post("/admin/effects/obsconnection/1/change/", form)
    assert OBSConnection.objects.get().password
    settings.WEBHOOK_ADDRESSES = ["https://example.org/"]
    lamp = {
        "name": "Lamp",
        "url": "https://example.org/",
        "method": "POST",
        "new_headers": "Authorization: hush-header",
    }
    client.post("/admin/effects/webhooktarget/add/", lamp)
    assert WebhookTarget.objects.get().headers
    ai = {"new_key": "hush-key", "persona": "Be kind.", "random_pause": 60}
    ai |= {f"{what}_per_{span}": 1 for what in ("requests", "tokens") for span in ("stream", "day")}
    client.get("/admin/effects/aireplies/1/change/")
    client.post("/admin/effects/aireplies/1/change/", ai)
    assert AIReplies.objects.get().key
    token = ApiToken(name="deck", scopes=["read"], owner=fox)
    made = token.make()
    token.save()
    assert "fox" in everything()
    assert "hush" not in everything() and made.removeprefix("pxb_") not in everything()
    assert settings.SECRET_KEY not in everything()


def test_a_new_password_ends_the_sessions_whose_keys_are_in_it(client: Client) -> None:
    fox = get_user_model().objects.create_superuser("fox", password="before")
    client.force_login(fox)
    assert str(client.session.session_key) in everything()
    assert client.get("/admin/").status_code == 200
    fox.set_password("after")
    fox.save()
    assert client.get("/admin/").status_code == 302

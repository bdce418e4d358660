"""An open page ends with its login, and is shown what its owner may see by now."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.test import Client

from pixelbot_site.asgi import application
from pixelbot_site.index import live

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(live, "CHECK_EVERY", 0.2)


@pytest.fixture
def mo() -> User:
    return User.objects.create_user("mo", password="x", is_staff=True)


@asynccontextmanager
async def open_page(user: User) -> AsyncIterator[tuple[WebsocketCommunicator, Client]]:
    browser = Client()
    await sync_to_async(browser.force_login)(user)
    cookie = f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"
    headers = [(b"host", b"localhost"), (b"origin", b"http://localhost"), (b"cookie", cookie.encode())]
    socket = WebsocketCommunicator(application, "/admin/live/index/", headers)
    connected, _ = await socket.connect()
    assert connected
    yield socket, browser
    await socket.disconnect()


async def closed(socket: WebsocketCommunicator) -> bool:
    for _ in range(50):
        if (await socket.receive_output(5))["type"] == "websocket.close":
            return True
    return False


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_staff": False}])
async def test_it_ends_for_who_is_no_longer_staff(mo: User, change: dict[str, Any]) -> None:
    async with open_page(mo) as (socket, _):
        await sync_to_async(User.objects.filter(pk=mo.pk).update)(**change)
        assert await closed(socket)


async def test_it_ends_with_the_log_out(mo: User) -> None:
    async with open_page(mo) as (socket, browser):
        await sync_to_async(browser.logout)()
        assert await closed(socket)


async def test_a_permission_that_is_given_shows_its_part(mo: User) -> None:
    async with open_page(mo) as (socket, _):
        assert json.loads(await socket.receive_from(5)).keys() == {"lamps"}
        await sync_to_async(mo.user_permissions.add)(
            await sync_to_async(Permission.objects.get)(codename="view_inboundevent")
        )
        parts: set[str] = set()
        for _ in range(20):
            parts |= json.loads(await socket.receive_from(5)).keys()
            if "feed" in parts:
                break
        assert "feed" in parts


async def test_a_broken_look_does_not_end_the_updates(mo: User, monkeypatch: pytest.MonkeyPatch) -> None:
    real, failures = live._Look.changed, [ValueError("broken")]

    def changed(look: Any, views: Any) -> Any:
        if failures:
            raise failures.pop()
        return real(look, views)

    monkeypatch.setattr(live._Look, "changed", changed)
    async with open_page(mo) as (socket, _):
        assert "lamps" in json.loads(await socket.receive_from(5))

"""Guessing passwords and tokens becomes slow, and is logged."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from pytest_django import Settings

from pixelbot_site import setup
from pixelbot_site.kit.api import Scope
from pixelbot_site.logins import guesses
from tests.processes import wait_until


@pytest.fixture(params=["locmem", "redis"])
def counts(request: pytest.FixtureRequest, settings: Settings) -> Iterator[None]:
    """An empty cache of either sort."""
    if request.param == "redis":
        url = request.getfixturevalue("redis_url")
        settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": url}}
    cache.clear()
    yield
    cache.clear()


def log_in(name: str, password: str, address: str = "192.0.2.1") -> str:
    """The page after the login form; empty where one is let in."""
    answer = Client(REMOTE_ADDR=address).post("/admin/login/", {"username": name, "password": password})
    return "" if answer.status_code == 302 else answer.content.decode()


@pytest.mark.usefixtures("counts")
@pytest.mark.journey
def test_after_five_wrong_passwords_the_right_one_must_wait_too(
    owner: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(5):
        assert "Please enter the correct username and password" in log_in("fox", "wrong")
    assert "Too many wrong passwords. Try again in 15 s." in log_in("fox", "x")
    assert "Too many wrong passwords" in log_in("FOX", "x", address="192.0.2.2")  # the name
    assert "Too many wrong passwords" in log_in("badger", "x")  # the address
    assert log_in("badger", "x", address="192.0.2.2").count("correct username")  # neither
    assert "a wrong password from 192.0.2.1 (5 in a row)" in caplog.text


@pytest.mark.usefixtures("counts")
@pytest.mark.journey
def test_the_wait_ends_grows_and_is_forgotten_after_the_right_password(
    owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guesses, "FIRST_WAIT", 2)
    for _ in range(5):
        log_in("fox", "wrong")
    wait_until(lambda: "correct username" in log_in("fox", "wrong"), "another try", within=10)
    assert re.search("Try again in [34] s.", log_in("fox", "x"))  # seconds of a slow machine may have passed
    wait_until(lambda: log_in("fox", "x") == "", "the login", within=10)
    assert "correct username" in log_in("fox", "wrong")
    assert log_in("fox", "x") == ""


@pytest.mark.usefixtures("counts")
def test_wrong_tokens_are_throttled_and_right_ones_are_not(
    call: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    statuses = [call("get", "/redeems", bearer=f"pxb_{number}").status_code for number in range(22)]
    assert statuses == [401] * 20 + [429] * 2
    assert call("get", "/redeems").status_code == 200
    assert caplog.text.count("wrong API tokens in a minute from 127.0.0.1") == 1


def test_the_scope_is_asked_before_the_body_is_read(call: Callable[..., Any], token: Callable[..., str]) -> None:
    for body in ("no json", {"delta": "nonsense"}):
        assert call("post", "/viewers/1/points", body, bearer=token(Scope.READ)).status_code == 403


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("password", "reason"),
    [("short", "This password is too short."), ("password1", "too common"), ("streamers", "too similar")],
)
def test_a_password_that_is_easily_guessed_stops_the_first_start(
    settings: Settings, password: str, reason: str
) -> None:
    settings.ADMIN_USERNAME, settings.ADMIN_PASSWORD = "streamer", password
    with pytest.raises(ImproperlyConfigured, match=rf"^ADMIN_PASSWORD can't be used\. .*{reason}"):
        setup.prepare()

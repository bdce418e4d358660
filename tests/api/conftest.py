"""Callers of the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client

from pixelbot_site.kit.api import Scope
from pixelbot_site.models import ApiToken


@pytest.fixture(autouse=True)
def forget_callers() -> None:
    """Count requests anew: the tokens of each test have the ids of those of the test before."""
    cache.clear()


@pytest.fixture
def owner(db: None) -> Any:
    """The streamer's login."""
    return get_user_model().objects.create_superuser("fox", password="x")


@pytest.fixture
def token(owner: Any) -> Callable[..., str]:
    """Makes tokens: `token(Scope.READ)`; without a scope, one with all."""

    def make(*scopes: Scope) -> str:
        row = ApiToken(name=f"token {ApiToken.objects.count()}", scopes=list(scopes or Scope), owner=owner)
        made = row.make()
        row.save()
        return made

    return make


@pytest.fixture
def call(token: Callable[..., str]) -> Callable[..., Any]:
    """`call("get", "/viewers")` with a token that may everything, or with `bearer`."""
    everything = token()

    def ask(method: str, path: str, body: Any = None, *, bearer: str | None = everything) -> Any:
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        client = Client(headers=headers)
        more = {} if body is None else {"data": body, "content_type": "application/json"}
        return getattr(client, method)(f"/admin/api{path}", **more)

    return ask

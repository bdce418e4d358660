"""Staff with one role each, and what `docs/roles.md` says of it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from pixelbot_site.logins import roles
from pixelbot_site.models import Role


@pytest.fixture(params=roles.ROLES)
def client(request: pytest.FixtureRequest) -> Client:
    """The browser of somebody who has one role."""
    user = User.objects.create_user(f"a {request.param}", password="x", is_staff=True)
    group = Role.objects.get(key=request.param).group
    assert group is not None
    user.groups.add(group)
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.fixture
def role(client: Client, request: pytest.FixtureRequest) -> str:
    return str(request.node.callspec.params["client"])

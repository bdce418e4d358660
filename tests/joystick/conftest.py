"""The platform's web side, for what talks to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from joystick.account import authorize, oauth
from joystick.models import Install
from joystick.settings_table import SCOPES
from joystick.simulator.accounts import Accounts
from joystick.simulator.site import Site

BACK = "http://127.0.0.1:8000/admin/joystick/install/callback/"


@pytest.fixture
def is_public() -> bool:
    """Tests of both kinds of client parametrize this."""
    return False


@pytest.fixture
def site(settings: Any, is_public: bool) -> Iterator[Site]:
    """A running platform, and the settings that point at it."""
    accounts = Accounts("the-client", "" if is_public else "hush-secret", redirect_uri=BACK)
    running = Site(accounts)
    running.start()
    settings.JOYSTICK_SITE_URL = settings.JOYSTICK_API_URL = running.url
    settings.JOYSTICK_CLIENT_ID = "the-client"
    settings.JOYSTICK_CLIENT_SECRET = "" if is_public else "hush-secret"
    yield running
    running.stop()


@pytest.fixture
def install(site: Site, settings: Any, connected: Callable[[], Install]) -> Install:
    """A channel connected with every scope."""
    settings.JOYSTICK_SCOPES = sorted(SCOPES)
    return connected()


@pytest.fixture
def connected(site: Site) -> Callable[[], Install]:
    """Connects the channel as a streamer who allows it."""

    def connect_it() -> Install:
        attempt = oauth.begin(BACK)
        code = site.accounts.allow(query_of(attempt.url))
        return authorize.finish(code, verifier=attempt.verifier, redirect_uri=BACK)

    return connect_it


def query_of(url: str) -> dict[str, str]:
    """The parameters of an address."""
    from urllib.parse import parse_qsl, urlsplit

    return dict(parse_qsl(urlsplit(url).query))

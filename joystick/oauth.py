"""Joystick's OAuth endpoints (developer page, July 2026), through Authlib. Knows HTTP, and no database.

Two kinds of client: confidential (client id and secret, HTTP Basic) and public (PKCE S256, the client id in the form,
a redirect to loopback on any port). Without a JOYSTICK_CLIENT_SECRET we are public.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from django.conf import settings
from django.utils import timezone

TIMEOUT = 15.0
ABSOLUTE = 10**9
"""An `expires_in` above this is a moment (Unix seconds), as Joystick's older pages showed it, and no lifetime."""
TRY_LATER = {"temporarily_unavailable", "server_error", "slow_down"}

T = TypeVar("T")


class Declined(Exception):
    """The platform said no. `str(error)` is its reason."""


class NotSent(Exception):
    """The question never reached the platform: it may be asked again."""


class NoAnswer(Exception):
    """The question went out, and no (sensible) answer came: whether it took effect is unknown."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What the token endpoint gives. `scopes` is "" where it does not tell."""

    access_token: str
    refresh_token: str
    issued_at: datetime
    expires_at: datetime
    scopes: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A consent that was asked for: where the browser goes, and what must come back with it."""

    url: str
    state: str
    verifier: str


def is_configured() -> bool:
    """Is there an application to connect with?"""
    return bool(settings.JOYSTICK_CLIENT_ID)


def begin(redirect_uri: str) -> Attempt:
    """The address of the platform's consent page. PKCE goes along for both kinds of client."""
    verifier = secrets.token_urlsafe(48)
    with _client(redirect_uri=redirect_uri, scope=" ".join(settings.JOYSTICK_SCOPES)) as client:
        url, state = client.create_authorization_url(
            f"{settings.JOYSTICK_SITE_URL}/api/oauth/authorize",
            state=secrets.token_urlsafe(32),
            code_verifier=verifier,
        )
    return Attempt(url, state, verifier)


def exchange(code: str, *, verifier: str, redirect_uri: str) -> Grant:
    """The tokens for a code, which lives 10 minutes and works once. Raises Declined, NotSent, NoAnswer."""
    with _client(redirect_uri=redirect_uri) as client:
        return _grant(_ask(lambda: client.fetch_token(_url("token"), code=code, code_verifier=verifier)))


def refresh(refresh_token: str) -> Grant:
    """A new pair for a refresh token, which works once: a used one revokes everything. Raises like `exchange`."""
    with _client() as client:
        return _grant(_ask(lambda: client.refresh_token(_url("token"), refresh_token=refresh_token)))


def is_live(token: str) -> bool:
    """Does the platform know this token, unused and unexpired? Raises like `exchange`."""
    with _client() as client:
        answer = _ask(lambda: client.introspect_token(_url("introspect"), token=token))
        return bool(_ask(lambda: answer.raise_for_status().json()).get("active") is True)


def revoke(refresh_token: str) -> None:
    """End the installation's tokens. The platform answers 200 whatever it is given. Raises like `exchange`."""
    with _client() as client:
        answer = _ask(lambda: client.revoke_token(_url("revoke"), token=refresh_token))
        _ask(answer.raise_for_status)


def _url(name: str) -> str:
    return f"{settings.JOYSTICK_API_URL}/api/oauth/{name}"


def _client(**options: Any) -> OAuth2Client:
    secret = settings.JOYSTICK_CLIENT_SECRET
    return OAuth2Client(
        client_id=settings.JOYSTICK_CLIENT_ID,
        client_secret=secret or None,
        token_endpoint_auth_method="client_secret_basic" if secret else "none",
        revocation_endpoint_auth_method="client_secret_basic" if secret else "none",
        code_challenge_method="S256",
        timeout=TIMEOUT,
        **options,
    )


def _ask(step: Callable[[], T]) -> T:
    try:
        return step()
    except OAuthError as error:
        if error.error in TRY_LATER:
            raise NotSent(error.error) from None
        raise Declined(": ".join(filter(None, [error.error, error.description]))[:200]) from None
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
        raise NotSent(f"{type(error).__name__}: the platform can't be reached") from None
    except httpx2.HTTPStatusError as error:
        status = error.response.status_code
        if status < 500:
            raise Declined(f"HTTP {status}") from None
        raise NoAnswer(f"HTTP {status}") from None
    except (httpx2.HTTPError, ValueError) as error:
        raise NoAnswer(type(error).__name__) from None


def _grant(token: dict[str, Any]) -> Grant:
    now = timezone.now()
    try:
        seconds = int(token["expires_in"])
        expires_at = datetime.fromtimestamp(seconds, UTC) if seconds > ABSOLUTE else now + timedelta(seconds=seconds)
        return Grant(
            str(token["access_token"]), str(token["refresh_token"]), now, expires_at, str(token.get("scope") or "")
        )
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        raise NoAnswer("an answer without tokens") from None

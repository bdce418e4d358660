"""Joystick's OAuth endpoints (developer page, July 2026), through Authlib. Knows HTTP, and no database.

Two kinds of client: confidential (client id and secret, HTTP Basic) and public (PKCE S256, the client id in the form,
a redirect to loopback on any port). Without a JOYSTICK_CLIENT_SECRET we are public.
"""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from django.utils import timezone

from joystick.settings_table import JoystickSettings

TIMEOUT = 15.0
ABSOLUTE = 10**9
"""An `expires_in` above this is a moment (Unix seconds), as Joystick's older pages showed it, and no lifetime."""
DECLINED = {
    "access_denied",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "unauthorized_client",
    "unsupported_grant_type",
}
"""RFC 6749's words for a no. Joystick documents none; whatever else comes with an error tells us nothing."""
NOT_NOW = {"slow_down", "temporarily_unavailable"}

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
    return bool(JoystickSettings.current().joystick_client_id)


def begin(redirect_uri: str) -> Attempt:
    """The address of the platform's consent page. PKCE goes along for both kinds of client."""
    verifier = secrets.token_urlsafe(48)
    rules = JoystickSettings.current()
    with _client(redirect_uri=redirect_uri, scope=" ".join(rules.joystick_scopes)) as client:
        url, state = client.create_authorization_url(
            f"{rules.joystick_site_url}/api/oauth/authorize",
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
        told = _ask(lambda: answer.raise_for_status().json())
        return isinstance(told, dict) and told.get("active") is True


def revoke(refresh_token: str) -> None:
    """End the installation's tokens. The platform answers 200 whatever it is given. Raises like `exchange`."""
    with _client() as client:
        answer = _ask(lambda: client.revoke_token(_url("revoke"), token=refresh_token))
        _ask(answer.raise_for_status)


def _url(name: str) -> str:
    return f"{JoystickSettings.current().joystick_api_url}/api/oauth/{name}"


@cache
def tls() -> ssl.SSLContext:
    """Return the trusted certificates, for every request to Joystick."""
    # Reading them takes 70 ms of CPU, which httpx2 would spend on each request.
    return httpx2.create_ssl_context()


def _client(**options: Any) -> OAuth2Client:
    rules = JoystickSettings.current()
    secret = rules.joystick_client_secret
    client = OAuth2Client(
        client_id=rules.joystick_client_id,
        client_secret=secret or None,
        token_endpoint_auth_method="client_secret_basic" if secret else "none",
        revocation_endpoint_auth_method="client_secret_basic" if secret else "none",
        code_challenge_method="S256",
        timeout=TIMEOUT,
        verify=tls(),
        **options,
    )
    for answer in ("access_token_response", "refresh_token_response"):
        client.register_compliance_hook(answer, _not_too_often)
    return client


def _not_too_often(answer: httpx2.Response) -> httpx2.Response:
    if answer.status_code == httpx2.codes.TOO_MANY_REQUESTS:
        raise NotSent("HTTP 429: asked too often")
    return answer


def _ask(step: Callable[[], T]) -> T:
    try:
        return step()
    except OAuthError as error:
        word = str(error.error)
        if word in NOT_NOW:
            raise NotSent(word) from None
        if word in DECLINED:
            raise Declined(": ".join(filter(None, [word, str(error.description or "")]))[:200]) from None
        raise NoAnswer(word[:200]) from None
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
        raise NotSent(f"{type(error).__name__}: the platform can't be reached") from None
    except httpx2.HTTPStatusError as error:
        status = error.response.status_code
        if status == httpx2.codes.UNAUTHORIZED:
            raise Declined("invalid_client: HTTP 401") from None
        raise (NotSent if status == httpx2.codes.TOO_MANY_REQUESTS else NoAnswer)(f"HTTP {status}") from None
    except (httpx2.HTTPError, ValueError, TypeError, AttributeError, KeyError) as error:
        # The library reads the answer without asking whether it is an object; whatever it stumbles over is no answer.
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

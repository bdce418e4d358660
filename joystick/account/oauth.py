"""Joystick's OAuth endpoints (developer page, July 2026), through Authlib, without a database.

There are two kinds of client: confidential (client id and secret, HTTP Basic) and public (PKCE S256, the client id in
the form, a redirect to loopback on any port). Without a JOYSTICK_CLIENT_SECRET the bot is a public client.
"""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from django.utils import timezone

from joystick.settings_table import JoystickSettings

if TYPE_CHECKING:
    # Both are imported when they are used. Authlib brings all of JOSE, a tenth of the bot's start.
    import httpx2
    from authlib.integrations.httpx_client import OAuth2Client

# Seconds for a request.
TIMEOUT = 15.0
# A larger `expires_in` is a moment (Unix seconds), as Joystick's older pages showed it, not a lifetime.
MAX_LIFETIME = 10**9
# RFC 6749's error codes for a no. Joystick documents none; any other code leaves the outcome unknown.
REFUSAL_CODES = {
    "access_denied",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "unauthorized_client",
    "unsupported_grant_type",
}
RETRY_CODES = {"slow_down", "temporarily_unavailable"}

T = TypeVar("T")


class Declined(Exception):
    """The platform said no. `str(error)` is its reason."""


class NotSent(Exception):
    """The request had no effect on the platform, and may be repeated."""


class NoAnswer(Exception):
    """The request went out and no sensible answer came: whether it took effect is unknown."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A token pair as the token endpoint gives it. `scopes`: divided by spaces; "" where the answer has none."""

    access_token: str
    refresh_token: str
    issued_at: datetime
    expires_at: datetime
    scopes: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A consent asked for: the page's address, the `state` that must come back, the verifier for the exchange."""

    url: str
    state: str
    verifier: str


def is_configured() -> bool:
    """Return whether there is an application to connect with."""
    return bool(JoystickSettings.current().joystick_client_id)


def begin(redirect_uri: str, *, also: Iterable[str] = ()) -> Attempt:
    """Return a new attempt to get consent, with a state and a verifier of its own. Both kinds of client send PKCE.

    It asks for the scopes of the settings, and for those in `also`.
    """
    verifier = secrets.token_urlsafe(48)
    rules = JoystickSettings.current()
    scopes = dict.fromkeys([*rules.joystick_scopes, *also])
    with _client(redirect_uri=redirect_uri, scope=" ".join(scopes)) as client:
        url, state = client.create_authorization_url(
            f"{rules.joystick_site_url}/api/oauth/authorize",
            state=secrets.token_urlsafe(32),
            code_verifier=verifier,
        )
    return Attempt(url, state, verifier)


def exchange(code: str, *, verifier: str, redirect_uri: str) -> Grant:
    """Return the tokens for a code, which lives 10 minutes and works once. Raises Declined, NotSent or NoAnswer."""
    with _client(redirect_uri=redirect_uri) as client:
        return _grant(_ask(lambda: client.fetch_token(_url("token"), code=code, code_verifier=verifier)))


def refresh(refresh_token: str) -> Grant:
    """Return a new pair for a refresh token. Raises like `exchange`.

    A refresh token works once; presented a second time, it revokes the whole installation.
    """
    with _client() as client:
        return _grant(_ask(lambda: client.refresh_token(_url("token"), refresh_token=refresh_token)))


def is_live(token: str) -> bool:
    """Return whether the platform knows this token as unused and unexpired. Raises like `exchange`."""
    with _client() as client:
        answer = _ask(lambda: client.introspect_token(_url("introspect"), token=token))
        data = _ask(lambda: answer.raise_for_status().json())
        return isinstance(data, dict) and data.get("active") is True


def revoke(refresh_token: str) -> None:
    """End the installation's tokens. The platform answers 200 to any token. Raises like `exchange`."""
    with _client() as client:
        answer = _ask(lambda: client.revoke_token(_url("revoke"), token=refresh_token))
        _ask(answer.raise_for_status)


def _url(name: str) -> str:
    return f"{JoystickSettings.current().joystick_api_url}/api/oauth/{name}"


@cache
def tls() -> ssl.SSLContext:
    """Return the trusted certificates, for every request to Joystick."""
    import httpx2

    # Reading them takes 70 ms of CPU, which httpx2 would spend on each request.
    return httpx2.create_ssl_context()


def _client(**options: Any) -> OAuth2Client:
    from authlib.integrations.httpx_client import OAuth2Client

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
    for hook in ("access_token_response", "refresh_token_response"):
        client.register_compliance_hook(hook, _raise_when_limited)
    return client


def _raise_when_limited(answer: httpx2.Response) -> httpx2.Response:
    # Authlib would read a 429 as a token; it came before the request took effect.
    if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        raise NotSent("HTTP 429: asked too often")
    return answer


def _ask(request: Callable[[], T]) -> T:
    """Return what `request` returns, with every error of the libraries as Declined, NotSent or NoAnswer."""
    import httpx2
    from authlib.integrations.base_client import OAuthError

    try:
        return request()
    except OAuthError as error:
        raise _of_code(str(error.error), str(error.description or "")) from None
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
        raise NotSent(f"{type(error).__name__}: the platform can't be reached") from None
    except httpx2.HTTPStatusError as error:
        raise _of_status(error.response.status_code) from None
    except (httpx2.HTTPError, ValueError, TypeError, AttributeError, KeyError) as error:
        # Authlib reads the answer without checking that it is an object; whatever it stumbles over is no answer.
        raise NoAnswer(type(error).__name__) from None


def _of_code(code: str, description: str) -> Declined | NotSent | NoAnswer:
    if code in RETRY_CODES:
        return NotSent(code)
    if code in REFUSAL_CODES:
        return Declined((f"{code}: {description}" if description else code)[:200])
    return NoAnswer(code[:200])


def _of_status(status: int) -> Declined | NotSent | NoAnswer:
    if status == HTTPStatus.UNAUTHORIZED:
        return Declined("invalid_client: HTTP 401")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return NotSent(f"HTTP {status}")
    return NoAnswer(f"HTTP {status}")


def _grant(token: dict[str, Any]) -> Grant:
    now = timezone.now()
    try:
        seconds = int(token["expires_in"])
        is_moment = seconds > MAX_LIFETIME
        return Grant(
            access_token=str(token["access_token"]),
            refresh_token=str(token["refresh_token"]),
            issued_at=now,
            expires_at=datetime.fromtimestamp(seconds, UTC) if is_moment else now + timedelta(seconds=seconds),
            scopes=str(token.get("scope") or ""),
        )
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        raise NoAnswer("an answer without tokens") from None

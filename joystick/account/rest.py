"""Joystick's REST API v1 (developer page, July 2026): one typed function per call. Each waits for the network.

All raise Failed with the reason; where the scope was not granted, without a request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from joystick.account import oauth, scopes, tokens
from joystick.models import Install
from joystick.settings_table import JoystickSettings
from pixelbot_site.kit.clean import clean_name, clean_text, parse_time
from pixelbot_site.kit.errors import Failed

# Seconds for a request.
TIMEOUT = 10.0
# The most that Joystick puts on a page.
PER_PAGE = 100
# The lists of people, and the scope that each takes.
PEOPLE = {"followers": "followers:read", "subscribers": "subscribers:read", "moderators": "moderators:read"}


@dataclass(frozen=True, slots=True)
class Identity:
    """The channel that a token is for."""

    channel_id: str
    username: str
    live: bool


@dataclass(frozen=True, slots=True)
class StreamState:
    """The channel as it is now. `live_at`: when it went live; None while it is not, or where Joystick does not say."""

    live: bool
    live_at: datetime | None
    title: str
    tags: tuple[str, ...]
    viewers: int


def identity(access_token: str) -> Identity:
    """Return the channel that a token is for. Scope identity:read."""
    data = _send("GET", "/me/identity", access_token)
    channel_id = clean_text(data.get("channel_id"), 100)
    if not channel_id:
        raise Failed("Joystick.tv did not say whose channel it is")
    return Identity(channel_id, clean_name(data.get("username")), data.get("live") is True)


def stream(install: Install) -> StreamState:
    """Return whether the channel is live, with its title, tags and viewers. Scope stream:read."""
    return _stream_state(_call(install, "GET", "/me/stream", scope="stream:read"))


def update_stream(
    install: Install, *, title: str | None = None, tags: Sequence[str] | None = None, welcome: str | None = None
) -> StreamState:
    """Change title, tags, or the chat's welcome message; None leaves each as it is. Scope stream:manage."""
    changes = {"stream_title": title, "tags": None if tags is None else list(tags), "chat_welcome_message": welcome}
    body = {key: value for key, value in changes.items() if value is not None}
    return _stream_state(_call(install, "PUT", "/me/stream", scope="stream:manage", json=body))


def usernames(install: Install, people: str, page: Any = 1) -> tuple[list[str], Any]:
    """Return a page of usernames, and which page is next, None after the last. `people` are one of PEOPLE."""
    data = _call(install, "GET", f"/{people}", scope=PEOPLE[people], params={"page": page, "per_page": PER_PAGE})
    items, pagination = data.get("items"), data.get("pagination")
    if not isinstance(items, list):  # nothing to be taken for an empty list: names would be deleted by it
        raise Failed(f"Joystick.tv answered GET /{people} without a list")
    rows = [item for item in items if isinstance(item, dict)]
    names = [name for name in (clean_name(row.get("username")) for row in rows) if name]
    return names, pagination.get("next_page") or None if isinstance(pagination, dict) else None


def banned_words(install: Install) -> list[str]:
    """Return the words that the platform keeps out of chat. Scope stream:manage."""
    words = _call(install, "GET", "/banned-words", scope="stream:manage").get("banned_words")
    return [clean_text(word) for word in words if isinstance(word, str)] if isinstance(words, list) else []


def ban_word(install: Install, word: str) -> None:
    """Add a banned word. Scope stream:manage."""
    _call(install, "POST", "/banned-words", scope="stream:manage", json={"word": word})


def allow_word(install: Install, word: str) -> None:
    """Remove a banned word. Scope stream:manage."""
    _call(install, "DELETE", "/banned-words", scope="stream:manage", json={"word": word})


def _stream_state(data: dict[str, Any]) -> StreamState:
    tags, viewers = data.get("tags"), data.get("view_count")
    return StreamState(
        live=data.get("live") is True,
        live_at=parse_time(data.get("live_at")),
        title=clean_text(data.get("stream_title")),
        tags=tuple(clean_text(tag, 100) for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
        viewers=viewers if isinstance(viewers, int) else 0,
    )


def _call(install: Install, method: str, path: str, *, scope: str, **options: Any) -> dict[str, Any]:
    scopes.require(install, scope)
    try:
        return _send(method, path, tokens.access_token(install), **options)
    except _Unauthorized:
        # Revoked or expired before its time: once more with a new token, then the error stands.
        tokens.renew(install)
        return _send(method, path, tokens.access_token(install), **options)


class _Unauthorized(Failed):
    pass


def _send(method: str, path: str, access_token: str, **options: Any) -> dict[str, Any]:
    import httpx2  # when it is used, as in `oauth`

    url = f"{JoystickSettings.current().joystick_api_url}/api/v1{path}"
    headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}
    try:
        response = httpx2.request(method, url, headers=headers, timeout=TIMEOUT, verify=oauth.tls(), **options)
    except httpx2.HTTPError as error:
        raise Failed(f"Joystick.tv did not answer {method} {path} ({type(error).__name__})") from None
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        raise _Unauthorized(f"Joystick.tv does not accept the token for {method} {path}")
    if response.is_error:
        raise Failed(f"Joystick.tv refused {method} {path}: HTTP {response.status_code} {response.text[:200]}".strip())
    try:
        data = response.json() if response.content else {}
    except ValueError:
        raise Failed(f"Joystick.tv answered {method} {path} with something that is not JSON") from None
    return data if isinstance(data, dict) else {}

"""Joystick's REST API v1 (developer page, July 2026), one typed function for each call. Each waits for the network.

All raise Failed with a sentence: for a scope that was not granted, before anything is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx2

from joystick.account import oauth, scopes, tokens
from joystick.models import Install
from joystick.protocol.envelope import clean_text, parse_time
from joystick.settings_table import JoystickSettings
from pixelbot_site.kit.errors import Failed

TIMEOUT = 10.0
PER_PAGE = 100
MAX_PAGES = 1000


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose channel a token is for."""

    channel_id: str
    username: str
    live: bool


@dataclass(frozen=True, slots=True)
class StreamState:
    """The channel as it is now. `live_at`: since when, where it is live and the platform tells."""

    live: bool
    live_at: datetime | None
    title: str
    tags: tuple[str, ...]
    viewers: int


def identity(access_token: str) -> Identity:
    """Whose token this is. Scope identity:read."""
    data = _send("GET", "/me/identity", access_token)
    channel_id = clean_text(data.get("channel_id"), 100)
    if not channel_id:
        raise Failed("Joystick.tv did not say whose channel it is.")
    return Identity(channel_id, clean_text(data.get("username"), 100), data.get("live") is True)


def stream(install: Install) -> StreamState:
    """Is the channel live, and with what title and tags? Scope stream:read."""
    return _stream_state(_call(install, "GET", "/me/stream", scope="stream:read"))


def update_stream(
    install: Install, *, title: str | None = None, tags: Sequence[str] | None = None, welcome: str | None = None
) -> StreamState:
    """Change title, tags, or the chat's welcome message; None leaves one as it is. Scope stream:manage."""
    wanted = {"stream_title": title, "tags": None if tags is None else list(tags), "chat_welcome_message": welcome}
    body = {key: value for key, value in wanted.items() if value is not None}
    return _stream_state(_call(install, "PUT", "/me/stream", scope="stream:manage", json=body))


def followers(install: Install) -> Iterator[str]:
    """The usernames of all followers, page by page. Scope followers:read."""
    return _usernames(install, "/followers", "followers:read")


def subscribers(install: Install) -> Iterator[str]:
    """The usernames of all subscribers. Scope subscribers:read."""
    return _usernames(install, "/subscribers", "subscribers:read")


def moderators(install: Install) -> Iterator[str]:
    """The usernames of all moderators. Scope moderators:read."""
    return _usernames(install, "/moderators", "moderators:read")


def banned_words(install: Install) -> list[str]:
    """The words that the platform keeps out of chat. Scope stream:manage."""
    words = _call(install, "GET", "/banned-words", scope="stream:manage").get("banned_words")
    return [clean_text(word) for word in words if isinstance(word, str)] if isinstance(words, list) else []


def ban_word(install: Install, word: str) -> None:
    """Add a banned word. Scope stream:manage."""
    _call(install, "POST", "/banned-words", scope="stream:manage", json={"word": word})


def allow_word(install: Install, word: str) -> None:
    """Take a banned word off the list. Scope stream:manage."""
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


def _usernames(install: Install, path: str, scope: str) -> Iterator[str]:
    page: Any = 1
    for _ in range(MAX_PAGES):
        answer = _call(install, "GET", path, scope=scope, params={"page": page, "per_page": PER_PAGE})
        items = answer.get("items")
        for item in items if isinstance(items, list) else []:
            name = clean_text(item.get("username"), 100) if isinstance(item, dict) else ""
            if name:
                yield name
        pagination = answer.get("pagination")
        page = pagination.get("next_page") if isinstance(pagination, dict) else None
        if not page:
            return


def _call(install: Install, method: str, path: str, *, scope: str, **options: Any) -> dict[str, Any]:
    scopes.check(install, scope)
    try:
        return _send(method, path, tokens.access_token(install), **options)
    except _Unauthorized:
        tokens.renew(install)
        return _send(method, path, tokens.access_token(install), **options)


class _Unauthorized(Failed):
    pass


def _send(method: str, path: str, access_token: str, **options: Any) -> dict[str, Any]:
    url = f"{JoystickSettings.current().joystick_api_url}/api/v1{path}"
    headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}
    try:
        answer = httpx2.request(method, url, headers=headers, timeout=TIMEOUT, verify=oauth.tls(), **options)
    except httpx2.HTTPError as error:
        raise Failed(f"Joystick.tv did not answer {method} {path} ({type(error).__name__}).") from None
    if answer.status_code == httpx2.codes.UNAUTHORIZED:
        raise _Unauthorized(f"Joystick.tv does not accept the token for {method} {path}.")
    if answer.is_error:
        raise Failed(f"Joystick.tv refused {method} {path}: HTTP {answer.status_code} {answer.text[:200]}".strip())
    try:
        data = answer.json() if answer.content else {}
    except ValueError:
        raise Failed(f"Joystick.tv answered {method} {path} with something that is no JSON.") from None
    return data if isinstance(data, dict) else {}

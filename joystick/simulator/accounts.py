"""The platform's OAuth, as its developer page of July 2026 documents it: codes, tokens, rotation, revocation.

What the page leaves open (status codes, error bodies) follows RFC 6749. Thread-safe.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

CODE_LIFE = 600.0
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class OAuthRefusal(Exception):
    """An OAuth error; `str` is its code, as `invalid_grant`."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.status = status


@dataclass(slots=True)
class Code:
    """An authorization code and what it is bound to."""

    redirect_uri: str
    challenge: str
    scope: str
    expires_at: float
    used: bool = False


@dataclass(slots=True)
class Installation:
    """The bot on one channel: the access tokens given out (token → expiry), the refresh token that is good now."""

    id: str
    scope: str
    access: dict[str, float] = field(default_factory=dict)
    refresh: str = ""
    used: set[str] = field(default_factory=set)
    revoked: bool = False


class Accounts:
    """One application and the installations of it. Without a `client_secret` the application is a public client."""

    def __init__(
        self,
        client_id: str = "sim-client",
        client_secret: str = "",
        *,
        redirect_uri: str = "",
        username: str = "HarbourFox",
    ) -> None:
        self.client_id, self.client_secret = client_id, client_secret
        self.redirect_uri = redirect_uri
        self.username = username
        self.access_life = 864_000 if client_secret else 14_400
        self.absolute_expiry = False
        """Tell the expiry as a moment, as the platform's older page showed it."""
        self.lose_answers = 0
        """So many token answers get lost on the way, after they took effect."""
        self.refreshes = 0
        self._codes: dict[str, Code] = {}
        self._installations: list[Installation] = []
        self._lock = threading.Lock()

    # --- consent ---------------------------------------------------------------------------------------------------

    def check_request(self, query: Mapping[str, str]) -> None:
        """Raise OAuthRefusal where the consent page can't be shown for this request."""
        if query.get("response_type") != "code" or query.get("client_id") != self.client_id:
            raise OAuthRefusal("invalid_request")
        if not self._may_return_to(query.get("redirect_uri", "")):
            raise OAuthRefusal("invalid_redirect_uri")
        if not self.client_secret and (
            len(query.get("code_challenge", "")) != 43 or query.get("code_challenge_method") != "S256"
        ):
            raise OAuthRefusal("invalid_request")

    def allow(self, query: Mapping[str, str]) -> str:
        """The streamer allows it: a code, good for 10 minutes and one use."""
        self.check_request(query)
        code = secrets.token_urlsafe(16)
        with self._lock:
            self._codes[code] = Code(
                query.get("redirect_uri", ""),
                query.get("code_challenge", ""),
                query.get("scope", ""),
                time.time() + CODE_LIFE,
            )
        return code

    def _may_return_to(self, uri: str) -> bool:
        if self.client_secret:
            return uri == self.redirect_uri or not self.redirect_uri
        parts = urlsplit(uri)
        return uri == self.redirect_uri or (parts.scheme == "http" and parts.hostname in LOOPBACK)

    # --- tokens ----------------------------------------------------------------------------------------------------

    def token(self, form: Mapping[str, str], authorization: str) -> dict[str, Any]:
        """The token endpoint. Raises OAuthRefusal."""
        self._authenticate(form, authorization)
        with self._lock:
            match form.get("grant_type"):
                case "authorization_code":
                    return self._redeem(form)
                case "refresh_token":
                    return self._rotate(form.get("refresh_token", ""))
                case _:
                    raise OAuthRefusal("unsupported_grant_type")

    def introspect(self, form: Mapping[str, str], authorization: str) -> dict[str, Any]:
        """Is the token good now?"""
        self._authenticate(form, authorization)
        token = form.get("token", "")
        with self._lock:
            for installation in self._installations:
                expires_at = installation.access.get(token)
                is_live = token == installation.refresh or (expires_at is not None and expires_at > time.time())
                if is_live and not installation.revoked:
                    return {
                        "active": True,
                        "client_id": self.client_id,
                        "username": self.username,
                        "exp": int(expires_at or time.time() + 86_400),
                        "sub": installation.id,
                        "token_type": "Bearer",
                    }
        return {"active": False}

    def revoke(self, form: Mapping[str, str], authorization: str) -> None:
        """Always fine; a refresh token ends the whole installation."""
        self._authenticate(form, authorization)
        with self._lock:
            for installation in self._installations:
                if form.get("token") == installation.refresh:
                    installation.revoked = True

    def scope_of(self, access_token: str) -> str | None:
        """The scopes of a good access token; None for any other."""
        with self._lock:
            for installation in self._installations:
                expires_at = installation.access.get(access_token)
                if expires_at is not None and expires_at > time.time() and not installation.revoked:
                    return installation.scope
        return None

    def lets_in(self, token: str) -> bool:
        """May this token open the gateway's socket: an access token, or a confidential client's basic key."""
        key = b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        return self.scope_of(token) is not None or (bool(self.client_secret) and token == key)

    def expire_access_tokens(self) -> None:
        """As if their time were over."""
        with self._lock:
            for installation in self._installations:
                installation.access = dict.fromkeys(installation.access, 0.0)

    def revoke_all(self) -> None:
        """As if the streamer had removed the bot."""
        with self._lock:
            for installation in self._installations:
                installation.revoked = True

    def _authenticate(self, form: Mapping[str, str], authorization: str) -> None:
        if self.client_secret:
            key = b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
            if authorization != f"Basic {key}":
                raise OAuthRefusal("invalid_client", 401)
        elif form.get("client_id") != self.client_id:
            raise OAuthRefusal("invalid_client", 401)

    def _redeem(self, form: Mapping[str, str]) -> dict[str, Any]:
        code = self._codes.get(form.get("code", ""))
        if code is None or code.used or code.expires_at < time.time():
            raise OAuthRefusal("invalid_grant")
        code.used = True
        if code.redirect_uri != form.get("redirect_uri", ""):
            raise OAuthRefusal("invalid_grant")
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if code.challenge and code.challenge != urlsafe_b64encode(digest).rstrip(b"=").decode():
            raise OAuthRefusal("invalid_grant")
        installation = Installation(secrets.token_hex(8), code.scope)
        self._installations.append(installation)
        return self._issue(installation)

    def _rotate(self, refresh_token: str) -> dict[str, Any]:
        for installation in self._installations:
            if refresh_token in installation.used:
                installation.revoked = True  # a used one again: everything of this installation ends
            if refresh_token and refresh_token == installation.refresh and not installation.revoked:
                self.refreshes += 1
                installation.used.add(refresh_token)
                return self._issue(installation)
        raise OAuthRefusal("invalid_grant")

    def _issue(self, installation: Installation) -> dict[str, Any]:
        expires_at = time.time() + self.access_life
        access = self._jwt(installation, expires_at)
        installation.access[access] = expires_at
        installation.refresh = secrets.token_urlsafe(24)
        return {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": int(expires_at) if self.absolute_expiry else self.access_life,
            "refresh_token": installation.refresh,
        }

    def _jwt(self, installation: Installation, expires_at: float) -> str:
        def part(value: object) -> str:
            return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

        claims = {"sub": installation.id, "exp": int(expires_at), "jti": secrets.token_hex(4)}
        return f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(claims)}.{secrets.token_urlsafe(32)}"

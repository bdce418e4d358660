"""Slows guessing of passwords, API tokens and invitations. The counts are in the cache: a restart forgets them."""

from __future__ import annotations

import hashlib
import logging
import time
from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest

log = logging.getLogger("login")

# Wrong passwords for one name, or from one address, before the next try must wait.
MAX_FREE_TRIES = 5
FIRST_WAIT = 15  # seconds; doubled by each further wrong password
MAX_WAIT = 900  # seconds
COUNTED_FOR = 3600  # seconds after the last try
MAX_WRONG_TOKENS = 20  # of each kind, from one address in WRONG_TOKENS_WITHIN seconds
WRONG_TOKENS_WITHIN = 60


class LoginForm(AdminAuthenticationForm):
    """The dashboard's login. A try counts before its password is looked at, so that tries at once count as well."""

    def clean(self) -> dict[str, Any]:
        """Return the cleaned data; ValidationError for a wrong password, and for any password while a wait runs."""
        address = address_of(self.request)
        keys = [_key("name", self.cleaned_data.get("username", "")), _key("address", address)]
        left = max(_seconds_left(key) for key in keys)
        if not left:
            # The shorter waits are taken as well: nobody gets another try by changing the name.
            left = max(_seconds_to_wait(key) for key in keys)
        if left:
            raise ValidationError(f"Too many wrong passwords. Try again in {left} s.", code="too_many")
        try:
            cleaned = super().clean()
        except ValidationError:
            count = max(cache.get(f"{key}:count", 0) for key in keys)
            log.warning("a wrong password from %s (%d in a row)", address, count)
            raise
        cache.delete_many([f"{key}:{part}" for key in keys for part in ("count", "until")])
        return cleaned or {}


def address_of(request: HttpRequest | None) -> str:
    """Return the address at the other end of the connection, or that which a web server in front says.

    Daphne takes the latter where it is told to, by `--proxy-headers`: elsewhere, such headers can be made up.
    """
    return "" if request is None else str(request.META.get("REMOTE_ADDR", ""))


def is_throttled(request: HttpRequest, kind: str = "API token") -> bool:
    """Count a wrong token of a kind; return whether its sender has sent too many."""
    address = address_of(request)
    key = _key(kind.replace(" ", "-"), address)
    count = _counted(key, WRONG_TOKENS_WITHIN, renew=False)
    if count == MAX_WRONG_TOKENS + 1:
        log.warning("more than %d wrong %ss in a minute from %s", MAX_WRONG_TOKENS, kind, address)
    return count > MAX_WRONG_TOKENS


def _key(kind: str, text: str) -> str:
    return f"guess:{kind}:{hashlib.sha256(text.casefold().encode()).hexdigest()}"


def _seconds_left(key: str) -> int:
    until: float = cache.get(f"{key}:until", 0.0)
    return max(0, int(until - time.time() + 0.999))


def _seconds_to_wait(key: str) -> int:
    """Count a try; return 0 where it may be made now."""
    count = _counted(key, COUNTED_FOR)
    if count < MAX_FREE_TRIES:
        return 0
    wait = min(MAX_WAIT, FIRST_WAIT * 2 ** min(count - MAX_FREE_TRIES, 10))
    # `add` lets one of several tries at once through.
    if cache.add(f"{key}:until", time.time() + wait, timeout=wait):
        return 0
    return max(1, _seconds_left(key))


def _counted(key: str, seconds: int, *, renew: bool = True) -> int:
    name = f"{key}:count"
    cache.add(name, 0, timeout=seconds)
    try:
        count = cache.incr(name)
    except ValueError:  # it ended in between
        return 1
    if renew:
        cache.touch(name, seconds)
    return count
